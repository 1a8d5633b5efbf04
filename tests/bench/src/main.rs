//! `make bench`: what the gateway costs, compared with the least that anything in its
//! place must cost, and with other servers that could be in its place.
//!
//! # How it is measured
//!
//! A [`load`] camera and its viewers, one thread on a core of its own, check every byte
//! of every frame. Between them, on another core, runs one of the [`contender`]s, which
//! is a process of its own. For each [`case`], all contenders are started and get all
//! their viewers. Then they do slices of work in turn: one slice each per round, and
//! the next round in the opposite order. A ratio is the median of the ratios of the
//! rounds: everything else that happens on the machine lasts longer than a round,
//! affects both sides of a ratio alike, and cancels out. At full speed, a fixed volume
//! is sent; in the other cases, 25 pictures per second, with key pictures.
//!
//! - **Processor time** is the scheduler's account of all threads and children of the
//!   server, user and system, while frames flow. It contains the kernel's work for a
//!   socket if that is done for the server, and not for its peer.
//! - **System calls** are counted in a slice of their own ([`calls`]).
//! - **Latency** is a frame's whole way from the camera's release to the viewer's read.
//!   The row "load alone", with viewers connected to the camera itself, shows how much
//!   of that is not due to any server.
//! - **Shared cameras** ([`film`]) have one connection each and any number of viewers.
//!   Latency is that of whole pictures, and key pictures are counted apart: they are
//!   large, and sending them to many viewers takes as much longer. Viewers who come
//!   while the film is running show how soon there is a picture.
//! - **Memory** is resident memory. For several processes it is the sum, in which
//!   shared pages count for each of them. The memory of camgate's pool is recognised by
//!   the size of its mapping, and does not count for what a viewer costs.
//!
//! A ratio within one run is meaningful; a number alone, or from another machine, is
//! not.
//!
//! `BENCH_QUICK=1` takes two minutes, for development. `BENCH_CASE=100-paced` runs one
//! case, `BENCH_CASE=sharing` those of shared cameras, `BENCH_ONLY=relay,camgate` some
//! contenders.

mod calls;
mod camera;
mod case;
mod checker;
mod contender;
mod cores;
mod environment;
mod fan;
mod film;
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

use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Instant;
use std::{env, fs};

use calls::Counter;
use case::Case;
use contender::Contender;
use measure::Stand;
use results::{Row, Table};
use targets::Idle;

/// Returns to the beginning of the terminal's line, and clears it.
const CLEAR: &str = "\r\x1b[K";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let outcome = match &arguments[..] {
        [word, listen, camera] if word == "relay" => serve(relay::run, listen, camera),
        [word, listen, camera] if word == "fan" => serve(fan::run, listen, camera),
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

/// Serves as one of the floors.
fn serve(
    run: fn(SocketAddr, SocketAddr) -> io::Result<()>,
    listen: &str,
    camera: &str,
) -> Result<(), String> {
    let parse = |text: &str| text.parse().map_err(|_| format!("{text}: no address"));
    run(parse(listen)?, parse(camera)?).map_err(|error| error.to_string())
}

/// The whole run. It is an error if the gateway loses or damages something; a missed
/// target is not.
fn compare() -> Result<(), String> {
    let begun = Instant::now();
    let directory = server::directory();
    fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
    let environment = introduce();
    let mut tables = tables();
    run(&mut tables, counter());
    let idle = idle()?;
    let verdicts = targets::judge(&tables, &idle);
    for table in &tables {
        print!("{}", table::show(table));
    }
    print!("{}", table::verdicts(&verdicts));
    let path = directory.join("gateway.json");
    let document = json::document(&environment, &tables, &idle, &verdicts);
    fs::write(&path, document).map_err(|error| error.to_string())?;
    let markdown = directory.join("gateway.md");
    fs::write(&markdown, table::markdown(&tables)).map_err(|error| error.to_string())?;
    let path = path.canonicalize().unwrap_or(path);
    println!("\n{} s; {}", begun.elapsed().as_secs(), path.display());
    let rows = tables.iter().flat_map(|table| &table.rows);
    let failed = rows.filter(|row| row.contender.is_camgate() && row.failure.is_some());
    match failed.count() {
        0 => Ok(()),
        count => Err(format!("the gateway failed in {count} cases")),
    }
}

/// Prints where this runs, and warns of what makes the results worse.
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
        Ok(list) => list.split(',').map(str::trim).any(|wanted| {
            let rest = name.strip_prefix(wanted);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        }),
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

/// Runs all cases, one after the other.
fn run(tables: &mut [Table], counter: Option<Counter>) {
    for table in tables {
        for start in 0..table.case.starts {
            sit(table, start, counter.filter(|_| start == 0));
        }
    }
    clear();
}

/// Starts all contenders of a case, lets them do their slices in turn, and finally
/// counts system calls if there is a counter.
fn sit(table: &mut Table, start: usize, counter: Option<Counter>) {
    let case = table.case;
    let mut stands: Vec<Option<Stand>> = Vec::new();
    for row in &mut table.rows {
        progress(&case, row.contender, "starting");
        let plays = takes_part(&case, row.contender, start) && row.failure.is_none();
        stands.push(
            plays
                .then(|| Stand::open(&case, row.contender))
                .and_then(|stand| stand.map_err(|failure| row.failure = Some(failure)).ok()),
        );
    }
    for round in 0..case.slices {
        let mut order: Vec<usize> = (0..stands.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for index in order {
            let row = &mut table.rows[index];
            progress(&case, row.contender, &format!("{start}.{round}"));
            let slice = attempt(&mut stands[index], row, Stand::slice);
            row.slices.push(slice);
        }
    }
    for (row, mut stand) in table.rows.iter_mut().zip(stands) {
        if let Some(counter) = counter.filter(|_| row.contender != Contender::Direct) {
            row.calls = attempt(&mut stand, row, |stand| stand.calls(counter));
        }
        if case.joins > 0 && row.contender.is_camgate() {
            progress(&case, row.contender, "joining");
            attempt(&mut stand, row, Stand::joins);
        }
        row.starts.extend(stand.map(Stand::close));
    }
}

/// The result of `act` on a stand. A stand that fails is closed, and the reason is
/// noted.
fn attempt<T>(
    stand: &mut Option<Stand>,
    row: &mut Row,
    act: impl FnOnce(&mut Stand) -> Result<T, String>,
) -> Option<T> {
    let outcome = act(stand.as_mut()?);
    outcome
        .map_err(|failure| {
            row.failure = Some(failure);
            *stand = None;
        })
        .ok()
}

/// Shows on the terminal what is going on.
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

/// Whether a contender takes part in start number `start` of a case. websockify forks
/// for each viewer, which takes longer than the case; without a gateway in the middle,
/// a flood shows nothing; and only camgate shares cameras.
fn takes_part(case: &Case, contender: Contender, start: usize) -> bool {
    if case.is_shared() {
        return match contender {
            Contender::CamgateBatch => true,
            Contender::Fan => !case.is_slow(),
            Contender::Camgate => case.viewers == 200,
            Contender::CamgateSlow => case.is_slow(),
            _ => false,
        };
    }
    match contender {
        Contender::Direct => !case.is_flood(),
        Contender::Fan | Contender::CamgateSlow => false,
        Contender::Websockify => case.viewers < 500 && start == 0 && !quick(),
        _ => true,
    }
}

fn counter() -> Option<Counter> {
    let counter = Counter::find();
    match counter {
        Some(counter) => println!("system calls are counted by {}", counter.name()),
        None => println!("system calls are not counted: neither perf nor strace works here"),
    }
    counter
}

/// The idle memory of the gateway: of the static build, if there is one.
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
