//! `cargo fuzz run payload`
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| s3_dispatch_fuzz::payload(data));

#[cfg(not(fuzzing))]
fn main() {}
