//! Two processes look at one key at the same time, and the first one writes last.

use std::path::Path;
use std::time::Duration;

use mirror::Leases;
use s3_dispatch::{Exclusive, MessageContext, Outcome, Router};
use s3_dispatch_testing::MemoryObjects;
use tokio::time::sleep;

use crate::BUCKET;
use crate::chaos::{routes, sizes};
use crate::fleet::Pause;

/// The size that the index has after a put of 3 bytes and one of 11. The first process takes five
/// seconds, and the second change comes after one.
async fn last_size<R: Router>(process: impl Fn(&Path, &MemoryObjects, Pause) -> R) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("index.sqlite");
    let memory = MemoryObjects::new();
    let message = MessageContext::new();

    let slow = process(&file, &memory, Pause::Fixed(Duration::from_secs(5)));
    let old = memory.put(BUCKET, "a.txt", "old").build();
    let first = slow.route(&old, &message);

    let fast = process(&file, &memory, Pause::No);
    let second = async {
        sleep(Duration::from_secs(1)).await;
        let new = memory.put(BUCKET, "a.txt", "new content");
        fast.route(&new.build(), &message).await
    };

    let outcomes = tokio::join!(first, second);
    let both = (Outcome::Handled, Outcome::Handled);
    assert_eq!(format!("{outcomes:?}"), format!("{both:?}"));
    sizes(&file).await["a.txt"].0
}

#[tokio::test(start_paused = true)]
async fn under_exclusive_nobody_writes_what_was_true_before() {
    let exclusive = |file: &Path, memory: &MemoryObjects, pause| {
        Exclusive::new(routes(file, memory, pause), Leases::new(file))
    };
    assert_eq!(last_size(exclusive).await, 11);

    // The test could fail.
    assert_eq!(last_size(routes).await, 3);
}
