//! Logs, metrics and traces: what a running program reports to the people who operate it.
//!
//! Formatting and setup live here, so that the other modules only report what happened. They all
//! use this module, and it uses none of them.

pub(crate) mod errors;
mod panic_hook;
pub(crate) mod logs;
pub(crate) mod in_progress;
#[cfg(any(feature = "metrics", feature = "otel"))]
mod outcome_name;
#[cfg(feature = "metrics")]
pub(crate) mod metrics;
#[cfg(feature = "emf")]
pub(crate) mod emf;
#[cfg(feature = "otel")]
pub(crate) mod traces;
#[cfg(not(feature = "otel"))]
#[path = "no_traces.rs"]
pub(crate) mod traces;

#[cfg(any(feature = "metrics", feature = "otel"))]
pub(crate) use outcome_name::outcome_name;
