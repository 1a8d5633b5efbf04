//! The gateway's program as a process: the gateway, and its built-in camera.
//!
//! Invariant: the process ends with its guard.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Only ever reached by a failure.
const BOUND: Duration = Duration::from_secs(10);

/// Beside the folder of the test's own program.
fn program() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let built = own.ancestors().nth(2).unwrap().join("camgate");
    assert!(
        built.exists(),
        "{} is not there: cargo build makes it",
        built.display()
    );
    built
}

/// A process, and what it says.
pub struct Program {
    child: Child,
    said: Arc<Mutex<String>>,
    /// `rtsp://…/`
    pub address: String,
}

impl Program {
    /// The built-in camera.
    pub fn camera() -> Program {
        Program::start(&["camera", "--listen", "127.0.0.1:0"])
    }

    /// Starts it and waits until it tells an address of RTSP.
    fn start(arguments: &[&str]) -> Program {
        let mut child = Command::new(program())
            .args(arguments)
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        gather(child.stdout.take().unwrap(), &said);
        gather(child.stderr.take().unwrap(), &said);
        let mut program = Program {
            child,
            said,
            address: String::new(),
        };
        program.address = program.await_address();
        program
    }

    fn await_address(&self) -> String {
        let started = Instant::now();
        loop {
            let said = self.said.lock().unwrap().clone();
            let address = said.split_once("rtsp://127.0.0.1:");
            if let Some((port, _)) = address.and_then(|(_, rest)| rest.split_once('/')) {
                return format!("rtsp://127.0.0.1:{port}/");
            }
            assert!(started.elapsed() < BOUND, "no address in: {said}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn gather(from: impl Read + Send + 'static, into: &Arc<Mutex<String>>) {
    let into = Arc::clone(into);
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            into.lock().unwrap().push_str(&(line + "\n"));
        }
    });
}

/// The gateway with these cameras.
pub struct Gateway {
    program: Program,
    file: PathBuf,
    /// `rtsp://…/`
    pub rtsp: String,
}

impl Gateway {
    pub fn start(cameras: &str) -> Gateway {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("retina-{}-{number}.ini", std::process::id());
        let file = Path::new(&std::env::temp_dir()).join(name);
        let general = "[general]\nlisten = 127.0.0.1:0\nrtsp_listen = 127.0.0.1:0\n";
        std::fs::write(&file, format!("{general}{cameras}")).unwrap();
        let program = Program::start(&["serve", "-c", file.to_str().unwrap()]);
        let rtsp = program.address.clone();
        Gateway {
            program,
            file,
            rtsp,
        }
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        self.program.said.lock().unwrap().clone()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}
