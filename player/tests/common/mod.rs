//! What the player's tests share: a gateway that answers as it should, a
//! packetiser, what is in fragments, and ffmpeg to make streams and to judge what came out.
#![allow(dead_code)]

pub mod capture;
pub mod fragment;
pub mod gateway;
pub mod media;
pub mod packetiser;
pub mod sps;
