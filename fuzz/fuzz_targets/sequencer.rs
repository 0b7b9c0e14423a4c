//! `cargo fuzz run sequencer`
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| s3_dispatch_fuzz::sequencer(data));

#[cfg(not(fuzzing))]
fn main() {}
