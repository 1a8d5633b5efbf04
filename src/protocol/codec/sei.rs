//! Recovery points in supplemental enhancement information, which H.264 (7.3.2.3.1,
//! D.1.8) and H.265 (7.3.5, D.2.8) write alike.

use super::bits::unescape;

/// Looks for a recovery point in SEI messages, given without the NAL unit's header.
/// `Some(true)` if the picture is correct at once: recovery_frame_cnt or
/// recovery_poc_cnt is 0.
pub fn recovery_point(messages: &[u8]) -> Option<bool> {
    const RECOVERY_POINT: usize = 6;
    let rbsp = unescape(messages);
    let mut messages = &rbsp[..];
    loop {
        let (kind, size);
        (kind, messages) = number(messages)?;
        (size, messages) = number(messages)?;
        if kind == RECOVERY_POINT {
            return messages.first().map(|byte| byte & 0x80 != 0);
        }
        messages = messages.get(size..)?;
    }
}

/// Reads a number that is the sum of its bytes, the last of which is below 255.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let full = bytes.iter().position(|byte| *byte != 0xff)?;
    let (last, rest) = bytes.get(full..)?.split_first()?;
    Some((full * 255 + usize::from(*last), rest))
}
