//! RTP and RTCP (RFC 3550).
//!
//! | module | job |
//! |---|---|
//! | [`header`] | the header of a packet, of which the rest may be missing |
//! | [`packet`] | a whole packet: header, extension, payload |
//! | [`unwrap`] | timestamps that do not wrap |
//! | [`sender`] | which of the senders on a channel is heard |
//! | [`rtcp`] | sender reports, and notices among them |
//! | [`reception`] | what arrived of a source, and receiver reports on that |
//! | [`receipts`] | receiver reports on all media of a link that loses nothing |
//! | [`notice`] | what of a shared camera's media is not live |

pub mod header;
pub mod notice;
pub mod packet;
pub mod receipts;
pub mod reception;
pub mod rtcp;
pub mod sender;
pub mod unwrap;

pub use header::Header;
pub use packet::Packet;
pub use unwrap::Unwrap;

/// Sequence numbers that are so many ahead or more are a new beginning; those
/// nearer are a loss (§A.1).
pub const MAX_DROPOUT: u16 = 3000;

/// Second bytes of RTCP packets, which may come on the channel of RTP (RFC 5761
/// §4): no payload type is as large with the marker bit.
pub const RTCP: std::ops::RangeInclusive<u8> = 192..=223;

/// The 32-bit word number `index` of an RTCP packet.
fn word_at(packet: &[u8], index: usize) -> Option<u32> {
    let bytes = packet.get(index * 4..)?.first_chunk()?;
    Some(u32::from_be_bytes(*bytes))
}
