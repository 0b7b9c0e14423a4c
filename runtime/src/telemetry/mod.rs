//! Logs and metrics: what a running program tells its operators.
//!
//! They are set up and formatted here, so that the rest of the crate only says what happened. All
//! other rooms use it, and it uses none of them.

mod log_fields;
pub(crate) mod logs;
#[cfg(feature = "metrics")]
pub(crate) mod metrics;
