//! GStreamer's RTSP server as a real camera that sends over UDP only.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// The server; it ends with its guard.
pub struct Gstreamer {
    child: Child,
    pub port: String,
}

impl Gstreamer {
    /// `None`: it is not installed.
    pub fn start() -> Option<Self> {
        let installed = "import gi; gi.require_version('GstRtspServer', '1.0'); \
                         from gi.repository import GstRtspServer";
        let python = || Command::new("/usr/bin/python3");
        let found = python()
            .args(["-c", installed])
            .stderr(Stdio::null())
            .status();
        if !found.is_ok_and(|status| status.success()) {
            return None;
        }
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser/gstreamer.py");
        let mut child = python()
            .args([script, "--protocol", "udp", "--audio", "none"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take()?)
            .read_line(&mut line)
            .ok()?;
        let port = line
            .trim()
            .strip_prefix("READY ")
            .expect("READY")
            .to_owned();
        Some(Self { child, port })
    }
}

impl Drop for Gstreamer {
    fn drop(&mut self) {
        drop(self.child.stdin.take()); // its end
        let _ = self.child.wait();
    }
}
