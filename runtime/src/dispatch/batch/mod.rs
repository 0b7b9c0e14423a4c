//! Drives a batch of Lambda: everything comes at once, and a deadline cuts it.

mod returned;
mod running;
pub(crate) mod stop;
mod fair_join;
pub(crate) mod invocation;
