//! The player: RTSP and RTP in, fragmented MP4 out, compiled to WebAssembly.
//!
//! The map, from the outside in:
//!
//! | module | job |
//! |---|---|
//! | [`abi`] | the raw exports that JavaScript calls; the only file with `unsafe` attributes |
//! | [`session`] | one viewing: WSP, the RTSP client, the choice of tracks, and errors |
//! | [`output`] | the bounded queue of what JavaScript has to do next |
//! | [`tracks`], [`timeline`] | the tracks of a session, and the clock that they share |
//! | [`video`], [`audio`] | a track: the choice of its depacketiser, its init segment and fragments |
//! | [`nal`], [`mjpeg`], [`aac`], [`latm`], [`opus`], [`pcm`] | depacketisers |
//! | [`h264`], [`h265`] | the differences between the codecs of NAL units |
//! | [`parameter_sets`], [`picture_order`] | what these two have in common |
//! | [`access_unit`], [`payload`] | what all depacketisers of video, and all of audio, return |
//! | [`flac`] | the encoder that wraps PCM for the browser |
//! | [`fmp4`] | init segments and fragments |
//! | [`pacing`], [`group`] | the times of pictures, and which of them share a fragment |
//! | [`source`], [`statistics`] | which packets count and which are missing, and the counts of both |
//!
//! Architecture invariants: the code has no clock, no randomness and no sockets of its
//! own. Nothing that a camera sends makes it panic, because a trap would kill the
//! player. Everything that a peer can make grow has a named limit.

#![deny(unsafe_code)]

#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

pub mod aac;
#[allow(unsafe_code)]
pub mod abi;
pub mod access_unit;
pub mod audio;
pub mod flac;
pub mod fmp4;
pub mod group;
pub mod h264;
pub mod h265;
pub mod latm;
pub mod mjpeg;
pub mod nal;
pub mod opus;
pub mod output;
pub mod pacing;
pub mod parameter_sets;
pub mod payload;
pub mod pcm;
pub mod picture_order;
pub mod session;
pub mod source;
pub mod statistics;
pub mod timeline;
pub mod tracks;
pub mod video;
