//! What a viewer watches, as the log and the operator are told.

use std::time::{Duration, Instant};

/// One stream that a viewer watches, from its first PLAY or JOIN on.
#[derive(Debug)]
pub struct Watch {
    /// The name of the shared camera, or the address of the camera that the viewer named.
    pub camera: String,
    pub since: Instant,
    /// Bytes of media that the viewer was sent before its last pause.
    pub sent: u64,
}

impl Watch {
    /// How long the viewer has watched, and how much it was sent in all: "3 min 12 s,
    /// 45 MB". `more` was sent since the last pause.
    pub fn extent(&self, more: u64, now: Instant) -> String {
        let time = now.saturating_duration_since(self.since);
        format!("{}, {}", show_time(time), show_bytes(self.sent + more))
    }
}

/// A length of time for a person.
pub fn show_time(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    match (hours, minutes, seconds % 60) {
        (0, 0, rest) => format!("{rest} s"),
        (0, _, rest) => format!("{minutes} min {rest} s"),
        _ => format!("{hours} h {minutes} min"),
    }
}

/// A number of bytes for a person, in decimal units.
fn show_bytes(bytes: u64) -> String {
    const MB: u64 = 1_000_000;
    match bytes {
        0 => "nothing".to_owned(),
        _ if bytes < MB => format!("{} kB", bytes.div_ceil(1000)),
        _ if bytes < 1000 * MB => format!("{} MB", bytes / MB),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_and_bytes_are_told_as_people_say_them() {
        for (seconds, bytes, said) in [
            (0, 0, "0 s, nothing"),
            (59, 1, "59 s, 1 kB"),
            (192, 45_600_000, "3 min 12 s, 45 MB"),
            (7_500, 12_340_000_000, "2 h 5 min, 12.3 GB"),
        ] {
            let since = Instant::now();
            let watch = Watch {
                camera: "front".to_owned(),
                since,
                sent: bytes / 2,
            };
            let now = since + Duration::from_secs(seconds);
            assert_eq!(watch.extent(bytes - bytes / 2, now), said);
        }
    }
}
