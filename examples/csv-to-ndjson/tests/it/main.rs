//! Tests of the program: the conversion, the handler, and as a function behind `local`.
#![allow(clippy::unwrap_used)]

mod conversion;
mod handler;
mod process;
#[cfg(target_os = "linux")]
mod memory;

use std::io::Read;

use flate2::read::GzDecoder;

const BUCKET: &str = "amzn-s3-demo-bucket";

/// The text of a result.
fn decompressed(result: &[u8]) -> String {
    let mut ndjson = String::new();
    GzDecoder::new(result).read_to_string(&mut ndjson).unwrap();
    ndjson
}
