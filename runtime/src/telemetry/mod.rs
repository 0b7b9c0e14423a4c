//! Logs and metrics: what a running program tells the people who operate it.
//!
//! Formatting and setup live here, so that the other rooms only say what happened. Every room uses
//! this one, and it uses none of them.

pub(crate) mod causes;
mod escaped;
mod panic_hook;
mod log_fields;
pub(crate) mod logs;
#[cfg(feature = "metrics")]
pub(crate) mod metrics;
