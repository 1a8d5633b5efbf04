//! The results for scripts. Names contain their units.

use std::fmt::Write;

use crate::measure::{Slice, Start};
use crate::results::{Row, Table};
use crate::targets::{Idle, Verdict};

/// All results as one object.
pub fn document(
    environment: &[(&str, String)],
    tables: &[Table],
    idle: &Idle,
    verdicts: &[Verdict],
) -> String {
    let environment = environment.iter().map(|(name, value)| (*name, text(value)));
    let cases = tables.iter().map(case).collect();
    let verdicts = verdicts.iter().map(|verdict| {
        object([
            ("target", text(&verdict.what)),
            ("found", text(&verdict.found)),
            ("met", verdict.met.to_string()),
        ])
    });
    let idle = object([
        ("build", text(&idle.build)),
        ("resident_bytes", idle.bytes.to_string()),
    ]);
    object([
        ("environment", object(environment)),
        ("idle", idle),
        ("cases", array(cases)),
        ("targets", array(verdicts.collect())),
    ]) + "\n"
}

fn case(table: &Table) -> String {
    object([
        ("id", text(table.case.id)),
        ("title", text(table.case.title)),
        ("viewers", table.case.viewers.to_string()),
        ("servers", array(table.rows.iter().map(row).collect())),
    ])
}

fn row(row: &Row) -> String {
    let or_null = |json: Option<String>| json.unwrap_or_else(|| "null".into());
    let known = row.has_slices();
    let slices = row.slices.iter().flatten();
    object([
        ("name", text(row.contender.name())),
        ("failure", or_null(row.failure.as_deref().map(text))),
        ("calls_per_megabyte", number(row.calls)),
        ("median", or_null(known.then(|| slice(&row.median())))),
        ("start", or_null(known.then(|| start(&row.start())))),
        ("slices", array(slices.map(slice).collect())),
    ])
}

fn slice(slice: &Slice) -> String {
    object([
        ("cpu_seconds_per_gigabyte", number(slice.processor)),
        ("bytes_per_second", number(Some(slice.speed))),
        ("latency_p50_seconds", number(Some(slice.latency.p50))),
        ("latency_p99_seconds", number(Some(slice.latency.p99))),
        ("latency_max_seconds", number(Some(slice.latency.max))),
        ("key_latency_seconds", number(slice.key)),
    ])
}

fn start(start: &Start) -> String {
    let memory = start.memory.map_or("null".into(), |memory| {
        object([
            ("idle_bytes", memory.idle.to_string()),
            ("loaded_bytes", memory.loaded.to_string()),
            ("peak_bytes", memory.peak.to_string()),
            ("pool_bytes", memory.pool.to_string()),
            ("viewer_bytes", number(Some(memory.each))),
        ])
    });
    let slow = start.slow.map_or("null".into(), |seen| {
        object([
            ("pictures", seen.pictures.to_string()),
            ("gaps", seen.gaps.to_string()),
            ("torn_pictures", seen.torn.to_string()),
            ("bytes", seen.bytes.to_string()),
        ])
    });
    let first = start.first_picture;
    object([
        ("first_frame_seconds", number(Some(start.first_frame))),
        (
            "first_picture_seconds",
            number(first.map(|first| first.p50)),
        ),
        (
            "first_picture_max_seconds",
            number(first.map(|first| first.max)),
        ),
        ("slow_viewer", slow),
        ("memory", memory),
    ])
}

fn object<'a>(members: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let members = members.into_iter();
    let members: Vec<String> = members
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    format!("{{{}}}", members.join(","))
}

fn array(elements: Vec<String>) -> String {
    format!("[{}]", elements.join(",\n"))
}

fn number(value: Option<f64>) -> String {
    match value {
        Some(value) if value.is_finite() => format!("{value:.6}"),
        _ => "null".into(),
    }
}

fn text(value: &str) -> String {
    let mut out = String::from("\"");
    for character in value.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            control if control < ' ' => {
                let _ = write!(out, "\\u{:04x}", control as u32);
            }
            other => out.push(other),
        }
    }
    out + "\""
}
