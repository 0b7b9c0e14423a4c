//! Holds the memory of the most expensive payloads to a bound.

use std::alloc::System;

use s3_dispatch_fuzz::cost::{Allocator, Cost};
use s3_dispatch_fuzz::shapes::{BEYOND_THE_BOUND, SHAPES};

#[global_allocator]
static ALLOCATOR: Allocator = Allocator::new(System, usize::MAX);

/// The only test of this program, because every thread's allocations count.
#[test]
fn no_shape_needs_more_memory_than_the_bound() {
    for (name, _) in BEYOND_THE_BOUND {
        assert!(
            SHAPES.iter().any(|(shape, _)| shape == name),
            "there is no shape `{name}`"
        );
    }

    for (name, shape) in SHAPES {
        if BEYOND_THE_BOUND.iter().any(|(beyond, _)| beyond == name) {
            continue;
        }

        let cost = Cost::of(shape(1_500_000), &ALLOCATOR);
        assert!(cost.peak <= cost.bound(), "{name}: {cost:?}");
    }
}
