//! The servers that are compared, and how each of them is started.
//!
//! | name | what it does | between |
//! |---|---|---|
//! | load alone | nothing: viewers connect to the camera itself | TCP |
//! | relay | the floor: reads 64K, writes 64K | TCP and TCP |
//! | writes | the floor of a shared camera: reads 64K, writes them to each | TCP and TCP |
//! | camgate | one interleaved frame per message | WSP and RTSP |
//! | camgate batch | as many whole frames per message as are there | WSP and RTSP |
//! | and one slow | the same with one more viewer, at a tenth of the speed | WSP and RTSP |
//! | haproxy | TCP mode, one thread | TCP and TCP |
//! | websockify | one Python process per viewer | WebSocket and TCP |
//! | websocat | binary, as many threads as it likes | WebSocket and TCP |
//!
//! camgate runs with its defaults, with these exceptions: it allows more viewers, waits
//! longer before it pings viewers who wait for their turn, and if a camera is shared,
//! pool and cache are large enough for four seconds.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use crate::load::SHARED;
use crate::server::{built, directory};
use crate::viewer::Protocol;

/// A server that can be measured, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contender {
    Direct,
    Relay,
    Fan,
    Camgate,
    CamgateBatch,
    CamgateSlow,
    /// The static build, of which only the idle memory is measured.
    CamgateStatic,
    Haproxy,
    Websockify,
    Websocat,
}

use Contender::*;

impl Contender {
    pub const ALL: [Contender; 9] = [
        Direct,
        Relay,
        Fan,
        Camgate,
        CamgateBatch,
        CamgateSlow,
        Haproxy,
        Websocat,
        Websockify,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Direct => "load alone",
            Relay => "relay",
            Fan => "writes",
            Camgate => "camgate",
            CamgateStatic => "camgate static",
            CamgateBatch => "camgate batch",
            CamgateSlow => "and one slow",
            Haproxy => "haproxy",
            Websockify => "websockify",
            Websocat => "websocat",
        }
    }

    pub fn protocol(self) -> Protocol {
        match self {
            Direct | Relay | Fan | Haproxy => Protocol::Raw,
            Websockify | Websocat => Protocol::Stream,
            Camgate | CamgateStatic => Protocol::Camgate { batch: false },
            CamgateBatch | CamgateSlow => Protocol::Camgate { batch: true },
        }
    }

    pub fn is_camgate(self) -> bool {
        matches!(self, Camgate | CamgateBatch | CamgateSlow)
    }

    /// Whether it can be run here.
    pub fn is_here(self) -> bool {
        self == Direct || self.program().is_some()
    }

    fn program(self) -> Option<PathBuf> {
        match self {
            Direct => None,
            Relay | Fan => env::current_exe().ok(),
            Camgate | CamgateBatch | CamgateSlow => Some(built("camgate")),
            CamgateStatic => static_build(),
            Haproxy => find("haproxy"),
            Websockify => find("websockify"),
            Websocat => find("websocat"),
        }
    }

    /// The command line that serves `camera` at `listen`; `pool` is the size of
    /// camgate's pool in bytes.
    pub fn command(
        self,
        listen: SocketAddr,
        camera: SocketAddr,
        pool: u64,
    ) -> io::Result<Vec<String>> {
        let program = self.program().ok_or(io::ErrorKind::NotFound)?;
        let (from, to) = (listen.to_string(), camera.to_string());
        let rest: Vec<String> = match self {
            Direct => Vec::new(),
            Relay => vec!["relay".into(), from, to],
            Fan => vec!["fan".into(), from, to],
            Camgate | CamgateBatch | CamgateSlow | CamgateStatic => {
                let configuration = camgate(&from, &to, pool);
                vec!["-c".into(), written("camgate.ini", &configuration)?]
            }
            Haproxy => vec![
                "-db".into(),
                "-f".into(),
                written("haproxy.cfg", &haproxy(&from, &to))?,
            ],
            Websockify => vec![from, to],
            Websocat => ["--binary", "--exit-on-eof"]
                .map(str::to_owned)
                .into_iter()
                .chain([format!("ws-listen:{from}"), format!("tcp:{to}")])
                .collect(),
        };
        Ok([program.display().to_string()]
            .into_iter()
            .chain(rest)
            .collect())
    }
}

fn camgate(listen: &str, camera: &str, pool: u64) -> String {
    format!(
        "[general]\nlisten = {listen}\ntargets = loopback\nlog = warn\n\
         [limits]\nviewers = 1000\nper_address = 1000\nhandshakes = 2000\npool = {pool}\nidle = 10m\n\
         [camera {SHARED}]\nurl = rtsp://{camera}/0\ngop_cache = 3M\n"
    )
}

fn haproxy(listen: &str, camera: &str) -> String {
    format!(
        "global\n  nbthread 1\n  maxconn 2000\n\
         defaults\n  mode tcp\n  timeout connect 10s\n  timeout client 60s\n  timeout server 60s\n\
         listen cameras\n  bind {listen}\n  server camera {camera}\n"
    )
}

fn written(name: &str, text: &str) -> io::Result<String> {
    let path = directory().join(name);
    fs::write(&path, text)?;
    Ok(path.display().to_string())
}

/// The gateway as built for boards, for this processor, if it was built.
fn static_build() -> Option<PathBuf> {
    let target = format!("{}-unknown-linux-musl", env::consts::ARCH);
    let program = built("../board").join(target).join("camgate");
    program.is_file().then_some(program)
}

/// A program that board/install.sh has built or installed.
fn find(name: &str) -> Option<PathBuf> {
    let tools = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/bench-tools/bin");
    let path = env::var("PATH").unwrap_or_default();
    [tools, "/usr/sbin"]
        .into_iter()
        .chain(path.split(':'))
        .map(|directory| Path::new(directory).join(name))
        .find(|program| program.is_file())
}
