//! H.264, H.265 and AAC into RTP, as cameras do it.

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
        self.h264_in(nals, timestamp, MTU, usize::MAX)
    }

    /// The same with payloads of `size` bytes, at most `gather` NAL units in each.
    pub fn h264_in(
        &mut self,
        nals: &[Vec<u8>],
        timestamp: u32,
        size: usize,
        gather: usize,
    ) -> Vec<Vec<u8>> {
        let mut payloads: Vec<Vec<u8>> = Vec::new();
        for group in groups(nals, size, gather) {
            match group {
                [nal] if nal.len() > size => payloads.extend(fragments(nal, size)),
                group => payloads.push(aggregate(group)),
            }
        }
        self.all(&payloads, timestamp)
    }

    /// RFC 7798: the same for H.265; `numbered`: with decoding order numbers.
    pub fn h265(
        &mut self,
        nals: &[Vec<u8>],
        timestamp: u32,
        size: usize,
        gather: usize,
        numbered: bool,
    ) -> Vec<Vec<u8>> {
        let number: &[u8] = if numbered { &[0x12, 0x34] } else { &[] };
        let mut payloads: Vec<Vec<u8>> = Vec::new();
        for group in groups(nals, size, gather) {
            match group {
                [nal] if nal.len() > size => {
                    let parts: Vec<&[u8]> = nal[2..].chunks(size - 5).collect();
                    for (index, part) in parts.iter().enumerate() {
                        let first = index == 0;
                        let mut kind = nal[0] >> 1 & 0x3f | u8::from(first) << 7;
                        kind |= u8::from(index + 1 == parts.len()) << 6;
                        let head = [nal[0] & 0x81 | 49 << 1, nal[1], kind];
                        payloads.push([&head[..], if first { number } else { &[] }, part].concat());
                    }
                }
                [nal] => payloads.push([&nal[..2], number, &nal[2..]].concat()),
                group => {
                    let mut payload = [&[48 << 1, 1], number].concat();
                    for (index, nal) in group.iter().enumerate() {
                        payload.extend(number.iter().skip(1).filter(|_| index > 0));
                        payload.extend_from_slice(&(nal.len() as u16).to_be_bytes());
                        payload.extend_from_slice(nal);
                    }
                    payloads.push(payload);
                }
            }
        }
        self.all(&payloads, timestamp)
    }

    /// The packets of an access unit.
    fn all(&mut self, payloads: &[Vec<u8>], timestamp: u32) -> Vec<Vec<u8>> {
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

/// Neighbours that fit into `size` bytes together, at most `gather` of them.
fn groups(nals: &[Vec<u8>], size: usize, gather: usize) -> Vec<&[Vec<u8>]> {
    let mut groups = Vec::new();
    let mut start = 0;
    let mut bytes = 5;
    for (index, nal) in nals.iter().enumerate() {
        bytes += nal.len() + 3;
        if index > start && (bytes > size || index - start >= gather) {
            groups.push(&nals[start..index]);
            (start, bytes) = (index, 5 + nal.len() + 3);
        }
    }
    groups.push(&nals[start..]);
    groups
}

fn aggregate(nals: &[Vec<u8>]) -> Vec<u8> {
    let [nal] = nals else {
        let mut payload = vec![0x78];
        for nal in nals {
            payload.extend_from_slice(&(nal.len() as u16).to_be_bytes());
            payload.extend_from_slice(nal);
        }
        return payload;
    };
    nal.clone()
}

fn fragments(nal: &[u8], size: usize) -> Vec<Vec<u8>> {
    let (header, body) = (nal[0], &nal[1..]);
    let parts: Vec<&[u8]> = body.chunks(size - 2).collect();
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
