//! Many connections that come at once, and the queues that listeners take them from.
//!
//! Invariant: whoever connects is in the queue at once, at every listener, whatever the
//! gateway does meanwhile.

mod common;

use std::net::TcpStream;

use common::BOUND;
use common::gateway::Config;
use common::http;

/// More than fit the line that a listener usually has (128).
const CROWD: usize = 300;

#[test]
fn a_crowd_that_comes_at_once_is_in_line_at_once() {
    let config = Config::new().general("rtsp_listen", "127.0.0.1:0");
    let mut gateway = config.limit("handshakes", "1000").start();
    let rtsp = gateway.rtsp_address();
    for door in [gateway.address(), rtsp] {
        // While it accepts nobody, only the system's line can hold them.
        gateway.signal("STOP");
        let crowd: Vec<TcpStream> = (0..CROWD)
            .map(|number| {
                TcpStream::connect_timeout(&door, BOUND)
                    .unwrap_or_else(|error| panic!("number {number} at {door}: {error}"))
            })
            .collect();
        gateway.signal("CONT");
        drop(crowd);
        assert_eq!(http::get(gateway.address(), "/healthz").status, 200);
    }
}

/// A crowd at one door keeps nobody waiting at another.
#[test]
fn a_crowd_at_one_door_is_let_in_in_turn_with_the_others() {
    let config = Config::new().general("rtsp_listen", "127.0.0.1:0");
    let mut gateway = config
        .general("log", "debug")
        .limit("handshakes", "1000")
        .start();
    let doors = [gateway.address(), gateway.rtsp_address()];
    gateway.signal("STOP");
    let crowd: Vec<TcpStream> = (0..CROWD)
        .map(|_| TcpStream::connect_timeout(&doors[0], BOUND).unwrap())
        .collect();
    let guest = TcpStream::connect_timeout(&doors[1], BOUND).unwrap();
    gateway.signal("CONT");
    let line = gateway.await_log(&["RTSP client", &guest.local_addr().unwrap().to_string()]);
    let (_, number) = line.split_once("[c").unwrap();
    let number: usize = number.split(']').next().unwrap().parse().unwrap();
    assert!(number <= 4, "number {number} of {}", crowd.len() + 1);
}
