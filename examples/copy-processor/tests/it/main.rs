//! Tests of the built program in a terminal.
#![allow(clippy::unwrap_used)]

mod policy;
