//! The arguments of handlers, made at once or with time.

mod from_record;
mod timing;

pub use from_record::{FromRecord, FromRecordAsync};
pub use timing::{Argument, BoxFuture, If, Made, NotAsync, Probe, Timing};
