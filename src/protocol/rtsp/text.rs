//! Base64, hexadecimal and decimal numbers, as RTSP and SDP use them, and functions to
//! split and join strings. (Those of the standard library are generic over the pattern;
//! each instance of one is as large in the wasm as this whole file.)
//!
//! Decoding accepts what sloppy cameras write (missing padding, the URL alphabet,
//! spaces) and refuses everything else. No result is larger than its input warrants.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Decodes base64 (RFC 4648 §4) and its URL alphabet (§5).
///
/// Padding may be missing, and white space is skipped. `None` if there is any other
/// character, data after the padding, or a last character that completes no byte.
pub fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut bits, mut count, mut padded) = (0u32, 0u32, false);
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        if byte == b'=' {
            padded = true;
            continue;
        }
        if padded {
            return None;
        }
        bits = bits << 6 | sextet(byte)?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    // Six bits are left over if the last character completes no byte.
    (count < 6).then_some(bytes)
}

fn sextet(byte: u8) -> Option<u32> {
    Some(match byte {
        b'A'..=b'Z' => u32::from(byte - b'A'),
        b'a'..=b'z' => u32::from(byte - b'a') + 26,
        b'0'..=b'9' => u32::from(byte - b'0') + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

/// Encodes base64 (RFC 4648 §4) with padding.
pub fn to_base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3).saturating_mul(4));
    for chunk in bytes.chunks(3) {
        let at = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            let sextet = (bits >> (18 - 6 * place)) as usize & 63;
            let letter = ALPHABET.get(sextet).copied().unwrap_or(b'=');
            let beyond = place > chunk.len();
            push_ascii(&mut text, if beyond { b'=' } else { letter });
        }
    }
    text
}

/// Decodes hexadecimal digits of either case (`config=1190`).
///
/// `None` for any other character and for an odd number of digits.
pub fn hex(text: &str) -> Option<Vec<u8>> {
    let nibble = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let mut bytes = Vec::new();
    for pair in text.trim_ascii().as_bytes().chunks(2) {
        let [high, low] = pair else { return None };
        bytes.push(nibble(*high)? << 4 | nibble(*low)?);
    }
    Some(bytes)
}

/// Encodes as lower case hexadecimal digits.
pub fn to_hex(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            push_ascii(
                &mut digits,
                *DIGITS.get(usize::from(nibble)).unwrap_or(&b'0'),
            );
        }
    }
    digits
}

/// Appends a character that is known to be ASCII.
#[inline(never)]
pub fn push_ascii(text: &mut String, byte: u8) {
    text.push(char::from(byte & 0x7f));
}

/// Reads a number that consists of decimal digits only.
#[inline(never)]
pub fn number(digits: &str) -> Option<u32> {
    let mut number = None;
    for byte in digits.bytes() {
        let digit = char::from(byte).to_digit(10)?;
        number = Some(
            number
                .unwrap_or(0_u32)
                .checked_mul(10)?
                .checked_add(digit)?,
        );
    }
    number
}

/// Reads a number that fits into `T`.
pub fn small_number<T: TryFrom<u32>>(digits: &str) -> Option<T> {
    number(digits)?.try_into().ok()
}

/// Writes a number in decimal digits.
#[inline(never)]
pub fn decimal(mut number: u32) -> String {
    let mut text = String::new();
    loop {
        text.insert(0, char::from_digit(number % 10, 10).unwrap_or('0'));
        number /= 10;
        if number == 0 {
            return text;
        }
    }
}

/// Appends a line made of the parts. Control characters become spaces, so that no part
/// can begin a line of its own.
#[inline(never)]
pub fn push_line(message: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        let clean = |byte: u8| if byte.is_ascii_control() { b' ' } else { byte };
        message.extend(part.bytes().map(clean));
    }
    message.extend_from_slice(b"\r\n");
}

/// The position of the first of the `separators`, which are ASCII; the end of the text
/// if there is none.
#[inline(never)]
pub fn until(text: &str, separators: &[u8]) -> usize {
    let mut bytes = text.bytes();
    let at = bytes.position(|byte| has(separators, byte));
    at.unwrap_or(text.len())
}

/// The parts before and after the first of the `separators`, which are ASCII.
#[inline(never)]
pub fn cut<'a>(text: &'a str, separators: &[u8]) -> Option<(&'a str, &'a str)> {
    let at = until(text, separators);
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// Like [`cut`], with both parts trimmed; the second part is empty if there is no
/// separator.
#[inline(never)]
pub fn pair<'a>(text: &'a str, separators: &[u8]) -> (&'a str, &'a str) {
    let (name, value) = cut(text, separators).unwrap_or((text, ""));
    (name.trim_ascii(), value.trim_ascii())
}

/// The parts before and after the last of the `separators`, which are ASCII.
#[inline(never)]
pub fn cut_last<'a>(text: &'a str, separators: &[u8]) -> Option<(&'a str, &'a str)> {
    let at = text.bytes().rposition(|byte| has(separators, byte))?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// The text without any `margin`, which is ASCII, at its end.
#[inline(never)]
pub fn trim_end(mut text: &str, margin: u8) -> &str {
    while text.as_bytes().last() == Some(&margin) {
        text = text.get(..text.len() - 1).unwrap_or_default();
    }
    text
}

/// Whether `byte` is one of these. (The library's search is made for long slices.)
#[inline(never)]
#[allow(clippy::manual_contains)]
pub fn has(bytes: &[u8], byte: u8) -> bool {
    bytes.iter().any(|one| *one == byte)
}

/// The bytes as text; `None` if they are not UTF-8.
#[inline(never)]
pub fn utf8(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// A reason for the gateway's log, why something cannot be read. The player has no log,
/// so the reason is left out of the wasm.
pub(crate) const fn why(reason: &'static str) -> &'static str {
    if cfg!(feature = "gateway") {
        reason
    } else {
        ""
    }
}

/// The value without the quotation marks around it.
#[inline(never)]
pub fn unquoted(text: &str) -> &str {
    let mut text = trim_end(text, b'"');
    while let Some(rest) = text.strip_prefix('"') {
        text = rest;
    }
    text
}

/// The trimmed parts between the `separators`, which are ASCII.
pub fn split<'a>(text: &'a str, separators: &'static [u8]) -> Split<'a> {
    Split {
        rest: Some(text),
        separators,
    }
}

/// The iterator that [`split`] returns.
#[derive(Clone, Debug)]
pub struct Split<'a> {
    rest: Option<&'a str>,
    separators: &'static [u8],
}

impl<'a> Iterator for Split<'a> {
    type Item = &'a str;

    #[inline(never)]
    fn next(&mut self) -> Option<&'a str> {
        let text = self.rest.take()?;
        let (part, rest) = match cut(text, self.separators) {
            Some((part, rest)) => (part, Some(rest)),
            None => (text, None),
        };
        self.rest = rest;
        Some(part.trim_ascii())
    }
}

/// Joins the parts with `separator` between them.
pub fn join(parts: &[&str], separator: &str) -> String {
    let mut text = String::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            text.push_str(separator);
        }
        text.push_str(part);
    }
    text
}

/// Joins the parts.
pub fn concat(parts: &[&str]) -> String {
    join(parts, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_rfc_vectors() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(to_base64(plain.as_bytes()), coded);
            assert_eq!(base64(coded).unwrap(), plain.as_bytes());
            let bare = coded.trim_end_matches('=');
            assert_eq!(base64(bare).unwrap(), plain.as_bytes());
        }
        assert_eq!(base64("-_ \n+/"), base64("+/+/"));
        for bad in ["A", "AAAAA", "A?==", "Zg==Zg==", "é"] {
            assert_eq!(base64(bad), None, "{bad}");
        }
    }

    #[test]
    fn hexadecimal() {
        assert_eq!(hex("1190").unwrap(), [0x11, 0x90]);
        assert_eq!(hex(" fFe0 ").unwrap(), [0xff, 0xe0]);
        for bad in ["1", "1g", "+1", "é1", "0x11"] {
            assert_eq!(hex(bad), None, "{bad}");
        }
        assert_eq!(to_hex(&[0, 0x1f, 0xff]), "001fff");
    }

    proptest! {
        #[test]
        fn round_trips(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(base64(&to_base64(&bytes)).unwrap(), &bytes[..]);
            prop_assert_eq!(hex(&to_hex(&bytes)).unwrap(), &bytes[..]);
        }

        #[test]
        fn any_text(text in "(?s).{0,40}") {
            let _ = (base64(&text), hex(&text));
        }
    }
}
