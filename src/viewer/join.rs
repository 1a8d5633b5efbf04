//! JOIN: the first message of a data socket, and the answer to it.

use crate::protocol::wsp;

/// The JOIN of a data socket.
#[derive(Debug, PartialEq, Eq)]
pub struct Join<'a> {
    /// The channel id of the session to join.
    pub channel: &'a str,
    /// The WSP sequence number, if there is one.
    pub seq: Option<&'a str>,
    /// Whether the viewer takes several whole frames in one message.
    pub batch: bool,
}

impl<'a> Join<'a> {
    /// Reads the first message of a data socket.
    ///
    /// # Errors
    /// The text of the reply to send before the socket is closed.
    pub fn parse(text: &'a str) -> Result<Join<'a>, String> {
        let request = wsp::parse_request(text)
            .map_err(|malformed| join_reply(400, malformed.reason, malformed.seq, false))?;
        let seq = request.seq();
        if request.command != "JOIN" {
            return Err(join_reply(
                405,
                "a data socket begins with JOIN",
                seq,
                false,
            ));
        }
        match request.header("channel") {
            Some(channel) if !channel.is_empty() => Ok(Join {
                channel,
                seq,
                batch: request.header("batch") == Some("1"),
            }),
            _ => Err(join_reply(400, "JOIN names no channel", seq, false)),
        }
    }
}

/// The reply to a JOIN.
pub fn join_reply(code: u16, reason: &str, seq: Option<&str>, batch: bool) -> String {
    let mut headers: Vec<(&str, &str)> = seq.map(|seq| ("seq", seq)).into_iter().collect();
    if batch {
        headers.push(("batch", "1"));
    }
    wsp::reply(code, reason, &headers, "")
}
