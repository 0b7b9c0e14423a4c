//! The names of S3's events and the patterns that select them.
//!
//! Records carry a name, and routes carry patterns. Both come from one table of known names. The
//! attribute macro checks patterns against it at compile time, and the reader and the manifest
//! translate its names from and to EventBridge.

mod table;
mod spelling;
mod known;
mod name;
mod eventbridge;
mod literal;
mod compile_error;
mod nearest;
mod pattern;

pub use name::EventName;
pub use pattern::EventPattern;

pub(crate) use compile_error::CompileError;
pub(crate) use eventbridge::LIFECYCLE_EXPIRATION;
pub(crate) use known::{EventBridgeForm, Known};
pub(crate) use literal::Literal;
pub use nearest::{nearest_of, nearest_pattern};
