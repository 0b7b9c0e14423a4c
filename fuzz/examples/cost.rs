//! Measures the memory and the time of every shape: `cargo run --release --example cost`.
//!
//! `cost SHAPE BYTES` reads one shape, by its number in the table, and prints nothing, so that
//! valgrind can count its instructions:
//!
//! ```text
//! valgrind --tool=callgrind \
//!     --toggle-collect='s3_dispatch_core::delivery::Delivery::parse*' cost SHAPE BYTES
//! ```

use std::alloc::System;
use std::time::{Duration, Instant};

use s3_dispatch_core::delivery::Delivery;
use s3_dispatch_fuzz::cost::{Allocator, Cost};
use s3_dispatch_fuzz::shapes::{SHAPES, Shape};

#[global_allocator]
static ALLOCATOR: Allocator = Allocator::new(System, usize::MAX);

fn main() {
    let arguments: Vec<usize> = std::env::args()
        .skip(1)
        .filter_map(|argument| argument.parse().ok())
        .collect();
    match *arguments {
        [] => print_table(),
        [index, bytes] if index < SHAPES.len() => drop(Delivery::parse(SHAPES[index].1(bytes))),
        _ => eprintln!("usage: cost [SHAPE BYTES], both numbers"),
    }
}

fn print_table() {
    println!(
        "shape | bytes | records | messages | peak bytes | peak / bytes | peak / bound | \
         time 6 MB / 1.5 MB"
    );
    for (index, (name, shape)) in SHAPES.iter().enumerate() {
        let (small, large) = (best_time(*shape, 1_500_000), best_time(*shape, 6_000_000));
        let ratio = large.as_secs_f64() / small.as_secs_f64();

        for bytes in [1_500_000, 3_000_000, 6_000_000] {
            let cost = Cost::of(shape(bytes), &ALLOCATOR);
            let Cost {
                bytes,
                records,
                messages,
                peak,
            } = cost;

            let (per_byte, of_bound) = (
                peak as f64 / bytes as f64,
                peak as f64 / cost.bound() as f64,
            );
            println!(
                "{index} {name} | {bytes} | {records} | {messages} | {peak} | {per_byte:.2} | \
                 {of_bound:.2} | {ratio:.1}"
            );
        }
    }
}

fn best_time(shape: Shape, bytes: usize) -> Duration {
    let payload = shape(bytes);
    let time = |_| {
        let payload = payload.clone();
        let start = Instant::now();
        let read = Delivery::parse(payload);
        let time = start.elapsed();
        drop(read);

        time
    };

    (0..3).map(time).min().unwrap_or_default()
}
