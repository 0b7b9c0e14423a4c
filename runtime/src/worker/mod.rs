//! Serves a queue outside Lambda.

// Until the worker uses it.
#[allow(dead_code, unused_imports)]
mod health;
