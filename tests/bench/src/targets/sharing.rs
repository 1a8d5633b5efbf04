//! The targets for shared cameras: what they may cost, and how soon and how late their
//! pictures may be.

use super::{Verdict, at_most};
use crate::case::Case;
use crate::contender::Contender::{CamgateBatch, CamgateSlow, Fan};
use crate::results::Table;

/// Processor seconds per gigabyte delivered, with [`MANY`] viewers or more.
const PROCESSOR: f64 = 0.7;
const MANY: usize = 50;
/// The largest ratio to the processor time of bare writes.
const WRITES: f64 = 1.25;
/// The 99th percentile of the latency with [`CROWD`] viewers, in seconds.
const LATENCY: f64 = 0.003;
const CROWD: usize = 200;
/// The longest time from PLAY to the first picture, in seconds.
const FIRST_PICTURE: f64 = 0.1;
/// The largest ratio of the others' latency with a slow viewer to that without one: two
/// runs without one differ as much.
const SLOW: f64 = 1.25;

/// All targets of one case, if its camera is shared.
pub fn judge(table: &Table) -> Vec<Verdict> {
    match (table.case.is_shared(), table.case.is_slow()) {
        (false, _) => Vec::new(),
        (true, true) => [slow_latency(table), slow_pictures(table)]
            .into_iter()
            .flatten()
            .collect(),
        (true, false) => {
            let floor = at_most(table, CamgateBatch, WRITES, Fan);
            let all = [processor(table), floor, latency(table), picture(table)];
            all.into_iter().flatten().collect()
        }
    }
}

fn processor(table: &Table) -> Option<Verdict> {
    let found = table.row(CamgateBatch)?.median().processor?;
    let floor = table.row(Fan).and_then(|row| row.median().processor);
    (table.case.viewers >= MANY).then(|| Verdict {
        what: what(&table.case, &format!("at most {PROCESSOR} CPU s/GB")),
        found: format!("{found:.2}; bare writes {:.2}", floor.unwrap_or(0.0)),
        met: found <= PROCESSOR,
    })
}

fn latency(table: &Table) -> Option<Verdict> {
    let found = table.row(CamgateBatch)?.median().latency.p99;
    let floor = table.row(Fan).map(|row| row.median().latency.p99);
    (table.case.viewers == CROWD).then(|| Verdict {
        what: what(
            &table.case,
            &format!("under {} ms at the 99th percentile", LATENCY * 1e3),
        ),
        found: format!(
            "{:.2} ms; bare writes {:.2}",
            found * 1e3,
            floor.unwrap_or(0.0) * 1e3
        ),
        met: found < LATENCY,
    })
}

fn picture(table: &Table) -> Option<Verdict> {
    let found = table.row(CamgateBatch)?.start().first_picture?;
    Some(Verdict {
        what: what(
            &table.case,
            &format!("a picture at most {} ms after PLAY", FIRST_PICTURE * 1e3),
        ),
        found: format!("{:.1} ms at the longest", found.max * 1e3),
        met: found.max <= FIRST_PICTURE,
    })
}

/// The others must get every byte, which is checked meanwhile.
fn slow_latency(table: &Table) -> Option<Verdict> {
    let ratio = table.ratio_of(CamgateSlow, CamgateBatch, |slice| Some(slice.latency.p99))?;
    Some(Verdict {
        what: what(
            &table.case,
            &format!("the others get all, at most {SLOW} × as late"),
        ),
        found: format!("{ratio:.2} × at the 99th percentile"),
        met: ratio <= SLOW,
    })
}

fn slow_pictures(table: &Table) -> Option<Verdict> {
    let seen = table.row(CamgateSlow)?.start().slow?;
    Some(Verdict {
        what: what(&table.case, "the slow one gets whole pictures only"),
        found: format!(
            "{} pictures, {} gaps, {} of them within a picture",
            seen.pictures, seen.gaps, seen.torn
        ),
        met: seen.gaps > 0 && seen.torn == 0,
    })
}

fn what(case: &Case, rest: &str) -> String {
    format!("{}: {rest}", case.title)
}
