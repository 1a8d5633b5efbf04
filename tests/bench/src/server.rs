//! A server that is being measured: a process of its own, on a core of its own.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, io};

use crate::contender::Contender;
use crate::cores;
use crate::process;

/// How long a server may take until it listens.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running server, which ends when it is dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    /// Starts a server that finds its camera at `camera`; for `pool` see
    /// [`Contender::command`].
    ///
    /// # Errors
    /// It cannot be run, ends at once, or does not listen in time.
    pub fn start(contender: Contender, camera: SocketAddr, pool: u64) -> Result<Server, String> {
        let name = contender.name();
        let failed = |error: io::Error| format!("{name} does not start: {error}");
        let address = free_address().map_err(failed)?;
        let words = contender.command(address, camera, pool).map_err(failed)?;
        let log = fs::File::create(directory().join("server.log")).map_err(failed)?;
        let mut command = cores::on_server_core(&words[0]);
        command.args(&words[1..]).stdin(Stdio::null());
        command.stdout(log.try_clone().map_err(failed)?).stderr(log);
        let child = command.spawn().map_err(failed)?;
        let mut server = Server { child, address };
        let begun = Instant::now();
        while !process::is_listening(address) {
            let ended = server.child.try_wait().map_err(failed)?.is_some();
            if ended || begun.elapsed() > PATIENCE {
                let log = fs::read_to_string(directory().join("server.log"));
                return Err(format!(
                    "{name} does not listen: {}",
                    log.unwrap_or_default()
                ));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(server)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    /// Ends the server and its children, which nobody else knows.
    fn drop(&mut self) {
        let family = process::family(self.child.id());
        let _ = self.child.kill();
        let _ = self.child.wait();
        process::signal("KILL", &family[1..]);
    }
}

/// The directory for results, and for files that servers need.
pub fn directory() -> PathBuf {
    built("../bench")
}

/// A path beside this program.
pub fn built(name: &str) -> PathBuf {
    let own = env::current_exe().unwrap_or_default();
    own.parent().map(|here| here.join(name)).unwrap_or_default()
}

fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?.local_addr()
}
