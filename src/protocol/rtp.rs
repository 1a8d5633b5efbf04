//! RTP and RTCP (RFC 3550).
//!
//! | module | job |
//! |---|---|
//! | [`header`] | the header of a packet, even when the rest of the packet is missing |
//! | [`packet`] | a whole packet: header, extension, payload |
//! | [`sequence`] | sequence numbers: which one is due, and what is lost before another |
//! | `reorder` | puts packets in order that a network may have mixed up; for the gateway |
//! | [`unwrap`] | 64-bit timestamps, which do not wrap |
//! | [`sender`] | which sender counts when several share a channel |
//! | [`rtcp`] | sender reports and our own notices, out of compound packets |
//! | [`reception`] | what arrived from one source, and the receiver reports about it |
//! | [`receipts`] | receiver reports about all media of a TCP connection, which loses nothing |
//! | [`notice`] | tells our own player which media of a shared camera is not live |

pub mod header;
pub mod notice;
pub mod packet;
pub mod receipts;
pub mod reception;
#[cfg(feature = "gateway")]
pub mod reorder;
pub mod rtcp;
pub mod sender;
pub mod sequence;
pub mod unwrap;

pub use header::Header;
pub use packet::Packet;
pub use unwrap::Unwrap;

/// The second byte of RTCP packets, which may come on the channel of RTP: payload types
/// that would look the same together with the marker bit are not in use (RFC 5761 §4).
pub const RTCP: std::ops::RangeInclusive<u8> = 192..=223;

/// The 32-bit word number `index` of an RTCP packet.
fn word_at(packet: &[u8], index: usize) -> Option<u32> {
    let bytes = packet.get(index * 4..)?.first_chunk()?;
    Some(u32::from_be_bytes(*bytes))
}
