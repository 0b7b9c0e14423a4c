//! The memory that reading a payload takes.

use std::alloc::System;

use cap::Cap;
use s3_dispatch_core::S3EventRecord;
use s3_dispatch_core::delivery::Delivery;

/// The allocator that counts. Each program declares one.
pub type Allocator = Cap<System>;

/// The memory of one payload.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// The size of the payload in bytes.
    pub bytes: usize,
    /// How many records were read. None if the payload was rejected.
    pub records: usize,
    /// How many messages were read.
    pub messages: usize,
    /// The most bytes that were allocated at the same time, the payload included.
    ///
    /// A growing list counts once, because the allocator may move its pages without copying them.
    pub peak: usize,
}

impl Cost {
    /// Reads the payload and measures the memory.
    #[must_use]
    pub fn of(payload: String, allocator: &Allocator) -> Self {
        let bytes = payload.len();
        let payload = payload.into_boxed_str().into_string();
        // The maximum is of the whole process. Memory is filled up to it, so that every further
        // byte raises it.
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

    /// The allowed peak in bytes: four times the payload, and one `S3EventRecord` per record.
    #[must_use]
    pub fn bound(&self) -> usize {
        4 * self.bytes + self.records * size_of::<S3EventRecord>()
    }
}
