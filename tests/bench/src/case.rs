//! What every contender has to do.

use std::time::Duration;

/// What cameras send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// So many bytes in all, as fast as they are taken.
    Flood { bytes: u64 },
    /// Pictures of so many bits a second to each viewer, for so long.
    Pace { bits: u64, time: Duration },
}

/// A number of viewers, each with a camera link of its own, and their work.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// A word for machines.
    pub id: &'static str,
    pub title: &'static str,
    pub viewers: usize,
    /// Of one slice.
    pub work: Work,
    /// Slices of work that a contender does each time it was started.
    pub slices: usize,
    /// How often a contender is started.
    pub starts: usize,
}

impl Case {
    pub fn is_flood(&self) -> bool {
        matches!(self.work, Work::Flood { .. })
    }

    /// A tenth of a slice: caches and congestion windows have forgotten the
    /// server while it was the others' turn.
    pub fn warm_up(&self) -> Work {
        match self.work {
            Work::Flood { bytes } => Work::Flood { bytes: bytes / 10 },
            Work::Pace { bits, time } => Work::Pace {
                bits,
                time: time / 10,
            },
        }
    }
}

/// All cases; `quick` takes a minute in all, and is worth less.
pub fn all(quick: bool) -> Vec<Case> {
    let (slices, starts) = if quick { (3, 1) } else { (7, 2) };
    let flood = Work::Flood { bytes: 400 << 20 };
    let pace = |megabits: u64| Work::Pace {
        bits: megabits * 1_000_000,
        time: Duration::from_secs(1),
    };
    let case = |id, title, viewers, work| Case {
        id,
        title,
        viewers,
        work,
        slices,
        starts,
    };
    vec![
        case("1-full", "1 viewer at full speed", 1, flood),
        case("8-full", "8 viewers at full speed", 8, flood),
        case("100-paced", "100 viewers at 4 Mbit/s", 100, pace(4)),
        case("500-paced", "500 viewers at 1 Mbit/s", 500, pace(1)),
    ]
}
