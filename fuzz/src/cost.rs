//! What reading a payload costs in memory.

use std::alloc::System;

use cap::Cap;
use s3_dispatch_core::{Delivery, S3EventRecord};

/// The allocator that counts: each program declares its own.
pub type Allocator = Cap<System>;

/// The cost of one payload.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// The bytes of the payload.
    pub bytes: usize,
    /// The records that were read; none of a payload that was refused.
    pub records: usize,
    /// The messages that were read.
    pub messages: usize,
    /// The bytes that were allocated at most while the payload was read, the payload itself
    /// included.
    ///
    /// A list that grows is counted once: the allocator may move its pages without copying them.
    pub peak: usize,
}

impl Cost {
    /// Reads the payload.
    #[must_use]
    pub fn of(payload: String, allocator: &Allocator) -> Self {
        let bytes = payload.len();
        let payload = payload.into_boxed_str().into_string();
        // The maximum is that of the whole process: filled up to it, every further byte raises it.
        let before = allocator.max_allocated();
        let ballast = Vec::<u8>::with_capacity(before.saturating_sub(allocator.allocated()));
        let read = Delivery::parse(payload);
        let peak = bytes + (allocator.max_allocated() - before);
        drop(ballast);
        let (records, messages) = read.map_or((0, 0), |delivery| {
            (delivery.records().len(), delivery.messages().len())
        });

        Self {
            bytes,
            records,
            messages,
            peak,
        }
    }

    /// Four times the payload and one record for each.
    #[must_use]
    pub fn bound(&self) -> usize {
        4 * self.bytes + self.records * size_of::<S3EventRecord>()
    }
}
