//! The cases: what every contender has to do.

use std::time::Duration;

use crate::contender::Contender;

/// What the cameras send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// This many bytes in total, as fast as they are taken.
    Flood { bytes: u64 },
    /// Pictures with this many bits per second for each viewer, for this time.
    Pace { bits: u64, time: Duration },
    /// One camera's film to all viewers, for this time.
    Show { time: Duration },
}

/// A number of viewers, who have a camera connection each or all share one camera, and
/// their work.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// A name for scripts.
    pub id: &'static str,
    pub title: &'static str,
    pub viewers: usize,
    /// The work in one slice.
    pub work: Work,
    /// How many slices a contender does after each start.
    pub slices: usize,
    /// How many times a contender is started.
    pub starts: usize,
    /// How many viewers join, one after the other, after the slices.
    pub joins: usize,
}

impl Case {
    pub fn is_flood(&self) -> bool {
        matches!(self.work, Work::Flood { .. })
    }

    /// Whether all viewers watch one camera.
    pub fn is_shared(&self) -> bool {
        matches!(self.work, Work::Show { .. })
    }

    /// Whether it measures what a slow viewer costs the others.
    pub fn is_slow(&self) -> bool {
        self.id == "sharing-slow"
    }

    /// The contender that sets the floor in this case.
    pub fn floor(&self) -> Contender {
        match (self.is_shared(), self.is_slow()) {
            (false, _) => Contender::Relay,
            (true, false) => Contender::Fan,
            (true, true) => Contender::CamgateBatch,
        }
    }

    /// The size of camgate's pool in bytes: the default, or enough for a cycle of the
    /// film.
    pub fn pool(&self) -> u64 {
        if self.is_shared() { 12 << 20 } else { 4 << 20 }
    }

    /// The work before each slice, a tenth of it: caches and congestion windows have
    /// forgotten the server while it was the turn of others.
    pub fn warm_up(&self) -> Work {
        match self.work {
            Work::Flood { bytes } => Work::Flood { bytes: bytes / 10 },
            Work::Pace { bits, time } => Work::Pace {
                bits,
                time: time / 10,
            },
            Work::Show { time } => Work::Show { time: time / 10 },
        }
    }
}

/// All cases. If `quick`, they take two minutes in total, and say less.
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
        joins: 0,
    };
    let share = |id, title, viewers, time| Case {
        slices: if quick { 3 } else { 5 },
        joins: if quick { 2 } else { 4 },
        ..case(id, title, viewers, Work::Show { time })
    };
    let second = Duration::from_secs(1);
    vec![
        case("1-full", "1 viewer at full speed", 1, flood),
        case("8-full", "8 viewers at full speed", 8, flood),
        case("100-paced", "100 viewers at 4 Mbit/s", 100, pace(4)),
        case("500-paced", "500 viewers at 1 Mbit/s", 500, pace(1)),
        share("sharing-1", "a shared camera, 1 viewer", 1, second),
        share("sharing-50", "a shared camera, 50 viewers", 50, second),
        share("sharing-200", "a shared camera, 200 viewers", 200, second),
        Case {
            joins: 0,
            slices: if quick { 3 } else { 8 },
            ..share(
                "sharing-slow",
                "a shared camera, 50 viewers and a slow one",
                50,
                second,
            )
        },
    ]
}
