//! What the fuzz targets check: one function per target, for the fuzzer and for the replay of what
//! it found.

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

/// A target: its name, which is that of its folders, and its function.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("payload", payload),
    ("payload_structured", payload_structured),
    ("key", key),
    ("sequencer", sequencer),
    ("pattern", pattern),
];
