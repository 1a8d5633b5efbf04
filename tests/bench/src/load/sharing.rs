//! A camera that all viewers share: it shows its film while viewers come, and one of
//! them may be slow.

use std::time::{Duration, Instant};

use super::{Flow, Load, PATIENCE};
use crate::camera::Camera;
use crate::checker::Seen;
use crate::film::{BITS, CYCLE};
use crate::pace::TICK;
use crate::viewer::{Protocol, Viewer};

/// A slow viewer reads one part in this many of each second's bytes.
const SLOW: u64 = 10;
/// How much faster than usual a film is shown at first.
const QUICKLY: u32 = 4;
/// How often a slow viewer reads.
const SIP: Duration = Duration::from_millis(20);

impl Load {
    /// Adds a viewer who reads slowly.
    pub fn connect_slow(&mut self, protocol: Protocol) -> Result<(), String> {
        self.open(protocol, true)?;
        while !self.viewers.iter().all(Viewer::is_playing) {
            self.turn(Some(PATIENCE))?;
        }
        Ok(())
    }

    /// Shows a cycle of the film fast, so that memory is then used as it will be.
    pub fn run_in(&mut self) -> Result<(), String> {
        let (begun, before) = self.begin();
        while begun.elapsed() * QUICKLY < CYCLE {
            self.roll(begun.elapsed() * QUICKLY)?;
        }
        self.finish(begun, before)?;
        Ok(())
    }

    /// Shows the film for `time`.
    pub fn show(&mut self, time: Duration) -> Result<Flow, String> {
        let (begun, before) = self.begin();
        while begun.elapsed() < time {
            self.roll(begun.elapsed())?;
        }
        self.finish(begun, before)
    }

    /// Opens viewers, one after each of `pauses`, while the film continues. Returns how
    /// long each took from its PLAY to its first whole picture.
    pub fn join(
        &mut self,
        protocol: Protocol,
        pauses: &[Duration],
    ) -> Result<Vec<Duration>, String> {
        let (begun, before) = self.begin();
        let index = self.viewers.len();
        let mut times = Vec::new();
        for pause in pauses {
            let until = Instant::now() + *pause;
            while Instant::now() < until {
                self.roll(begun.elapsed())?;
            }
            self.open(protocol, false)?;
            while self.viewers[index].seen().pictures == 0 {
                self.roll(begun.elapsed())?;
                if until.elapsed() > PATIENCE {
                    return Err(format!("no picture after {PATIENCE:?}"));
                }
            }
            let asked = self.viewers[index].asked_at;
            times.extend(asked.map(|asked| asked.elapsed()));
            self.finish(begun, before)?;
            self.viewers.truncate(index);
        }
        Ok(times)
    }

    /// What the slow viewer has seen, if there is one.
    pub fn slow_seen(&self) -> Option<Seen> {
        let slow = self.viewers.iter().find(|viewer| viewer.is_slow());
        slow.map(Viewer::seen)
    }

    /// One tick of the film, which has been running for `time`.
    fn roll(&mut self, time: Duration) -> Result<(), String> {
        let now = self.now();
        if let (Some(film), [camera]) = (&mut self.film, &mut self.cameras[..]) {
            if let Some(frames) = film.due(time) {
                camera.release(frames, now);
            }
        } else {
            return Err(format!("{} links to a shared camera", self.cameras.len()));
        }
        if self.sip.elapsed() >= SIP {
            self.sip = Instant::now();
            let bytes = BITS as f64 / 8.0 * SIP.as_secs_f64() / SLOW as f64;
            for viewer in &mut self.viewers {
                viewer.allow(bytes as usize);
            }
        }
        let released = self.cameras.iter().map(Camera::released).max();
        let done = self.quick().all(|v| Some(v.frames()) >= released);
        // The load does not sleep while a picture is on its way: otherwise a server
        // would have to wake it for some writes and not for others, at random.
        self.turn(Some(if done { TICK } else { Duration::ZERO }))
    }
}
