//! Which objects of a source are meant, and the notifications of those that are.

mod times;
mod sieve;

pub(in crate::cli) use sieve::{Reason, Sieve, Verdict};
pub(in crate::cli) use times::time;
