//! One repetition: a fresh server, its viewers, their work, and what that cost.

use std::time::Duration;

use crate::calls::Counter;
use crate::case::{Case, Work};
use crate::contender::{Contender, POOL};
use crate::load::{Flow, Load};
use crate::process;
use crate::server::Server;

/// What one repetition showed. Sizes in bytes, times in seconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sample {
    /// Processor time of the server for a gigabyte (10⁹ bytes) of frames.
    pub processor: Option<f64>,
    /// Bytes of frames delivered in a second.
    pub speed: f64,
    /// From a frame's release by the camera to its receipt by the viewer.
    pub latency: Latency,
    /// From a viewer's connect to its first whole frame; the median viewer.
    pub first_frame: f64,
    pub memory: Option<Memory>,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Latency {
    pub p50: f64,
    pub p99: f64,
    pub most: f64,
}

/// Resident memory of a server, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// Listening, before anybody came.
    pub idle: u64,
    /// At the end of the work, all viewers still there.
    pub loaded: u64,
    pub peak: u64,
    /// How much of camgate's pool is resident, at the end.
    pub pool: u64,
    /// What a viewer adds beside the pool.
    pub each: f64,
}

/// Runs `case` once.
///
/// # Errors
/// The server does not start, or does not deliver every frame as it was sent.
pub fn once(case: &Case, contender: Contender) -> Result<Sample, String> {
    let mut load = Load::new().map_err(|error| error.to_string())?;
    let server = start(contender, &load)?;
    let pid = server.as_ref().map(Server::pid);
    let idle = pid.map(state);
    let mut firsts = connect(&mut load, server.as_ref(), case, contender)?;
    let before = pid.map(process::processor_time);
    let flow = work(&mut load, case)?;
    let after = pid.map(process::processor_time);
    let spent = before.zip(after).map(|(before, after)| after - before);
    let loaded = pid.map(state);
    Ok(Sample {
        processor: spent.map(|spent| spent.as_secs_f64() / flow.bytes as f64 * 1e9),
        speed: flow.bytes as f64 / flow.time.as_secs_f64(),
        latency: latency(flow.latencies),
        first_frame: percentile(&mut firsts, 0.5).as_secs_f64(),
        memory: idle
            .zip(loaded)
            .map(|(idle, loaded)| memory(idle, loaded, case.viewers)),
    })
}

/// Runs `case` once, shortened, and counts the server's system calls for a
/// megabyte (10⁶ bytes) of frames.
pub fn calls(case: &Case, contender: Contender, counter: Counter) -> Result<f64, String> {
    let case = case.brief();
    let mut load = Load::new().map_err(|error| error.to_string())?;
    let Some(server) = start(contender, &load)? else {
        return Err("nobody to count for".into());
    };
    connect(&mut load, Some(&server), &case, contender)?;
    let counting = counter.attach(server.pid())?;
    let flow = work(&mut load, &case)?;
    let calls = counting.finish().ok_or("the counter counted nothing")?;
    Ok(calls as f64 / flow.bytes as f64 * 1e6)
}

/// Resident memory of an idle program, started like the gateway.
pub fn idle(contender: Contender) -> Result<u64, String> {
    let load = Load::new().map_err(|error| error.to_string())?;
    let server = start(contender, &load)?;
    Ok(server.map_or(0, |server| state(server.pid()).0.resident))
}

fn start(contender: Contender, load: &Load) -> Result<Option<Server>, String> {
    match contender {
        Contender::Direct => Ok(None),
        _ => Server::start(contender, load.camera()).map(Some),
    }
}

fn connect(
    load: &mut Load,
    server: Option<&Server>,
    case: &Case,
    contender: Contender,
) -> Result<Vec<Duration>, String> {
    let address = server.map_or(load.camera(), |server| server.address);
    load.connect(address, contender.protocol(), case.viewers)
}

fn work(load: &mut Load, case: &Case) -> Result<Flow, String> {
    match case.work {
        Work::Flood { bytes } => load.flood(bytes),
        Work::Pace { bits, time } => load.pace(bits, time),
    }
}

/// Memory, and how much of it is the pool.
fn state(pid: u32) -> (process::Memory, u64) {
    let pool = process::resident_of_allocation(pid, POOL);
    (process::memory(pid), pool)
}

fn memory(
    (idle, pool_idle): (process::Memory, u64),
    (loaded, pool): (process::Memory, u64),
    viewers: usize,
) -> Memory {
    let beside = |resident: u64, pool: u64| resident as f64 - pool as f64;
    let grown = beside(loaded.resident, pool) - beside(idle.resident, pool_idle);
    Memory {
        idle: idle.resident,
        loaded: loaded.resident,
        peak: loaded.peak,
        pool,
        each: grown / viewers as f64,
    }
}

fn latency(mut microseconds: Vec<u32>) -> Latency {
    let mut at = |part| f64::from(percentile(&mut microseconds, part)) / 1e6;
    Latency {
        p50: at(0.5),
        p99: at(0.99),
        most: at(1.0),
    }
}

/// The value below which `part` of all are; the default of none.
fn percentile<T: Ord + Copy + Default>(values: &mut [T], part: f64) -> T {
    if values.is_empty() {
        return T::default();
    }
    let index = ((values.len() - 1) as f64 * part).round() as usize;
    *values.select_nth_unstable(index).1
}
