//! The results for people: a table for each case, and then the targets.

use crate::contender::Contender;
use crate::measure::{Slice, Start};
use crate::results::{Row, Table};
use crate::targets::Verdict;

const HEADINGS: &str = "                 CPU s/GB  (least–most)  × relay   MB/s  calls/MB     \
latency ms p50/p99/max  first ms   idle KiB  loaded    peak  KiB/viewer";

/// The additional columns for a shared camera: the latency of key pictures, and the
/// median and longest time from PLAY to the first picture while others watch.
const SHARED: &str = "  key ms  picture ms";

/// One case.
pub fn show(table: &Table) -> String {
    let case = &table.case;
    let headings = match case.is_shared() {
        true => HEADINGS.replace("× relay", "× floor") + SHARED,
        false => HEADINGS.to_owned(),
    };
    let mut text = format!("\n{}\n{headings}\n", case.title);
    for row in &table.rows {
        if row.has_slices() {
            text += &line(row, table);
        }
        if let Some(failure) = &row.failure {
            text += &format!("{:16} failed: {failure}\n", row.contender.name());
        }
    }
    text
}

fn line(row: &Row, table: &Table) -> String {
    let (slice, start) = (row.median(), row.start());
    let latency = match table.case.is_flood() {
        // At full speed, latency only shows how much the sockets' buffers hold.
        true => "-".to_owned(),
        false => format!(
            "{:.2} / {:.2} / {:.1}",
            slice.latency.p50 * 1e3,
            slice.latency.p99 * 1e3,
            slice.latency.max * 1e3
        ),
    };
    let spread = row.spread();
    let memory = start.memory;
    let kibibytes = |bytes: u64| (bytes >> 10).to_string();
    let line = format!(
        "{:16} {:>8}  {:>12}  {:>7} {:>6.0} {:>9}  {:>26} {:>9.2}  {:>9} {:>7} {:>7}  {:>10}",
        row.contender.name(),
        number(slice.processor, 3),
        spread.map_or("-".into(), |(a, b)| format!("{a:.2}–{b:.2}")),
        number(table.ratio(row.contender, table.case.floor()), 2),
        slice.speed / 1e6,
        number(row.calls, 1),
        latency,
        start.first_frame * 1e3,
        memory.map_or("-".into(), |memory| kibibytes(memory.idle)),
        memory.map_or("-".into(), |memory| kibibytes(memory.loaded)),
        memory.map_or("-".into(), |memory| kibibytes(memory.peak)),
        number(memory.map(|memory| memory.each / 1024.0), 1),
    );
    let shared = match table.case.is_shared() {
        true => format!("{:>8}  {}", key(&slice), first_picture(&start)),
        false => String::new(),
    };
    format!("{line}{shared}\n")
}

fn key(slice: &Slice) -> String {
    number(slice.key.map(|seconds| seconds * 1e3), 1)
}

fn first_picture(start: &Start) -> String {
    let first = start.first_picture;
    first.map_or("-".into(), |first| {
        format!("{:.1} / {:.1}", first.p50 * 1e3, first.max * 1e3)
    })
}

/// Two tables in Markdown for the project's documentation: the cases of shared cameras,
/// and the others.
pub fn markdown(tables: &[Table]) -> String {
    let (shared, apart): (Vec<&Table>, _) = tables.iter().partition(|t| t.case.is_shared());
    [markdown_apart(&apart), markdown_shared(&shared)].join("\n")
}

fn markdown_shared(tables: &[&Table]) -> String {
    let mut text =
        "| case | server | CPU s/GB | × floor | calls/MB | p50 / p99 ms | key picture ms \
                    | first picture ms | KiB a viewer |\n\
                    |---|---|---:|---:|---:|---:|---:|---:|---:|\n"
            .to_owned();
    for table in tables {
        let rows = table.rows.iter().filter(|row| row.has_slices());
        for (index, row) in rows.enumerate() {
            let title = if index == 0 { table.case.title } else { "" };
            let (slice, start) = (row.median(), row.start());
            text += &format!(
                "| {title} | {} | {} | {} | {} | {:.2} / {:.2} | {} | {} | {} |\n",
                row.contender.name(),
                number(slice.processor, 2),
                number(table.ratio(row.contender, table.case.floor()), 2),
                number(row.calls, 0),
                slice.latency.p50 * 1e3,
                slice.latency.p99 * 1e3,
                key(&slice),
                first_picture(&start),
                number(start.memory.map(|memory| memory.each / 1024.0), 1),
            );
        }
    }
    text
}

fn markdown_apart(tables: &[&Table]) -> String {
    let mut text =
        "| case | server | CPU s/GB | × relay | calls/MB | p50 / p99 ms | KiB a viewer |\n\
                    |---|---|---:|---:|---:|---:|---:|\n"
            .to_owned();
    for table in tables {
        let rows = table.rows.iter().filter(|row| row.has_slices());
        let servers = rows.filter(|row| row.contender != Contender::Direct);
        for (index, row) in servers.enumerate() {
            let title = if index == 0 { table.case.title } else { "" };
            text += &markdown_line(title, row, table);
        }
    }
    text
}

fn markdown_line(title: &str, row: &Row, table: &Table) -> String {
    let (slice, start) = (row.median(), row.start());
    let latency = match table.case.is_flood() {
        true => String::new(),
        false => format!(
            "{:.2} / {:.2}",
            slice.latency.p50 * 1e3,
            slice.latency.p99 * 1e3
        ),
    };
    format!(
        "| {title} | {} | {} | {} | {} | {latency} | {} |\n",
        row.contender.name(),
        number(slice.processor, 2),
        number(table.ratio(row.contender, Contender::Relay), 2),
        number(row.calls, 0),
        number(start.memory.map(|memory| memory.each / 1024.0), 1),
    )
}

/// The targets, and whether each was met.
pub fn verdicts(verdicts: &[Verdict]) -> String {
    let met = verdicts.iter().filter(|verdict| verdict.met).count();
    let mut text = format!("\nTargets: {met} of {} met\n", verdicts.len());
    for verdict in verdicts {
        let word = if verdict.met { "met   " } else { "MISSED" };
        text += &format!("  {word}  {:66}  {}\n", verdict.what, verdict.found);
    }
    text
}

fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or("-".into(), |value| format!("{value:.digits$}"))
}
