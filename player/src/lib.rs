//! The player: RTSP and RTP in, fragmented MP4 out, compiled to WebAssembly.
//!
//! A map, from the outside in:
//!
//! | module | job |
//! |---|---|
//! | [`abi`] | the raw exports that JavaScript calls; the only file with `unsafe` attributes |
//! | [`session`] | one viewing: WSP, the RTSP client, which tracks to set up, what went wrong |
//! | [`output`] | the bounded queue of what JavaScript has to do next |
//! | [`timeline`] | one clock for all tracks |
//! | [`video`], [`audio`] | a track: which depacketiser it has, its init segment and fragments |
//! | [`nal`], [`mjpeg`], [`aac`], [`latm`], [`opus`], [`pcm`] | depacketisers |
//! | [`h264`], [`h265`] | what must be known of the codecs of NAL units |
//! | [`parameter_sets`], [`picture_order`] | what those two have in common |
//! | [`payload`] | what the depacketisers of sound have in common |
//! | [`flac`] | what PCM is wrapped in |
//! | [`fmp4`] | init segments and fragments |
//! | [`pacing`], [`group`] | where pictures lie, and which go out together |
//! | [`source`], [`statistics`] | which packets count, and how well they come |
//!
//! Architecture invariants: no clock, no randomness and no socket in here (all
//! three are passed in), nothing that a camera sends makes the code panic (a
//! trap would kill the player), everything that a peer can make grow has a
//! named limit.

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
