//! The error messages for the viewer: a code and a sentence.

use camgate_protocol::rtsp::client::Failure;

/// The code and the sentence for a failure of the RTSP session.
pub fn failure(failure: &Failure) -> (u16, String) {
    let code = match failure {
        Failure::Unauthorized { .. } => 401,
        Failure::Status { code, .. } => *code,
        Failure::Redirect(_) => 302,
        Failure::Protocol(_) => 502,
        Failure::NoMedia => 415,
        Failure::Timeout { .. } => 504,
    };
    (code, sentence(&failure.text()))
}

/// The sentence for an error from the gateway, whose reasons are written for people. A
/// generic one stands in for a missing reason: the page has a headline for the code.
pub fn refusal(reason: &str) -> String {
    match reason.trim_ascii() {
        "" => String::from("The gateway refuses."),
        reason => sentence(reason),
    }
}

/// The sentence for an address that is no URL.
pub fn address(reason: &str) -> String {
    sentence(reason)
}

/// The sentence for a stream of which nothing can be played. `nothing`: it has no media
/// at all; if it has, those were reported before
/// ([`crate::output::Kind::Unsupported`]).
pub fn unplayable(nothing: bool) -> &'static str {
    match nothing {
        true => "The camera offers neither video nor audio.",
        false => "This player cannot play what the camera sends.",
    }
}

/// Makes a sentence, with a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let mut sentence = text.to_owned();
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    if !matches!(sentence.as_bytes().last(), Some(b'.' | b'!' | b'?')) {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_sentences() {
        let (code, text) = failure(&Failure::Unauthorized { tried: true });
        assert_eq!(code, 401);
        assert_eq!(text, "The camera refuses this user name or password.");
        assert_eq!(refusal(""), "The gateway refuses.");
        assert_eq!(
            refusal("8.8.8.8 is not among [general] targets"),
            "8.8.8.8 is not among [general] targets."
        );
    }
}
