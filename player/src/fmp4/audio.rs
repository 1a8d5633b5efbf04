//! Sample entries of audio tracks.

use super::Writer;
use super::init::ENTRY;
use crate::payload::{Coding, Format};

/// AudioSampleEntry (ISO 14496-12 12.2.3) with the codec's own box. Its 16.16 sample
/// rate cannot hold more than 65535; decoders use the one in the codec's box.
pub fn entry(w: &mut Writer, format: &Format) {
    let kind = match format.coding {
        Coding::Aac => b"mp4a",
        Coding::Opus => b"Opus",
        Coding::Flac => b"fLaC",
    };
    w.boxed(kind, |w| {
        w.bytes(ENTRY);
        w.zeros(8);
        w.u32(u32::from(format.channels.max(1)) << 16 | 16); // samplesize
        w.zeros(4);
        w.u32(u16::try_from(format.rate).map_or(0, u32::from) << 16);
        let config = format.config.as_slice();
        match format.coding {
            Coding::Aac => w.full(b"esds", 0, |w| elementary_stream(w, config)),
            Coding::Opus => w.boxed(b"dOps", |w| w.bytes(config)),
            Coding::Flac => w.full(b"dfLa", 0, |w| {
                // A STREAMINFO is the first and last metadata block.
                w.u32(0x8000_0000 | config.len() as u32);
                w.bytes(config);
            }),
        }
    });
}

/// ES_Descriptor (ISO 14496-1 7.2.6.5). All lengths are below 128, so each has one
/// byte.
fn elementary_stream(w: &mut Writer, config: &[u8]) {
    let length = config.len().min(crate::aac::config::MAX_CONFIG);
    let config = config.get(..length).unwrap_or_default();
    let length = length as u8;
    w.bytes(&[3, 3 + (2 + 13 + 2 + length) + (2 + 1), 0, 0, 0]);
    // MPEG-4 audio, an audio stream
    w.bytes(&[4, 13 + 2 + length, 0x40, 0x15]);
    w.zeros(3 + 4 + 4); // bufferSizeDB, maxBitrate, avgBitrate: unknown
    w.bytes(&[5, length]);
    w.bytes(config);
    w.bytes(&[6, 1, 2]); // SLConfigDescriptor: MP4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptor_lengths_add_up() {
        let mut out = Vec::new();
        elementary_stream(&mut Writer::new(&mut out), &[0x11, 0x90]);
        assert_eq!(usize::from(out[1]) + 2, out.len());
        assert_eq!(usize::from(out[6]) + 7 + 3, out.len());
    }
}
