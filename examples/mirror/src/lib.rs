//! The parts of the program, for its tests.

mod client;
mod index;
mod leases;
mod handler;

pub use client::client;
pub use handler::{App, OpenError, follow};
pub use index::{Entry, Index, IndexError};
pub use leases::Leases;
