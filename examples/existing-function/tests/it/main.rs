//! Tests that compare the function with the program that replaces it.
#![allow(clippy::unwrap_used)]

mod answers;
mod same;
mod safer;
mod process;

const BUCKET: &str = "amzn-s3-demo-bucket";
