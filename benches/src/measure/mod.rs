//! The ways to measure: instructions and allocations, times, and whole processes.
//!
//! Instructions are exact enough for bounds; times and processes show what a user would see. The
//! programs in `bin` call them.

pub(crate) mod count;
pub(crate) mod bounds;
pub(crate) mod times;
pub(crate) mod runtime_api;
pub(crate) mod process;
pub(crate) mod handler_kind;
