//! A contender that is being measured: a fresh server, its viewers, slices of their
//! work, and what each slice cost.

use std::time::Duration;

use crate::calls::Counter;
use crate::case::{Case, Work};
use crate::checker::Seen;
use crate::contender::Contender;
use crate::film::CYCLE;
use crate::load::{Flow, Load};
use crate::process;
use crate::server::Server;
use crate::viewer::Protocol;

/// The default size of camgate's pool, in bytes.
const IDLE_POOL: u64 = 4 << 20;

/// The results of one slice of work. Times are in seconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Slice {
    /// The processor time of the server per gigabyte (10⁹ bytes) of frames.
    pub processor: Option<f64>,
    /// The bytes of frames delivered per second.
    pub speed: f64,
    /// The time from a frame's release by the camera to its receipt by the viewer.
    pub latency: Latency,
    /// The median latency of key pictures, if there were any.
    pub key: Option<f64>,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Latency {
    pub p50: f64,
    pub p99: f64,
    pub max: f64,
}

/// The results of one start of a server. Sizes are in bytes, times in seconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Start {
    /// The time from a viewer's connect to its first whole frame, for the median
    /// viewer.
    pub first_frame: f64,
    pub memory: Option<Memory>,
    /// The time from PLAY to the first whole picture, for viewers who joined while the
    /// film was running.
    pub first_picture: Option<Latency>,
    /// What the slow viewer saw.
    pub slow: Option<Seen>,
}

/// The resident memory of a server, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// When it listens, before anybody has come.
    pub idle: u64,
    /// At the end of the work, with all viewers still there.
    pub loaded: u64,
    pub peak: u64,
    /// How much of camgate's pool is resident at the end.
    pub pool: u64,
    /// What a viewer adds, apart from the pool.
    pub each: f64,
}

/// A contender that was started and has all viewers of its case.
pub struct Stand {
    case: Case,
    load: Load,
    server: Option<Server>,
    idle: Option<(process::Memory, u64)>,
    first_frame: f64,
    first_picture: Option<Latency>,
    protocol: Protocol,
}

impl Stand {
    /// Starts `contender` and connects the viewers.
    ///
    /// # Errors
    /// The server does not start, or does not let all viewers in.
    pub fn open(case: &Case, contender: Contender) -> Result<Stand, String> {
        let mut load = Load::new(case.is_shared()).map_err(|error| error.to_string())?;
        let server = start(contender, &load, case.pool())?;
        let idle = server.as_ref().map(|s| state(s.pid(), case.pool()));
        let address = server.as_ref().map_or(load.camera(), |s| s.address);
        let protocol = contender.protocol();
        let mut firsts = load.connect(address, protocol, case.viewers)?;
        if contender == Contender::CamgateSlow {
            load.connect_slow(protocol)?;
        }
        if case.is_shared() {
            load.run_in()?;
        }
        Ok(Stand {
            case: *case,
            load,
            server,
            idle,
            first_frame: percentile(&mut firsts, 0.5).as_secs_f64(),
            first_picture: None,
            protocol,
        })
    }

    /// Has viewers join at moments that are spread over the film's cycle, and notes how
    /// soon each had a picture.
    ///
    /// # Errors
    /// One of them did not get what it should.
    pub fn joins(&mut self) -> Result<(), String> {
        // Cycle and pause have no common measure, so no two viewers join at the same
        // picture.
        let pause = CYCLE.mul_f64(0.137);
        let pauses = vec![pause; self.case.joins];
        let times = self.load.join(self.protocol, &pauses)?;
        let times = times.iter().map(|time| time.as_micros() as u32);
        self.first_picture = Some(latency(times.collect()));
        Ok(())
    }

    /// One slice of the case's work, after a tenth of one that does not count.
    ///
    /// # Errors
    /// The server does not deliver every frame as it was sent.
    pub fn slice(&mut self) -> Result<Slice, String> {
        self.work(self.case.warm_up())?;
        let before = self.processor_time();
        let flow = self.work(self.case.work)?;
        let spent = self.processor_time().zip(before);
        let spent = spent.map(|(after, before)| (after - before).as_secs_f64());
        Ok(Slice {
            processor: spent.map(|spent| spent / flow.bytes as f64 * 1e9),
            speed: flow.bytes as f64 / flow.time.as_secs_f64(),
            key: (!flow.key_latencies.is_empty()).then(|| latency(flow.key_latencies).p50),
            latency: latency(flow.latencies),
        })
    }

    /// The results that are known at the end.
    pub fn close(self) -> Start {
        let pool = self.case.pool();
        let loaded = self.server.as_ref().map(|s| state(s.pid(), pool));
        let both = self.idle.zip(loaded);
        Start {
            first_frame: self.first_frame,
            memory: both.map(|(idle, loaded)| memory(idle, loaded, self.case.viewers)),
            first_picture: self.first_picture,
            slow: self.load.slow_seen(),
        }
    }

    /// The server's system calls per megabyte (10⁶ bytes) of frames, in a slice that is
    /// not timed.
    pub fn calls(&mut self, counter: Counter) -> Result<f64, String> {
        let Some(server) = &self.server else {
            return Err("nobody to count for".into());
        };
        let counting = counter.attach(server.pid())?;
        let flow = self.work(self.case.work)?;
        let calls = counting.finish().ok_or("the counter counted nothing")?;
        Ok(calls as f64 / flow.bytes as f64 * 1e6)
    }

    fn work(&mut self, work: Work) -> Result<Flow, String> {
        match work {
            Work::Flood { bytes } => self.load.flood(bytes),
            Work::Pace { bits, time } => self.load.pace(bits, time),
            Work::Show { time } => self.load.show(time),
        }
    }

    fn processor_time(&self) -> Option<Duration> {
        let server = self.server.as_ref()?;
        Some(process::processor_time(server.pid()))
    }
}

/// The resident memory of an idle program that is started like the gateway.
pub fn idle(contender: Contender) -> Result<u64, String> {
    let load = Load::new(false).map_err(|error| error.to_string())?;
    let server = start(contender, &load, IDLE_POOL)?;
    Ok(server.map_or(0, |s| state(s.pid(), IDLE_POOL).0.resident))
}

fn start(contender: Contender, load: &Load, pool: u64) -> Result<Option<Server>, String> {
    match contender {
        Contender::Direct => Ok(None),
        _ => Server::start(contender, load.camera(), pool).map(Some),
    }
}

/// The memory of a process, and how much of it is a pool of this many bytes.
fn state(pid: u32, pool: u64) -> (process::Memory, u64) {
    let pool = process::resident_of_allocation(pid, pool);
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
        max: at(1.0),
    }
}

/// The value below which the share `part` of all values are; the default if there are
/// no values.
fn percentile<T: Ord + Copy + Default>(values: &mut [T], part: f64) -> T {
    if values.is_empty() {
        return T::default();
    }
    let index = ((values.len() - 1) as f64 * part).round() as usize;
    *values.select_nth_unstable(index).1
}
