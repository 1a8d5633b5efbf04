//! What went wrong, for the person who watches: a code and a sentence.

use camgate::rtsp::client::Failure;
use camgate::rtsp::text;

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

/// The sentence for an error of the gateway, which gives a reason of its own.
pub fn refusal(code: u16, reason: &str) -> String {
    let plain = match code {
        401 | 403 => "The gateway does not allow this",
        404 => "The gateway does not know this camera",
        409 => "The gateway has this session already",
        502 => "The camera cannot be reached",
        503 => "The gateway cannot serve another viewer now",
        504 => "The camera does not answer",
        500..=599 => "The gateway has a fault",
        _ => "The gateway refuses",
    };
    // The gateway's reasons are written for a person; ours stands in for none.
    match reason.trim_ascii() {
        "" => sentence(plain),
        reason => sentence(reason),
    }
}

/// What went wrong at another host than the person named.
pub fn moved(url: &str, words: &str) -> String {
    text::concat(&["The stream has moved to ", url, ". ", words])
}

/// The sentence for an address that is none.
pub fn address(reason: &str) -> String {
    sentence(reason)
}

/// The sentence for a stream of which nothing can be played.
pub fn unplayable(tracks: &[String]) -> String {
    if tracks.is_empty() {
        return String::from("The camera offers neither video nor audio.");
    }
    let names: Vec<&str> = tracks.iter().map(String::as_str).collect();
    let names = text::join(&names, ", ");
    text::concat(&[
        "This player cannot play what the camera sends: ",
        &names,
        ".",
    ])
}

/// Begins with a capital and ends with a full stop.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let mut sentence = String::with_capacity(text.len() + 1);
    sentence.extend(characters.next().map(|first| first.to_ascii_uppercase()));
    sentence.push_str(characters.as_str());
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
        assert_eq!(refusal(504, ""), "The camera does not answer.");
        assert_eq!(
            refusal(403, "8.8.8.8 is not among [general] targets"),
            "8.8.8.8 is not among [general] targets."
        );
        assert_eq!(
            unplayable(&[String::from("video H265")]),
            "This player cannot play what the camera sends: video H265."
        );
    }
}
