//! WSP/1.1, the text messages that carry RTSP through a WebSocket.
//!
//! A message is a start line, header lines, an empty line and a payload. The
//! parsers borrow everything from the message and allocate nothing; they take
//! LF as well as CRLF and header names in any case, because deployed clients
//! send both. The writers produce only what every deployed client reads: CRLF,
//! a reason in every reply, and no line end inside a value.

use crate::rtsp::text;

/// Header lines that one message may have; more is malformed.
pub const MAX_HEADERS: usize = 32;

/// The longest sequence number that is echoed, in bytes.
pub const MAX_SEQ: usize = 32;

/// A message that cannot be read, and what a reply to it must contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed<'a> {
    /// The `seq` header, if the message had a readable one.
    pub seq: Option<&'a str>,
    /// What is wrong, as the reason of a `400` reply.
    pub reason: &'static str,
}

/// A request: `WSP/1.1 COMMAND`, headers, payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The command as sent: `INIT`, `JOIN`, `WRAP`, `GET_INFO`, …
    pub command: &'a str,
    /// Everything after the empty line. The header `contentLength` is ignored, because
    /// clients count UTF-16 units in it.
    pub payload: &'a str,
    head: Head<'a>,
}

impl<'a> Request<'a> {
    /// The first header of this name (any case), trimmed; it may be empty.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.head.find(name)
    }

    /// The sender's number for this request, which the reply repeats. `None` if it is
    /// longer than [`MAX_SEQ`].
    pub fn seq(&self) -> Option<&'a str> {
        self.header("seq").filter(|seq| seq.len() <= MAX_SEQ)
    }
}

/// A reply: `WSP/1.1 CODE REASON`, headers, payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply<'a> {
    /// 100 to 999; 300 and above are errors.
    pub code: u16,
    /// The rest of the start line, possibly empty.
    pub reason: &'a str,
    /// Everything after the empty line.
    pub payload: &'a str,
    head: Head<'a>,
}

impl<'a> Reply<'a> {
    /// The first header of this name (any case), trimmed; it may be empty.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.head.find(name)
    }

    /// The number of the request that this answers.
    pub fn seq(&self) -> Option<&'a str> {
        self.header("seq")
    }
}

/// Reads a request.
///
/// A message that ends before its empty line is taken as having no payload.
///
/// # Errors
/// [`Malformed`] for anything but `WSP/1.x COMMAND`, for a header line without a colon
/// and for more than [`MAX_HEADERS`] of them.
pub fn parse_request(text: &str) -> Result<Request<'_>, Malformed<'_>> {
    let (start, head, payload) = split(text);
    let malformed = |reason| Malformed {
        seq: head.find("seq"),
        reason,
    };
    let command = after_version(start).ok_or_else(|| malformed("not a WSP/1.1 message"))?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if command.is_empty() || !command.bytes().all(plain) {
        return Err(malformed("no WSP command in the first line"));
    }
    head.check().map_err(malformed)?;
    Ok(Request {
        command,
        payload,
        head,
    })
}

/// Reads a reply. A missing reason is read as an empty one; header lines without a
/// colon, and those after the first [`MAX_HEADERS`], are ignored.
///
/// `None` for anything but `WSP/1.x CODE …`: a client has nobody to report an error to.
pub fn parse_reply(text: &str) -> Option<Reply<'_>> {
    let (start, head, payload) = split(text);
    let rest = after_version(start)?;
    let (digits, reason) = text::pair(rest, b" \t");
    match text::small_number(digits) {
        Some(code @ 100..=999) if digits.len() == 3 => Some(Reply {
            code,
            reason,
            payload,
            head,
        }),
        _ => None,
    }
}

/// Writes a request. Only the given headers are written: `seq` must be one of them.
pub fn request(command: &str, headers: &[(&str, &str)], payload: &str) -> String {
    write(&["WSP/1.1 ", command], headers, payload)
}

/// Writes a reply. Only the given headers are written: `seq` must be one of them.
///
/// Deployed clients insist on a reason, read header names in lower case only, and cut a
/// value at its first colon.
pub fn reply(code: u16, reason: &str, headers: &[(&str, &str)], payload: &str) -> String {
    let reason = match reason.trim_ascii() {
        "" if code < 300 => "OK",
        "" => "Error",
        reason => reason,
    };
    let start = ["WSP/1.1 ", &text::decimal(code.into()), " ", reason];
    write(&start, headers, payload)
}

fn write(start: &[&str], headers: &[(&str, &str)], payload: &str) -> String {
    let mut message = Vec::with_capacity(payload.len().saturating_add(128));
    text::push_line(&mut message, start);
    for (name, value) in headers {
        text::push_line(&mut message, &[name, ": ", value]);
    }
    text::push_line(&mut message, &[]);
    message.extend_from_slice(payload.as_bytes());
    // The message is put together from strings, so this never fails.
    text::utf8(&message).unwrap_or_default().to_owned()
}

/// The header lines of a message, which are searched without being parsed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head<'a>(&'a str);

impl<'a> Head<'a> {
    fn lines(self) -> text::Split<'a> {
        text::split(self.0.strip_suffix('\n').unwrap_or(self.0), b"\n")
    }

    fn find(self, name: &str) -> Option<&'a str> {
        self.lines().take(MAX_HEADERS).find_map(|line| {
            let (key, value) = text::pair(line, b":");
            let named = key.eq_ignore_ascii_case(name);
            (named && text::has(line.as_bytes(), b':')).then_some(value)
        })
    }

    fn check(self) -> Result<(), &'static str> {
        if self.lines().nth(MAX_HEADERS).is_some() {
            return Err("too many header lines");
        }
        let mut lines = self.lines();
        match self.0.is_empty() || lines.all(|line| text::has(line.as_bytes(), b':')) {
            true => Ok(()),
            false => Err("a header line without a colon"),
        }
    }
}

/// Splits a message into start line, header lines and payload.
fn split(text: &str) -> (&str, Head<'_>, &str) {
    let (start, rest) = text::cut(text, b"\n").unwrap_or((text, ""));
    let mut left = rest;
    loop {
        let (line, after) = text::cut(left, b"\n").unwrap_or((left, ""));
        if line.bytes().all(|byte| byte == b'\r') {
            let head = rest.get(..rest.len() - left.len()).unwrap_or_default();
            return (start, Head(head), after);
        }
        left = after;
    }
}

fn after_version(start: &str) -> Option<&str> {
    let (version, rest) = text::cut(start, b" \t")?;
    let minor = version.strip_prefix("WSP/1.")?;
    let digits = !minor.is_empty() && minor.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| rest.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_players_send() {
        let text = "WSP/1.1 INIT\r\nproto: rtsp\r\nhost: 10.0.0.1\r\nport: 554\r\nclient: \r\nseq: 1\r\n\r\n";
        let request = parse_request(text).unwrap();
        assert_eq!((request.command, request.payload), ("INIT", ""));
        assert_eq!(request.header("HOST"), Some("10.0.0.1"));
        assert_eq!(request.header("client"), Some(""));
        assert_eq!(request.header("restreamer"), None);
        assert_eq!(request.seq(), Some("1"));
    }

    #[test]
    fn payload_keeps_its_own_empty_lines() {
        let payload = "OPTIONS rtsp://10.0.0.1/h264 RTSP/1.0\r\nCSeq: 1\r\n\r\n";
        let text = request("WRAP", &[("contentLength", "9999"), ("seq", "3")], payload);
        let request = parse_request(&text).unwrap();
        assert_eq!(
            (request.command, request.payload, request.seq()),
            ("WRAP", payload, Some("3"))
        );
    }

    #[test]
    fn line_feeds_alone_and_odd_case_are_fine() {
        let text = "WSP/1.1 SUBSCRIBE\nAuthorization: c2VjcmV0\nSEQ : 1\n\n";
        let request = parse_request(text).unwrap();
        assert_eq!(request.header("authorization"), Some("c2VjcmV0"));
        assert_eq!(request.seq(), Some("1"));
        assert_eq!(
            parse_request("WSP/1.1 KEEPALIVE").unwrap().command,
            "KEEPALIVE"
        );
    }

    #[test]
    fn malformed_messages_still_give_their_seq() {
        let cases = [
            "HTTP/1.1 GET\r\nseq: 7\r\n\r\n",
            "WSP/1.1 \r\nseq: 7\r\n\r\n",
            "WSP/1.1 IN IT\r\nseq: 7\r\n\r\n",
            "WSP/1.1 INIT\r\nseq: 7\r\nnonsense\r\n\r\n",
        ];
        for text in cases {
            assert_eq!(parse_request(text).unwrap_err().seq, Some("7"), "{text:?}");
        }
        assert_eq!(parse_request("").unwrap_err().seq, None);
        let many = format!("WSP/1.1 INIT\r\nseq: 7\r\n{}\r\n", "a: b\r\n".repeat(32));
        assert_eq!(
            parse_request(&many).unwrap_err().reason,
            "too many header lines"
        );
    }

    #[test]
    fn replies_round_trip() {
        let text = reply(200, "OK", &[("seq", "4"), ("channel", "a b")], "RTSP/1.0");
        assert_eq!(
            text,
            "WSP/1.1 200 OK\r\nseq: 4\r\nchannel: a b\r\n\r\nRTSP/1.0"
        );
        let reply = parse_reply(&text).unwrap();
        assert_eq!(
            (reply.code, reply.reason, reply.payload),
            (200, "OK", "RTSP/1.0")
        );
        assert_eq!(
            (reply.seq(), reply.header("Channel")),
            (Some("4"), Some("a b"))
        );
        assert_eq!(parse_reply("WSP/1.1 504\r\n\r\n").unwrap().reason, "");
        for bad in [
            "WSP/1.1 20 OK\r\n",
            "WSP/1.1 2000 OK\r\n",
            "WSP/1.1 +20 OK\r\n",
        ] {
            assert!(parse_reply(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn a_value_cannot_begin_a_line() {
        let text = reply(502, "a\r\nb", &[("seq", "1\r\nchannel: x\u{0}")], "");
        assert_eq!(text, "WSP/1.1 502 a  b\r\nseq: 1  channel: x \r\n\r\n");
        assert!(reply(400, "", &[], "").starts_with("WSP/1.1 400 Error\r\n"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(WSP/1\\.1 )?[ -~\r\n\u{e9}]{0,200}") {
            let _ = (parse_request(&text), parse_reply(&text));
        }

        #[test]
        fn written_requests_read_back(
            command in "[A-Z_]{1,12}", value in "[!-~]{0,20}", payload in "(?s).{0,80}",
        ) {
            let text = request(&command, &[("name", &value)], &payload);
            let read = parse_request(&text).unwrap();
            prop_assert_eq!(read.command, command);
            prop_assert_eq!(read.header("NAME"), Some(value.as_str()));
            prop_assert_eq!(read.payload, payload);
        }

        #[test]
        fn written_values_stay_one_line(reason in "(?s).{0,40}", value in "(?s).{0,40}") {
            let text = reply(500, &reason, &[("seq", &value)], "");
            prop_assert_eq!(text.lines().count(), 3);
            prop_assert!(parse_reply(&text).is_some());
        }
    }
}
