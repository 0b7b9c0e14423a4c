//! Answers a payload so many times, and prints how often it asked for memory and how many records
//! were read.
//!
//! `allocations <contender> <payload file> <times>`

use std::alloc::System;
use std::hint::black_box;

use bytes::Bytes;
use s3_dispatch_benches::Contender;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [contender, payload, times] = arguments.as_slice() else {
        panic!("see the source")
    };

    let respond = Contender::of_name(contender)
        .expect("a contender")
        .prepare();
    let payload = Bytes::from(std::fs::read(payload).expect("a readable file"));
    let times: usize = times.parse().expect("a number");
    let (_, readings) = reading::readings_of(|| respond(&payload));
    let region = Region::new(ALLOCATOR);

    for _ in 0..times {
        drop(black_box(respond(black_box(&payload))));
    }

    let change = region.change();
    println!("allocations: {}", change.allocations + change.reallocations);
    println!("read: {}", readings.len());
}
