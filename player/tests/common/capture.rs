//! Captures of real encoders: see tests/captures/make.py.

use std::path::Path;

/// A capture.
pub struct Capture {
    pub name: &'static str,
    /// RTP packets.
    pub packets: Vec<Vec<u8>>,
    /// The medium in the session description.
    pub sdp: String,
    /// The checksums of the source's frames, in order of presentation.
    pub frames: Vec<String>,
}

impl Capture {
    pub fn load(name: &'static str) -> Self {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures");
        let read = |kind: &str| std::fs::read(directory.join(format!("{name}.{kind}"))).unwrap();
        let text = |kind: &str| String::from_utf8(read(kind)).unwrap();
        let bytes = read("rtp");
        let mut rest = &bytes[..];
        let mut packets = Vec::new();
        while let Some((length, after)) = rest.split_first_chunk::<2>() {
            let (packet, after) = after.split_at(u16::from_be_bytes(*length).into());
            packets.push(packet.to_vec());
            rest = after;
        }
        Self {
            name,
            packets,
            sdp: text("sdp") + "a=control:video\r\n",
            frames: text("md5").lines().map(str::to_owned).collect(),
        }
    }

    pub fn is_jpeg(&self) -> bool {
        self.name.starts_with("jpeg")
    }

    /// The RTP timestamps, one per access unit, in order of sending.
    pub fn timestamps(&self) -> Vec<u32> {
        let mut times: Vec<u32> = self
            .packets
            .iter()
            .map(|packet| timestamp(packet))
            .collect();
        times.dedup();
        times
    }
}

/// The RTP timestamp of a packet.
pub fn timestamp(packet: &[u8]) -> u32 {
    u32::from_be_bytes(packet[4..8].try_into().unwrap())
}

/// Sets or clears the marker bit of a packet.
pub fn mark(packet: &mut [u8], marker: bool) {
    packet[1] = packet[1] & 0x7f | u8::from(marker) << 7;
}
