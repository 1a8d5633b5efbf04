//! The built-in camera over real sockets, judged by ffmpeg as an independent
//! client. Without ffmpeg installed the tests that need it say so and pass.
#![cfg(feature = "builtin-camera")]

use camgate::builtin::{Server, Stopper};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Output, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A camera that runs in a thread until it is dropped.
struct Camera {
    address: SocketAddr,
    stopper: Stopper,
    thread: Option<JoinHandle<std::io::Result<()>>>,
}

impl Camera {
    fn start() -> Self {
        let server = Server::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let (address, stopper) = (server.local_addr(), server.stopper());
        let thread = std::thread::spawn(move || server.run());
        Camera {
            address,
            stopper,
            thread: Some(thread),
        }
    }

    fn url(&self) -> String {
        format!("rtsp://{}/", self.address)
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        let patience = Some(Duration::from_secs(5));
        stream.set_read_timeout(patience).unwrap();
        stream
    }

    /// Stops it; whether it ended without an error.
    fn stop(&mut self) -> bool {
        self.stopper.stop();
        let thread = self.thread.take().expect("stopped once");
        thread.join().expect("no panic").is_ok()
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.stop();
        }
    }
}

/// Runs a tool of ffmpeg's; `None` if it is not installed.
fn tool(name: &str, arguments: &[&str]) -> Option<Output> {
    let mut command = Command::new(name);
    let command = command.args(arguments).stdin(Stdio::null());
    let output = command.output();
    if output.is_err() {
        eprintln!("skipped: {name} is not installed");
    }
    output.ok()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Sends `request`, reads the head of the answer.
fn try_ask(stream: &mut TcpStream, request: &str) -> std::io::Result<String> {
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        answer.extend(byte);
    }
    Ok(text(&answer))
}

fn ask(stream: &mut TcpStream, request: &str) -> String {
    try_ask(stream, request).unwrap()
}

#[test]
fn ffprobe_finds_both_streams() {
    let camera = Camera::start();
    let entries = "stream=codec_name,profile,width,height,sample_rate,channels,r_frame_rate";
    let arguments = ["-v", "warning", "-rtsp_transport", "tcp", "-show_entries"];
    let url = camera.url();
    let all = [&arguments[..], &[entries, "-of", "compact", &url]].concat();
    let Some(output) = tool("ffprobe", &all) else {
        return;
    };
    assert_eq!(text(&output.stderr), "");
    let found = text(&output.stdout);
    for part in [
        "codec_name=h264|profile=Constrained Baseline|width=640|height=360|r_frame_rate=25/1",
        "codec_name=aac|profile=LC|sample_rate=48000|channels=1",
    ] {
        assert!(found.contains(part), "{part} in {found}");
    }
}

#[test]
fn ffmpeg_plays_it_twice_at_once_in_real_time() {
    let camera = Camera::start();
    let url = camera.url();
    let play = || {
        let arguments = ["-v", "warning", "-rtsp_transport", "tcp", "-i", &url];
        let rest = ["-t", "3", "-f", "null", "-", "-progress", "-", "-nostats"];
        let started = Instant::now();
        let output = tool("ffmpeg", &[&arguments[..], &rest].concat());
        (output, started.elapsed())
    };
    let both = std::thread::scope(|scope| {
        let second = scope.spawn(play);
        [play(), second.join().unwrap()]
    });
    for (output, took) in both {
        let Some(output) = output else {
            return;
        };
        assert!(output.status.success());
        assert_eq!(text(&output.stderr), "");
        let progress = text(&output.stdout);
        let mut frames = progress.lines().filter_map(|l| l.strip_prefix("frame="));
        let frames: u32 = frames.next_back().unwrap().trim().parse().unwrap();
        assert!((74..=76).contains(&frames), "{progress}");
        // Up to a second is sent ahead at the start.
        assert!(took > Duration::from_millis(1900), "{took:?}");
    }
}

#[test]
fn udp_is_refused_and_garbage_ends_only_its_own_connection() {
    let camera = Camera::start();
    let (mut good, mut bad) = (camera.connect(), camera.connect());
    let answer = ask(&mut bad, "\x16\x03\x01\x02");
    assert!(answer.starts_with("RTSP/1.0 400 "), "{answer}");
    assert_eq!(bad.read(&mut [0]).unwrap_or(0), 0);
    let udp = "SETUP rtsp://h/trackID=0 RTSP/1.0\r\nCSeq: 3\r\n\
        Transport: RTP/AVP;unicast;client_port=9000-9001\r\n\r\n";
    let answer = ask(&mut good, udp);
    assert!(answer.starts_with("RTSP/1.0 461 Unsupported Transport\r\n"));
    assert!(answer.contains("CSeq: 3\r\n"));
}

#[test]
fn media_keeps_its_pace() {
    let camera = Camera::start();
    let mut stream = camera.connect();
    let tcp = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1";
    let setup = format!("SETUP rtsp://h/trackID=0 RTSP/1.0\r\nCSeq: 1\r\n{tcp}\r\n\r\n");
    let answer = ask(&mut stream, &setup);
    let session = answer.lines().find(|line| line.starts_with("Session: "));
    let session = session.unwrap().split(';').next().unwrap();
    let play = format!("PLAY rtsp://h/ RTSP/1.0\r\nCSeq: 2\r\n{session}\r\n\r\n");
    assert!(ask(&mut stream, &play).starts_with("RTSP/1.0 200 "));
    // Two seconds of pictures, each marked once, none early.
    let started = Instant::now();
    let mut pictures = 0;
    while started.elapsed() < Duration::from_secs(2) {
        let mut header = [0; 4];
        stream.read_exact(&mut header).unwrap();
        let mut payload = vec![0; usize::from(u16::from_be_bytes([header[2], header[3]]))];
        stream.read_exact(&mut payload).unwrap();
        pictures += u32::from(header[1] == 0 && payload[1] & 0x80 != 0);
    }
    // 50, and those since the last key picture.
    assert!((45..=76).contains(&pictures), "{pictures}");
}

#[test]
fn more_clients_than_it_serves_are_told_so() {
    let camera = Camera::start();
    let options = "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n";
    let mut clients: Vec<_> = (0..32).map(|_| camera.connect()).collect();
    for client in &mut clients {
        assert!(ask(client, options).starts_with("RTSP/1.0 200 "));
    }
    let mut refused = camera.connect();
    assert!(ask(&mut refused, "").starts_with("RTSP/1.0 503 "));
    clients.pop();
    // It notices in its own time; a refused connection may also be reset.
    let deadline = Instant::now() + Duration::from_secs(5);
    let served = || {
        let answer = try_ask(&mut camera.connect(), options);
        answer.is_ok_and(|answer| answer.starts_with("RTSP/1.0 200 "))
    };
    while !served() {
        assert!(Instant::now() < deadline);
    }
}

#[test]
fn it_stops_with_clients_connected() {
    let mut camera = Camera::start();
    let mut client = camera.connect();
    ask(&mut client, "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n");
    assert!(camera.stop());
    assert_eq!(client.read(&mut [0]).unwrap_or(0), 0);
}
