//! Tests of s3-dispatch with the AWS SDK for Rust. The tests are in `tests/it`; this library is
//! empty.
//!
//! The package exists so that `cargo test` in the root of the repository does not compile the SDK.
