//! H.264 and AAC into RTP, as cameras do it.

/// Bytes of payload in one packet.
pub const MTU: usize = 1400;

/// The sender of one track.
#[derive(Clone)]
pub struct Packetiser {
    pub payload_type: u8,
    pub sequence: u16,
    pub ssrc: u32,
}

impl Packetiser {
    pub fn new(payload_type: u8) -> Self {
        Self {
            payload_type,
            sequence: 65_500,
            ssrc: 0x1234_5678,
        }
    }

    pub fn packet(&mut self, payload: &[u8], timestamp: u32, marker: bool) -> Vec<u8> {
        let mut packet = vec![0x80, self.payload_type | u8::from(marker) << 7];
        packet.extend_from_slice(&self.sequence.to_be_bytes());
        packet.extend_from_slice(&timestamp.to_be_bytes());
        packet.extend_from_slice(&self.ssrc.to_be_bytes());
        packet.extend_from_slice(payload);
        self.sequence = self.sequence.wrapping_add(1);
        packet
    }

    /// RFC 6184: small neighbours in STAP-As, large ones in FU-As.
    pub fn h264(&mut self, nals: &[Vec<u8>], timestamp: u32) -> Vec<Vec<u8>> {
        let mut payloads: Vec<Vec<u8>> = Vec::new();
        let mut small: Vec<&Vec<u8>> = Vec::new();
        for nal in nals {
            let gathered: usize = small.iter().map(|nal| nal.len() + 2).sum();
            if gathered + nal.len() + 3 > MTU {
                payloads.extend(aggregate(&std::mem::take(&mut small)));
            }
            if nal.len() + 3 <= MTU {
                small.push(nal);
            } else {
                payloads.extend(fragments(nal));
            }
        }
        payloads.extend(aggregate(&small));
        let last = payloads.len() - 1;
        let numbered = payloads.iter().enumerate();
        numbered
            .map(|(index, payload)| self.packet(payload, timestamp, index == last))
            .collect()
    }

    /// RFC 3640, AAC-hbr: whole frames as many as fit, or one in fragments.
    pub fn aac(&mut self, frames: &[Vec<u8>], timestamp: u32, mtu: usize) -> Vec<Vec<u8>> {
        let total: usize = frames.iter().map(Vec::len).sum();
        let mut headers = (frames.len() as u16 * 16).to_be_bytes().to_vec();
        for frame in frames {
            headers.extend_from_slice(&((frame.len() as u16) << 3).to_be_bytes());
        }
        let data = frames.concat();
        let mut packets = Vec::new();
        for (index, part) in data.chunks(mtu).enumerate() {
            let payload = [&headers, part].concat();
            let end = index * mtu + part.len() == total;
            packets.push(self.packet(&payload, timestamp, end));
        }
        packets
    }
}

fn aggregate(nals: &[&Vec<u8>]) -> Option<Vec<u8>> {
    match nals {
        [] => None,
        [nal] => Some(nal.to_vec()),
        nals => {
            let mut payload = vec![0x78];
            for nal in nals {
                payload.extend_from_slice(&(nal.len() as u16).to_be_bytes());
                payload.extend_from_slice(nal);
            }
            Some(payload)
        }
    }
}

fn fragments(nal: &[u8]) -> Vec<Vec<u8>> {
    let (header, body) = (nal[0], &nal[1..]);
    let parts: Vec<&[u8]> = body.chunks(MTU - 2).collect();
    let last = parts.len() - 1;
    let numbered = parts.into_iter().enumerate();
    numbered
        .map(|(index, part)| {
            let start = u8::from(index == 0) << 7;
            let end = u8::from(index == last) << 6;
            let mut payload = vec![header & 0xe0 | 28, header & 0x1f | start | end];
            payload.extend_from_slice(part);
            payload
        })
        .collect()
}
