//! `make bench`: what the gateway costs, beside the least that anything in its
//! place must cost, and beside others that could stand there.
//!
//! # How it is measured
//!
//! A [`load`] camera and its viewers, one thread on a core of its own, check
//! every byte of every frame. Between them, on another core, stands one of the
//! [`contender`]s, a process that is started anew for each repetition. All do
//! all [`case`]s, and their repetitions take turns, so that what else happens
//! on the machine hits all alike; shown are
//! medians. At full speed a fixed volume
//! goes through; the other cases send 25 pictures a second, with key pictures.
//!
//! - **Processor time** is the scheduler's account of all threads and children
//!   of the server, user and system, while frames flow. The kernel's work for a
//!   socket is in it, where it is done for the server and not for its peer.
//! - **System calls** are counted in a repetition of their own ([`calls`]).
//! - **Latency** is a frame's whole way from the camera's release to the
//!   viewer's read. The row "load alone", viewers at the camera itself, tells
//!   how much of that nobody else is to blame for.
//! - **Memory** is resident memory, of several processes the sum, so that pages
//!   they share count for each. That of camgate's pool is known by its mapping's
//!   size, and left out of what a viewer costs.
//!
//! A ratio in one run means something; a number alone, or from another
//! machine, does not.
//!
//! `BENCH_QUICK=1` takes a minute, for development. `BENCH_CASE=100-paced`
//! runs one case, `BENCH_ONLY=relay,camgate` some contenders.

mod calls;
mod camera;
mod case;
mod contender;
mod cores;
mod environment;
mod frame;
mod json;
mod link;
mod load;
mod measure;
mod pace;
mod process;
mod relay;
mod results;
mod server;
mod table;
mod targets;
mod viewer;
mod websocket;

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Instant;
use std::{env, fs};

use calls::Counter;
use case::Case;
use contender::Contender;
use results::{Row, Table};
use targets::Idle;

/// Back to the beginning of the terminal's line, and clear it.
const CLEAR: &str = "\r\x1b[K";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let outcome = match &arguments[..] {
        [word, listen, camera] if word == "relay" => be_relay(listen, camera),
        [] => {
            cores::prepare();
            compare()
        }
        _ => Err("this program takes no arguments; see its first page".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn be_relay(listen: &str, camera: &str) -> Result<(), String> {
    let parse = |text: &str| text.parse().map_err(|_| format!("{text}: no address"));
    relay::run(parse(listen)?, parse(camera)?).map_err(|error| error.to_string())
}

/// The whole run. An error is a gateway that lost or damaged something; a missed
/// target is not.
fn compare() -> Result<(), String> {
    let begun = Instant::now();
    let directory = server::directory();
    fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
    let environment = introduce();
    let mut tables = tables();
    repeat(&mut tables);
    count_calls(&mut tables);
    let idle = idle()?;
    let verdicts = targets::judge(&tables, &idle);
    for table in &tables {
        print!("{}", table::show(table));
    }
    print!("{}", table::verdicts(&verdicts));
    let path = directory.join("gateway.json");
    let document = json::document(&environment, &tables, &idle, &verdicts);
    fs::write(&path, document).map_err(|error| error.to_string())?;
    let path = path.canonicalize().unwrap_or(path);
    println!("\n{} s; {}", begun.elapsed().as_secs(), path.display());
    let rows = tables.iter().flat_map(|table| &table.rows);
    let failed = rows.filter(|row| row.contender.is_camgate() && row.failure.is_some());
    match failed.count() {
        0 => Ok(()),
        count => Err(format!("the gateway failed in {count} cases")),
    }
}

/// Says where this runs, and what to think of it.
fn introduce() -> Vec<(&'static str, String)> {
    let mut environment = environment::describe();
    let load = environment::load_average();
    environment.push(("load_average_before", format!("{load:.2}")));
    environment.push(("mode", if quick() { "quick" } else { "full" }.to_owned()));
    for (name, value) in &environment {
        println!("{name}: {value}");
    }
    if !cores::separate() {
        println!("load and servers share their cores: processor times are less steady");
    }
    if load > 0.5 {
        println!("others are at work on these cores: trust ratios, and those only roughly");
    }
    environment
}

fn quick() -> bool {
    env::var("BENCH_QUICK").is_ok_and(|value| !value.is_empty() && value != "0")
}

fn tables() -> Vec<Table> {
    let wanted = |variable: &str, name: &str| match env::var(variable) {
        Ok(list) => list.split(',').any(|wanted| wanted.trim() == name),
        Err(_) => true,
    };
    let mut contenders = Contender::ALL.to_vec();
    contenders.retain(|contender| wanted("BENCH_ONLY", contender.name()));
    for missing in contenders.iter().filter(|contender| !contender.is_here()) {
        println!("{}: not installed, left out", missing.name());
    }
    contenders.retain(|contender| contender.is_here());
    let cases = case::all(quick()).into_iter();
    cases
        .filter(|case| wanted("BENCH_CASE", case.id))
        .map(|case| Table::new(case, &contenders))
        .collect()
}

/// All repetitions of all, in turns.
fn repeat(tables: &mut [Table]) {
    let most = tables.iter().map(|table| table.case.repetitions).max();
    for repetition in 0..most.unwrap_or(0) {
        for table in tables.iter_mut() {
            for row in &mut table.rows {
                if repetition < times(&table.case, row) && row.failure.is_none() {
                    progress(&table.case, row.contender, &(repetition + 1).to_string());
                    match measure::once(&table.case, row.contender) {
                        Ok(sample) => row.samples.push(sample),
                        Err(failure) => row.failure = Some(failure),
                    }
                }
            }
        }
    }
    clear();
}

/// Says on the terminal what is under way.
fn progress(case: &Case, contender: Contender, what: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("{CLEAR}{}: {}, {what}", case.title, contender.name());
    }
}

fn clear() {
    if std::io::stderr().is_terminal() {
        eprint!("{CLEAR}");
    }
}

/// How often a contender does a case. websockify forks for each viewer, which
/// takes longer than the case; without the gateway in the middle nothing is
/// told by a flood.
fn times(case: &Case, row: &Row) -> usize {
    match (row.contender, case.is_flood()) {
        (Contender::Direct, true) => 0,
        (Contender::Websockify, false) if quick() => 0,
        (Contender::Websockify, false) => 1,
        _ => case.repetitions,
    }
}

fn count_calls(tables: &mut [Table]) {
    let Some(counter) = Counter::find() else {
        return println!("system calls are not counted: neither perf nor strace works here");
    };
    println!("system calls are counted by {}", counter.name());
    for table in tables {
        for row in &mut table.rows {
            let contender = row.contender;
            let counts = match quick() {
                true => contender.is_camgate() || contender == Contender::Relay,
                false => contender != Contender::Direct,
            };
            if counts && row.failure.is_none() && !row.samples.is_empty() {
                progress(&table.case, contender, "system calls");
                match measure::calls(&table.case, contender, counter) {
                    Ok(calls) => row.calls = Some(calls),
                    Err(failure) => row.failure = Some(failure),
                }
            }
        }
    }
    clear();
}

/// The idle memory of the gateway: of the static build, where there is one.
fn idle() -> Result<Idle, String> {
    let (build, contender) = if Contender::CamgateStatic.is_here() {
        ("static musl build", Contender::CamgateStatic)
    } else {
        ("dynamic build: no static one is there", Contender::Camgate)
    };
    Ok(Idle {
        build: build.to_owned(),
        bytes: measure::idle(contender)?,
    })
}
