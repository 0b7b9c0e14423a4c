//! Serves the invocations of a Lambda function.
//!
//! `lambda_runtime` talks to Lambda's Runtime API; this module gives it a dispatcher to call, and
//! no other module depends on that crate and its client of that API. Programs call
//! [`run`](crate::run), or `start`, or use the dispatcher as a `tower::Service`.

mod body_layer;
mod drain;
pub(crate) mod environment;
pub(crate) mod layers;
mod runtime;
mod service;
mod start_failure;
mod trace_header;
#[cfg(feature = "trace-header")]
pub(crate) mod trace_interceptor;

pub use runtime::run;
