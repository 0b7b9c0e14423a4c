//! Tests of the program: in Lambda and as a worker behind `local`, and how a worker drains.
#![allow(clippy::unwrap_used)]

mod pipeline;
mod function;
mod worker;
mod deployment;
mod drain;

const BUCKET: &str = "amzn-s3-demo-bucket";

/// The SHA-256 of the text `abc` ("FIPS 180-4").
const SHA_256_OF_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
