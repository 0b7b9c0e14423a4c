//! The objects that events are about, in the memory of `s3-dispatch-testing`.

mod reading;
mod interruptions;
mod errors;
mod current;
mod writing;
mod derived;

use s3_dispatch::Object;
use s3_dispatch::objects::Objects;
use s3_dispatch_testing::conformance::check_object_store;
use s3_dispatch_testing::{MemoryObjects, RecordBuilder};

const BUCKET: &str = "amzn-s3-demo-bucket";

/// The object of an event.
fn object(memory: &MemoryObjects, event: &RecordBuilder) -> Object {
    Objects::new(memory.clone()).object(&event.build())
}

/// A content of this length, in which each place differs from its neighbours.
fn content(len: usize) -> Vec<u8> {
    (0..len).map(|place| (place % 251) as u8).collect()
}

#[tokio::test]
async fn the_memory_is_a_store_of_objects() {
    let memory = MemoryObjects::new();
    check_object_store(&memory, &memory).await;
}
