//! Answers a payload a number of times, and prints how many allocations and records it took.
//!
//! Usage: `allocations <contender> <payload file> <times>`

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
        panic!("usage: allocations <contender> <payload file> <times>")
    };

    let respond = Contender::of_name(contender)
        .expect("the contender exists")
        .prepare();
    let payload = Bytes::from(std::fs::read(payload).expect("the file can be read"));
    let times: usize = times.parse().expect("the argument is a number");
    let (_, readings) = reading::readings_of(|| respond(&payload));
    let region = Region::new(ALLOCATOR);

    for _ in 0..times {
        drop(black_box(respond(black_box(&payload))));
    }

    let change = region.change();
    println!("allocations: {}", change.allocations + change.reallocations);
    println!("read: {}", readings.len());
}
