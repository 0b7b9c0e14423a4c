//! The parts of the program, for its tests.

mod client;
mod handler;

pub use client::objects;
pub use handler::{BYTES, write_checksum};
