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
    pub work: Work,
    pub repetitions: usize,
}

impl Case {
    pub fn is_flood(&self) -> bool {
        matches!(self.work, Work::Flood { .. })
    }

    /// The same with less to do, for the run that counts system calls: nobody
    /// looks at its times.
    pub fn brief(&self) -> Case {
        let work = match self.work {
            Work::Flood { bytes } => Work::Flood { bytes: bytes / 4 },
            Work::Pace { bits, time } => Work::Pace {
                bits,
                time: time.min(Duration::from_secs(1)),
            },
        };
        Case { work, ..*self }
    }
}

/// All cases; `quick` takes a minute in all and is worth as much.
pub fn all(quick: bool) -> Vec<Case> {
    let (bytes, time) = if quick {
        (200 << 20, Duration::from_millis(1500))
    } else {
        (1 << 30, Duration::from_secs(5))
    };
    let (floods, paces) = if quick { (3, 1) } else { (5, 3) };
    let flood = Work::Flood { bytes };
    let pace = |megabits: u64| Work::Pace {
        bits: megabits * 1_000_000,
        time,
    };
    let case = |id, title, viewers, work, repetitions| Case {
        id,
        title,
        viewers,
        work,
        repetitions,
    };
    vec![
        case("1-full", "1 viewer at full speed", 1, flood, floods),
        case("8-full", "8 viewers at full speed", 8, flood, floods),
        case("100-paced", "100 viewers at 4 Mbit/s", 100, pace(4), paces),
        case("500-paced", "500 viewers at 1 Mbit/s", 500, pace(1), paces),
    ]
}
