//! Tells whoever operates a worker how it is: `/livez`, `/readyz` and `/metrics` over HTTP.
//!
//! Kubernetes ends a worker that is stuck, and Prometheus reads its metrics. The worker keeps a
//! [`HealthState`] up to date, and the server of [`Health`] reads it.

mod connections;
mod exporter;
mod pages;
mod server;
mod state;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub(crate) use server::{Health, HealthServer};
pub(crate) use state::HealthState;
