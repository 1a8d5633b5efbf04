//! Host names to addresses, off the loop.
//!
//! The system's resolver blocks, for half a minute if a name server is down. So
//! names wait in lines, each with a few threads of its own: configured cameras
//! never wait for what viewers name, and names that were slow the last time
//! never hold up the others. Threads begin with a name and end when their line
//! is empty; addresses never go near them.
//!
//! Invariant: each question gets exactly one answer, at its deadline at the
//! latest, whatever the threads do; none after [`Resolver::forget`]. A name is
//! looked up once at a time, however many ask for it.

mod lines;

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use mio::Waker;

use super::Attempt;
use crate::net::io::key::Key;

use lines::{Line, Lines};

/// Names of viewers that may wait, or are looked up.
const NAMES: usize = 64;
/// Of them, for one address.
const NAMES_PER_ADDRESS: usize = 4;
/// Addresses of one name that are tried.
const ADDRESSES: usize = 4;
/// Threads of a line of cameras: so many names may be slow before that is known.
const CAMERA_THREADS: usize = 24;
/// Threads of a line of viewers.
const VIEWER_THREADS: usize = 8;
/// The stack of one: the system's resolver may load modules of others.
const STACK: usize = 512 * 1024;
/// A name that takes longer is slow.
const SLOW: Duration = Duration::from_secs(1);

/// The system's resolver, or what stands in for it.
pub type Lookup = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

/// What became of a question.
#[derive(Debug)]
pub struct Answer {
    /// Who asked.
    pub attempt: Attempt,
    /// The name.
    pub host: String,
    pub port: u16,
    /// Addresses in the resolver's order of preference; `TimedOut` at the deadline.
    pub addresses: io::Result<Vec<SocketAddr>>,
}

struct Asker {
    attempt: Attempt,
    port: u16,
    until: Instant,
}

/// A name that waits or is looked up. Nobody may want to know any more.
struct Name {
    number: u64,
    host: String,
    of_viewers: bool,
    /// The client who asked first.
    client: Option<IpAddr>,
    line: Arc<Line>,
    askers: Vec<Asker>,
}

/// What a thread found.
struct Found {
    number: u64,
    addresses: io::Result<Vec<IpAddr>>,
    slow: bool,
}

/// Looks names up.
pub struct Resolver {
    waker: Arc<Waker>,
    lookup: Arc<Lookup>,
    cameras: Lines,
    viewers: Lines,
    names: Vec<Name>,
    found: (Sender<Found>, Receiver<Found>),
    answers: VecDeque<Answer>,
    /// The number of the last name.
    number: u64,
}

impl Resolver {
    /// `waker` is woken for what the threads find.
    pub fn new(waker: Arc<Waker>) -> Resolver {
        Resolver::with(waker, Arc::new(system))
    }

    /// The same with another way to look names up.
    pub fn with(waker: Arc<Waker>, lookup: Arc<Lookup>) -> Resolver {
        Resolver {
            waker,
            lookup,
            cameras: Lines::new(CAMERA_THREADS),
            viewers: Lines::new(VIEWER_THREADS),
            names: Vec::new(),
            found: channel(),
            answers: VecDeque::new(),
            number: 0,
        }
    }

    /// The address, if `host` is one already. `None`: a name, to be looked up.
    pub fn literal(host: &str, port: u16) -> Option<SocketAddr> {
        let ip: IpAddr = host.parse().ok()?;
        Some(SocketAddr::new(ip, port))
    }

    /// Asks for the addresses of a name, until a deadline; `client` is whose
    /// viewer asks.
    ///
    /// # Errors
    /// Too many names wait already, or no thread can be started.
    pub fn ask(
        &mut self,
        attempt: Attempt,
        host: &str,
        port: u16,
        until: Instant,
        client: Option<IpAddr>,
    ) -> io::Result<()> {
        let of_viewers = client.is_some();
        let asker = Asker {
            attempt,
            port,
            until,
        };
        let mut names = self.names.iter_mut();
        let same = |name: &&mut Name| name.of_viewers == of_viewers && name.host == host;
        if let Some(name) = names.find(same) {
            name.askers.push(asker);
            return Ok(());
        }
        if of_viewers {
            self.admit(client)?;
        }
        let line = self.lines(of_viewers).line_for(host);
        self.number += 1;
        line.lock()
            .waiting
            .push_back((self.number, host.to_owned()));
        if let Err(error) = self.start_thread(&line) {
            line.remove(self.number);
            return Err(error);
        }
        self.names.push(Name {
            number: self.number,
            host: host.to_owned(),
            of_viewers,
            client,
            line,
            askers: vec![asker],
        });
        Ok(())
    }

    /// Whether one more name of this client may be looked up. Names that are
    /// being looked up count although their viewers may be gone.
    fn admit(&self, client: Option<IpAddr>) -> io::Result<()> {
        let names = || self.names.iter().filter(|name| name.of_viewers);
        if names().filter(|name| name.client == client).count() >= NAMES_PER_ADDRESS {
            let words = "too many names of yours are being looked up";
            return Err(io::Error::other(words));
        }
        if names().count() >= NAMES {
            let words = "too many names wait to be looked up";
            return Err(io::Error::other(words));
        }
        Ok(())
    }

    /// This one wants no answer any more.
    pub fn forget(&mut self, source: Key) {
        self.answers
            .retain(|answer| answer.attempt.source != source);
        for name in &mut self.names {
            name.askers.retain(|asker| asker.attempt.source != source);
        }
        self.drop_unwanted();
    }

    /// When [`Resolver::answer`] wants to be asked although nothing was found.
    pub fn due(&self) -> Option<Instant> {
        let askers = self.names.iter().flat_map(|name| &name.askers);
        askers.map(|asker| asker.until).min()
    }

    /// The next answer that there is.
    pub fn answer(&mut self, now: Instant) -> Option<Answer> {
        while let Ok(found) = self.found.1.try_recv() {
            self.take(found);
        }
        self.expire(now);
        self.answers.pop_front()
    }

    fn take(&mut self, found: Found) {
        let number = found.number;
        let Some(at) = self.names.iter().position(|name| name.number == number) else {
            return;
        };
        let name = self.names.swap_remove(at);
        self.lines(name.of_viewers).remember(&name.host, found.slow);
        for asker in &name.askers {
            let addresses = match &found.addresses {
                Ok(all) => {
                    let all = all.iter().take(ADDRESSES);
                    Ok(all.map(|ip| SocketAddr::new(*ip, asker.port)).collect())
                }
                Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
            };
            self.answers.push_back(name.answer(asker, addresses));
        }
    }

    /// Answers the questions whose time is over.
    fn expire(&mut self, now: Instant) {
        let mut late = Vec::new();
        for name in &mut self.names {
            let (over, rest) = std::mem::take(&mut name.askers)
                .into_iter()
                .partition(|asker| asker.until <= now);
            name.askers = rest;
            let over: Vec<Asker> = over;
            let timed_out = || Err(io::ErrorKind::TimedOut.into());
            self.answers
                .extend(over.iter().map(|asker| name.answer(asker, timed_out())));
            if !over.is_empty() && !name.line.has(name.number) {
                late.push((name.of_viewers, name.host.clone()));
            }
        }
        for (of_viewers, host) in late {
            self.lines(of_viewers).remember(&host, true);
        }
        self.drop_unwanted();
    }

    /// Takes names that nobody wants out of their lines.
    fn drop_unwanted(&mut self) {
        self.names
            .retain(|name| !name.askers.is_empty() || !name.line.remove(name.number));
    }

    fn lines(&mut self, of_viewers: bool) -> &mut Lines {
        match of_viewers {
            true => &mut self.viewers,
            false => &mut self.cameras,
        }
    }

    /// One more thread for a line, unless it has its own already.
    fn start_thread(&self, line: &Arc<Line>) -> io::Result<()> {
        if line.lock().threads >= line.most {
            return Ok(());
        }
        let (own, lookup) = (Arc::clone(line), Arc::clone(&self.lookup));
        let (found, waker) = (self.found.0.clone(), Arc::clone(&self.waker));
        line.lock().threads += 1;
        let started = thread::Builder::new()
            .name("resolver".to_owned())
            .stack_size(STACK)
            .spawn(move || {
                while let Some((number, host)) = own.next() {
                    let _ = found.send(look_up(&*lookup, number, &host));
                    let _ = waker.wake();
                }
            });
        let Err(error) = started else { return Ok(()) };
        let mut work = line.lock();
        work.threads -= 1;
        // Another one will do it.
        if work.threads > 0 { Ok(()) } else { Err(error) }
    }
}

fn look_up(lookup: &Lookup, number: u64, host: &str) -> Found {
    let begun = Instant::now();
    // Whatever the system's libraries do, there is an answer.
    let outcome = catch_unwind(AssertUnwindSafe(|| lookup(host)));
    let addresses = outcome.unwrap_or_else(|_| Err(io::Error::other("the resolver failed")));
    Found {
        number,
        addresses,
        slow: begun.elapsed() > SLOW,
    }
}

fn system(host: &str) -> io::Result<Vec<IpAddr>> {
    let addresses = (host, 0).to_socket_addrs()?;
    Ok(addresses.map(|address| address.ip()).collect())
}

impl Name {
    fn answer(&self, asker: &Asker, addresses: io::Result<Vec<SocketAddr>>) -> Answer {
        Answer {
            attempt: asker.attempt,
            host: self.host.clone(),
            port: asker.port,
            addresses,
        }
    }
}

#[cfg(test)]
mod tests;
