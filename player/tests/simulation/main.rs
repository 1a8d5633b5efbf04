//! Days of a stream in seconds, with every packet made up and none by chance:
//! what must hold all day long, through losses and restarts.

mod camera;
#[path = "../common/mod.rs"]
mod common;
mod leap;
mod long;
mod loss;
mod odd;
mod restart;
mod silent;
mod viewer;
