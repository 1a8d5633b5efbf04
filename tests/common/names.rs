//! A name server that does as the test says (RFC 1035), and a way to have the
//! gateway ask it: a mount namespace in which `/etc/resolv.conf` names it.
//!
//! Both need root, and a port that only root may have: without it there is none.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use super::BOUND;

const PORT: u16 = 53;
const TYPE_A: [u8; 2] = [0, 1];

#[derive(Default)]
struct Table {
    /// The names that are answered for.
    known: HashMap<String, Ipv4Addr>,
    /// Questions for an address that came, answered or not.
    asked: Vec<String>,
    /// The others, to be answered later.
    held: Vec<(String, Vec<u8>, SocketAddr)>,
    ended: bool,
}

struct Shared {
    socket: UdpSocket,
    table: Mutex<Table>,
    grown: Condvar,
}

/// A name server on this machine. Names that it does not know it leaves
/// unanswered, until it is told.
pub struct NameServer {
    shared: Arc<Shared>,
    file: PathBuf,
}

impl NameServer {
    /// `None` where the tests may not do this.
    pub fn start() -> Option<NameServer> {
        static NUMBER: AtomicU8 = AtomicU8::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let [.., a, b] = std::process::id().to_be_bytes();
        let address = Ipv4Addr::new(127, a.max(1), b, number);
        let allowed = Command::new("unshare").args(["-m", "true"]).status();
        let socket = UdpSocket::bind((address, PORT));
        let (true, Ok(socket)) = (allowed.is_ok_and(|it| it.success()), socket) else {
            eprintln!("skipped: this test needs root, for a name server of its own");
            return None;
        };
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("resolv-{address}.conf"));
        std::fs::write(&file, format!("nameserver {address}\n")).unwrap();
        let shared = Arc::new(Shared {
            socket,
            table: Mutex::default(),
            grown: Condvar::new(),
        });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || serving.serve());
        Some(NameServer { shared, file })
    }

    /// What is to stand in the place of `/etc/resolv.conf`.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// From now on this name has this address; who has asked is told.
    pub fn tell(&self, name: &str, address: Ipv4Addr) {
        let mut table = self.shared.table.lock().unwrap();
        table.known.insert(name.to_owned(), address);
        let (mine, others) = std::mem::take(&mut table.held)
            .into_iter()
            .partition(|(held, ..)| held == name);
        table.held = others;
        let mine: Vec<(String, Vec<u8>, SocketAddr)> = mine;
        for (_, question, from) in mine {
            let _ = self
                .shared
                .socket
                .send_to(&answer(&question, address), from);
        }
    }

    /// Waits until somebody has asked for this name.
    pub fn await_question(&self, name: &str) {
        let deadline = Instant::now() + BOUND;
        let mut table = self.shared.table.lock().unwrap();
        while !table.asked.iter().any(|asked| asked == name) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let asked = table.asked.clone();
                drop(table); // a panic must not poison what `drop` needs
                panic!("nobody asks for {name}: {asked:?}");
            }
            table = self.shared.grown.wait_timeout(table, left).unwrap().0;
        }
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.shared.table.lock().unwrap().ended = true;
        let own = self.shared.socket.local_addr().unwrap();
        let _ = self.shared.socket.send_to(&[], own); // wakes the thread
        let _ = std::fs::remove_file(&self.file);
    }
}

impl Shared {
    fn serve(&self) {
        let mut packet = [0; 512];
        while let Ok((length, from)) = self.socket.recv_from(&mut packet) {
            let question = packet[..length].to_vec();
            let mut table = self.table.lock().unwrap();
            if table.ended {
                return;
            }
            let Some(name) = name(&question) else {
                continue;
            };
            table.asked.push(name.clone());
            match table.known.get(&name) {
                Some(address) => {
                    let _ = self.socket.send_to(&answer(&question, *address), from);
                }
                None => table.held.push((name, question, from)),
            }
            self.grown.notify_all();
        }
    }
}

/// Where the question ends that begins behind the header.
fn end_of_name(question: &[u8]) -> Option<usize> {
    let mut at = 12;
    loop {
        match question.get(at)? {
            0 => return Some(at + 1),
            length => at += 1 + usize::from(*length),
        }
    }
}

fn name(question: &[u8]) -> Option<String> {
    let end = end_of_name(question)?;
    let mut labels = Vec::new();
    let mut at = 12;
    while at + 1 < end {
        let length = usize::from(question[at]);
        labels.push(String::from_utf8_lossy(question.get(at + 1..at + 1 + length)?).into_owned());
        at += 1 + length;
    }
    Some(labels.join("."))
}

/// One address for a question of type A, none for any other.
fn answer(question: &[u8], address: Ipv4Addr) -> Vec<u8> {
    let end = end_of_name(question).unwrap() + 4;
    let wanted = question[end - 4..end - 2] == TYPE_A;
    let mut bytes = question[..end].to_vec();
    bytes[2..4].copy_from_slice(&[0x81, 0x80]); // a response, recursion available
    bytes[4..12].copy_from_slice(&[0, 1, 0, u8::from(wanted), 0, 0, 0, 0]);
    if wanted {
        bytes.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        bytes.extend(address.octets());
    }
    bytes
}
