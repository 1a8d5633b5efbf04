//! Limits how many log lines of one kind are written. A peer can provoke some lines
//! thousands of times a second, which would fill a router's memory and push out the
//! lines that matter.
//!
//! Pure: the time is passed in. Invariant: of each kind, at most [`LINES`] lines are
//! written in a [`WINDOW`]. Once the window is over, a line reports how many were
//! withheld, even if no other line of that kind comes, provided that [`Quota::reports`]
//! is called at [`Quota::due`].

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How many lines of one kind are written in a window.
pub const LINES: u32 = 30;
/// The length of a window.
pub const WINDOW: Duration = Duration::from_secs(5);
/// How many kinds are counted apart; all further kinds are counted as one.
const MAX_KINDS: usize = 1024;
/// How many characters of a withheld line are shown as an example.
const SHOWN: usize = 60;

/// The kind of a log line: where in the program it is written, and which configured
/// camera it is about, if any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Kind {
    line: u32,
    file: &'static str,
    camera: String,
}

impl Kind {
    /// The kind of a line that may begin with `[name]`, the name of a camera, or with
    /// `[c12]`, the number of a connection, which makes no difference.
    pub fn new(file: &'static str, line: u32, text: &str) -> Kind {
        let name = text.strip_prefix('[').and_then(|text| text.split_once(']'));
        let name = name.map_or("", |(name, _)| name);
        let number = name.strip_prefix('c').unwrap_or("x");
        let is_number = number.bytes().all(|b| b.is_ascii_digit());
        Kind {
            line,
            file,
            camera: if is_number { "" } else { name }.to_owned(),
        }
    }
}

/// The current window of one kind.
struct Count {
    since: Instant,
    written: u32,
    withheld: u32,
    example: String,
}

/// Counts the log lines of the current windows.
#[derive(Default)]
pub struct Quota {
    counts: HashMap<Kind, Count>,
    /// When the first window ends in which lines were withheld.
    due: Option<Instant>,
}

impl Quota {
    /// Whether a line of this kind may be written.
    pub fn admit(&mut self, kind: Kind, text: &str, now: Instant) -> bool {
        let is_known = self.counts.contains_key(&kind);
        let kind = match is_known || self.counts.len() < MAX_KINDS {
            true => kind,
            false => Kind::default(),
        };
        let count = self.counts.entry(kind).or_insert_with(|| Count {
            since: now,
            written: 0,
            withheld: 0,
            example: String::new(),
        });
        if count.written < LINES {
            count.written += 1;
            return true;
        }
        if count.withheld == 0 {
            count.example = text.chars().take(SHOWN).collect();
            let over = count.since + WINDOW;
            self.due = Some(self.due.map_or(over, |other| other.min(over)));
        }
        count.withheld += 1;
        false
    }

    /// When to call [`Quota::reports`], if lines were withheld.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// The lines that report what was withheld in windows that have ended.
    pub fn reports(&mut self, now: Instant) -> Vec<String> {
        let mut reports = Vec::new();
        self.counts.retain(|_, count| {
            let is_open = now < count.since + WINDOW;
            if !is_open && count.withheld > 0 {
                let (number, example) = (count.withheld, &count.example);
                reports.push(format!("{number} more were not logged, such as: {example}"));
            }
            is_open
        });
        let owed = self.counts.values().filter(|count| count.withheld > 0);
        self.due = owed.map(|count| count.since + WINDOW).min();
        reports
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_one_kind_leaves_the_others_their_lines() {
        let (mut quota, start) = (Quota::default(), Instant::now());
        let kind = |line, text: &str| Kind::new("a.rs", line, text);
        let mut flood = |number: u32, now| {
            let text = format!("[c{number}] wants camera front");
            quota.admit(kind(1, &text), &text, now)
        };
        let written = (0..1000).filter(|number| flood(*number, start)).count();
        assert_eq!(written, LINES as usize);
        assert!(quota.admit(kind(2, "[c7] other"), "[c7] other", start));
        assert!(quota.admit(kind(1, "[front] plays"), "[front] plays", start));
        assert!(quota.reports(start + WINDOW / 2).is_empty());
        assert_eq!(quota.due(), Some(start + WINDOW));
        let reports = quota.reports(start + WINDOW);
        let example = "970 more were not logged, such as: [c30] wants camera front";
        assert_eq!(reports, [example]);
        assert!(quota.reports(start + WINDOW).is_empty());
        assert_eq!(quota.due(), None);
        let text = "[c9999] wants camera front";
        assert!(quota.admit(kind(1, text), text, start + WINDOW));
    }

    #[test]
    fn cameras_have_lines_of_their_own_and_connections_do_not() {
        let kind = |text: &str| Kind::new("a.rs", 1, text);
        assert_eq!(kind("[c1] x"), kind("[c22] x"));
        assert_eq!(kind("[c1] x"), kind("no name"));
        assert_ne!(kind("[front] x"), kind("[yard] x"));
        assert_ne!(kind("[cam1] x"), kind("[c1] x"));
    }

    #[test]
    fn kinds_beyond_the_most_share_one_quota() {
        let (mut quota, now) = (Quota::default(), Instant::now());
        let mut admit = |name: usize| {
            let text = format!("[n{name}] x");
            quota.admit(Kind::new("a.rs", 1, &text), &text, now)
        };
        let written = (0..2 * MAX_KINDS).filter(|name| admit(*name)).count();
        assert_eq!(written, MAX_KINDS + LINES as usize);
    }
}
