//! Days of a stream in seconds, with every packet made up and none by chance:
//! what must hold all day long, through losses and restarts.

mod camera;
mod clock_rates;
mod clock_wrap;
#[path = "../common/mod.rs"]
mod common;
mod loss;
mod restart;
mod silent_track;
mod timestamp_leaps;
mod viewer;
