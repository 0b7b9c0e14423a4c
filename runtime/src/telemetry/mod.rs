//! Logs and metrics: what a running program reports to the people who operate it.
//!
//! Formatting and setup live here, so that the other modules only report what happened. They all
//! use this module, and it uses none of them.

pub(crate) mod errors;
mod panic_hook;
pub(crate) mod logs;
pub(crate) mod in_progress;
#[cfg(feature = "metrics")]
pub(crate) mod metrics;
#[cfg(feature = "emf")]
pub(crate) mod emf;
