//! The parts of the program, for its tests.

mod client;
mod shrink;
mod handler;

pub use client::client;
pub use handler::{App, Delete, make_thumbnail, remove_thumbnail};
pub use shrink::{ImageError, shrink};
