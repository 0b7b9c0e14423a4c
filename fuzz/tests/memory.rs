//! The memory of the worst payloads stays below four times their size and one record for each.

use std::alloc::System;

use s3_dispatch_fuzz::cost::{Allocator, Cost};
use s3_dispatch_fuzz::shapes::{BEYOND_THE_BOUND, SHAPES};

#[global_allocator]
static ALLOCATOR: Allocator = Allocator::new(System, usize::MAX);

/// The only test of its program, so that nobody else allocates.
#[test]
fn every_shape_stays_below_the_bound() {
    for (name, _) in BEYOND_THE_BOUND {
        assert!(
            SHAPES.iter().any(|(shape, _)| shape == name),
            "no shape is called {name}"
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
