//! Many who come at once.
//!
//! Invariant: whoever knocks is in line at once, at every door, whatever the gateway
//! does meanwhile.

mod common;

use std::net::{SocketAddr, TcpStream};

use common::BOUND;
use common::gateway::Config;
use common::http;

/// More than fit the line that a listener usually has (128).
const CROWD: usize = 300;

#[test]
fn a_crowd_that_comes_at_once_is_in_line_at_once() {
    let config = Config::new().general("rtsp_listen", "127.0.0.1:0");
    let mut gateway = config.limit("handshakes", "1000").start();
    let line = gateway.await_log(&["cameras at rtsp://"]);
    let (_, rtsp) = line.split_once("rtsp://").unwrap();
    let rtsp: SocketAddr = rtsp.split('/').next().unwrap().parse().unwrap();
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
