//! The built program, as a terminal starts it.
#![allow(clippy::unwrap_used)]

mod policy;
