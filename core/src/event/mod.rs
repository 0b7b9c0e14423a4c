//! The names of S3's events and the patterns that select them.
//!
//! Records carry a name, routes carry patterns. Both come from one table of known names, which the
//! attribute macro checks at compile time and the manifest translates for other services.

mod eventbridge;
mod name;
pub(crate) mod nearest;
mod pattern;

pub use name::EventName;
pub use pattern::EventPattern;

pub(crate) use eventbridge::from_eventbridge;
pub(crate) use name::Known;
pub(crate) use pattern::Literal;
