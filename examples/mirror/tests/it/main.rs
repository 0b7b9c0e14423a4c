//! Tests of the program: on a pipeline with faults, and as a function behind `local`.
#![allow(clippy::unwrap_used)]

mod bucket;
mod fleet;
mod chaos;
mod comparison;
mod exclusive;
mod leases;
mod process;

const BUCKET: &str = "amzn-s3-demo-bucket";
