//! The targets of the gateway, and whether it has met them in this run.
//!
//! All but those for memory are ratios or differences within one run, so that the
//! machine cancels out as far as possible. Those for shared cameras are in [`sharing`].

mod sharing;

use crate::contender::Contender;
use crate::results::Table;

use Contender::{Camgate, CamgateBatch, Direct, Haproxy, Relay, Websocat};

/// The largest ratio to the relay's processor time, with batched messages.
const BATCH: f64 = 1.25;
/// The same at full speed: with batched messages, and with one frame per message.
const FULL_BATCH: f64 = 1.1;
const FULL_SINGLE: f64 = 1.25;
/// How many seconds the gateway may add to the 99th percentile of the latency.
const LATENCY: f64 = 0.002;
/// The resident bytes of an idle gateway.
const IDLE: f64 = (2 << 20) as f64;
/// The bytes of a viewer, without its share of the pool.
const VIEWER: u64 = 24 << 10;

/// One target: what it is about, what it demands and what was found.
pub struct Verdict {
    pub what: String,
    pub found: String,
    pub met: bool,
}

/// The idle gateway: which build, and its resident bytes.
pub struct Idle {
    pub build: String,
    pub bytes: u64,
}

/// All targets that this run can judge.
pub fn judge(tables: &[Table], idle: &Idle) -> Vec<Verdict> {
    let mut verdicts: Vec<Verdict> = tables.iter().flat_map(processor).collect();
    verdicts.extend(
        tables
            .iter()
            .filter(|t| t.case.id == "100-paced")
            .filter_map(latency),
    );
    verdicts.extend(tables.iter().flat_map(sharing::judge));
    verdicts.push(Verdict {
        what: format!(
            "idle, at most {} KiB resident ({})",
            IDLE / 1024.0,
            idle.build
        ),
        found: format!("{} KiB", idle.bytes >> 10),
        met: idle.bytes as f64 <= IDLE,
    });
    verdicts.extend(
        tables
            .iter()
            .filter(|t| t.case.viewers >= 100)
            .filter_map(viewer),
    );
    verdicts.extend(pool(tables));
    verdicts
}

fn processor(table: &Table) -> Vec<Verdict> {
    let mut verdicts = if table.case.is_flood() {
        vec![
            at_most(table, CamgateBatch, FULL_BATCH, Relay),
            at_most(table, Camgate, FULL_SINGLE, Relay),
        ]
    } else {
        vec![at_most(table, CamgateBatch, BATCH, Relay)]
    };
    for other in [Haproxy, Websocat] {
        verdicts.push(at_most(table, CamgateBatch, 1.0, other));
    }
    verdicts.into_iter().flatten().collect()
}

/// The processor time of `who` must be at most `limit` times that of `other`.
fn at_most(table: &Table, who: Contender, limit: f64, other: Contender) -> Option<Verdict> {
    let ratio = table.ratio(who, other)?;
    let (who, other, title) = (who.name(), other.name(), table.case.title);
    Some(Verdict {
        what: format!("{title}: {who} at most {limit:.2} × {other}"),
        found: format!("{ratio:.2} ×"),
        met: ratio <= limit,
    })
}

fn latency(table: &Table) -> Option<Verdict> {
    let own = table.row(Direct)?.median().latency.p99;
    let whole = [Camgate, CamgateBatch]
        .into_iter()
        .filter_map(|who| Some(table.row(who)?.median().latency.p99))
        .reduce(f64::max)?;
    let added = whole - own;
    let relay = table.row(Relay).map(|row| row.median().latency.p99 - own);
    let relay = relay.map_or(String::new(), |added| {
        format!("; the relay adds {:.2}", added * 1e3)
    });
    Some(Verdict {
        what: format!(
            "{}: under {} ms added at the 99th percentile",
            table.case.title,
            LATENCY * 1e3
        ),
        found: format!(
            "{:.2} ms ({:.2} in all, {:.2} the load alone{relay})",
            added * 1e3,
            whole * 1e3,
            own * 1e3
        ),
        met: added < LATENCY,
    })
}

fn viewer(table: &Table) -> Option<Verdict> {
    let each = [Camgate, CamgateBatch]
        .into_iter()
        .filter_map(|who| Some(table.row(who)?.start().memory?.each))
        .reduce(f64::max)?;
    Some(Verdict {
        what: format!(
            "{}: at most {} KiB a viewer beside the pool",
            table.case.title,
            VIEWER >> 10
        ),
        found: format!("{:.1} KiB", each / 1024.0),
        met: each <= VIEWER as f64,
    })
}

/// All memory that grew, at its largest, must fit into the pool and the viewers' share.
fn pool(tables: &[Table]) -> Option<Verdict> {
    let rows = tables.iter().flat_map(|table| {
        let rows = table.rows.iter().filter(|row| row.contender.is_camgate());
        rows.map(|row| (table.case.viewers, table.case.pool(), row))
    });
    let found = rows.filter(|(_, _, row)| row.has_slices());
    let worst = found
        .filter_map(|(viewers, pool, row)| {
            let memory = row.start().memory?;
            let allowed = (pool + VIEWER * viewers as u64) as f64;
            let grown = memory.peak.saturating_sub(memory.idle) as f64;
            Some((grown - allowed, grown, allowed, memory.pool, pool))
        })
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    let (over, grown, allowed, pool, size) = worst;
    Some(Verdict {
        what: format!(
            "nothing grows beyond the pool's {} KiB and the viewers' shares",
            size >> 10
        ),
        found: format!(
            "{:.0} of {:.0} KiB, pool {} KiB resident",
            grown / 1024.0,
            allowed / 1024.0,
            pool >> 10
        ),
        met: over <= 0.0 && pool <= size,
    })
}
