//! A memory of objects with versions, for tests of handlers that read and write objects.

mod fault;
mod state;
mod memory;
mod store;
#[cfg(feature = "conformance")]
mod changes;

pub use fault::Fault;
pub use memory::MemoryObjects;
