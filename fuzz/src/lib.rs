//! The checks of the fuzz targets, one function per target.
//!
//! The fuzzer calls them, and so do the tests, which replay seeds and findings.

pub mod cost;
mod generate;
mod key;
pub mod oracle;
mod pattern;
mod payload;
mod sequencer;
pub mod shapes;

pub use key::key;
pub use pattern::pattern;
pub use payload::{generated, payload, payload_structured};
pub use sequencer::sequencer;

/// A target: its name, which its folders have too, and its function.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("payload", payload),
    ("payload_structured", payload_structured),
    ("key", key),
    ("sequencer", sequencer),
    ("pattern", pattern),
];
