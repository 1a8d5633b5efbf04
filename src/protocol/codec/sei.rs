//! Supplemental enhancement information: recovery points, the same in H.264
//! (7.3.2.3.1, D.1.8) and H.265 (7.3.5, D.2.8).

use super::bits::unescape;

/// Reads SEI messages, what follows the NAL unit's header, for a recovery point:
/// whether the picture is right at once, recovery_frame_cnt or recovery_poc_cnt
/// being 0.
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

/// A number in bytes that are summed up to the first below 255.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let full = bytes.iter().position(|byte| *byte != 0xff)?;
    let (last, rest) = bytes.get(full..)?.split_first()?;
    Some((full * 255 + usize::from(*last), rest))
}
