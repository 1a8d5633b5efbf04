//! Host names to addresses, off the loop: the one helper thread of the gateway.
//!
//! The system's resolver blocks, for seconds if a name server is down. The
//! thread is started with the first name; addresses never go near it. At most
//! [`WAITING`] names wait; one more is refused.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Instant;

use mio::Waker;

use super::viewer::Owner;

/// Names that may wait for the thread.
const WAITING: usize = 64;
/// Addresses of one name that are tried.
const ADDRESSES: usize = 4;

struct Question {
    owner: Owner,
    host: String,
    port: u16,
    /// Nobody wants to know any more after that.
    until: Instant,
}

/// What became of a name.
pub struct Answer {
    /// Who asked.
    pub owner: Owner,
    /// The name.
    pub host: String,
    /// Addresses in the resolver's order of preference.
    pub addresses: io::Result<Vec<SocketAddr>>,
}

/// Looks names up.
pub struct Resolver {
    waker: Arc<Waker>,
    questions: Option<SyncSender<Question>>,
    answers: (Sender<Answer>, Receiver<Answer>),
}

impl Resolver {
    /// `waker` is woken for every answer.
    pub fn new(waker: Arc<Waker>) -> Resolver {
        Resolver {
            waker,
            questions: None,
            answers: channel(),
        }
    }

    /// The address, if `host` is one already. `None`: a name, to be looked up.
    pub fn literal(host: &str, port: u16) -> Option<SocketAddr> {
        let ip: IpAddr = host.parse().ok()?;
        Some(SocketAddr::new(ip, port))
    }

    /// Asks for the addresses of a name; it is not looked up after `until`.
    ///
    /// # Errors
    /// Too many names wait already, or the thread cannot be started.
    pub fn ask(&mut self, owner: Owner, host: String, port: u16, until: Instant) -> io::Result<()> {
        let questions = match &self.questions {
            Some(questions) => questions,
            None => {
                let started = self.start()?;
                self.questions.insert(started)
            }
        };
        let question = Question {
            owner,
            host,
            port,
            until,
        };
        questions
            .try_send(question)
            .map_err(|_| io::Error::other("too many names wait to be looked up"))
    }

    /// The next answer that has come.
    pub fn answer(&self) -> Option<Answer> {
        self.answers.1.try_recv().ok()
    }

    fn start(&self) -> io::Result<SyncSender<Question>> {
        let (questions, inbox) = sync_channel::<Question>(WAITING);
        let answers = self.answers.0.clone();
        let waker = Arc::clone(&self.waker);
        thread::Builder::new()
            .name("resolver".to_owned())
            .spawn(move || {
                for question in inbox {
                    if Instant::now() > question.until {
                        continue;
                    }
                    let Question {
                        owner, host, port, ..
                    } = question;
                    let addresses = (host.as_str(), port)
                        .to_socket_addrs()
                        .map(|all| all.take(ADDRESSES).collect());
                    let answer = Answer {
                        owner,
                        host,
                        addresses,
                    };
                    if answers.send(answer).is_err() || waker.wake().is_err() {
                        return;
                    }
                }
            })?;
        Ok(questions)
    }
}
