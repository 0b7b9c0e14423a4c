//! The objects of the demo, and what should happen to them.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use s3_dispatch_local::{Faults, LocalPipeline, Topology};

use super::expected::{BUCKET, Expected, ExpectedEvent, compare, settle};
use super::table::Table;
use crate::s3_client::S3Client;

/// The largest object that `put-processor` accepts. It fails on every larger one.
const MAX_OBJECT_BYTES: usize = 6 * 1024 * 1024;

/// The minimum size of a part of an upload, except for the last one.
const PART_BYTES: usize = 5 * 1024 * 1024;

/// How long an attempt takes at most. A failed message is delivered again after this time.
const RETRY: Duration = Duration::from_secs(2);

const UPLOADS: &str = "put-processor";
const COPIES: &str = "copy-processor";

const EVENTS: [ExpectedEvent; 6] = [
    (
        "holiday/my photo.jpg",
        "ObjectCreated:Put",
        Expected::Handled(&[UPLOADS]),
    ),
    (
        "été/naïve café.jpg",
        "ObjectCreated:Put",
        Expected::Handled(&[UPLOADS]),
    ),
    (
        "videos/long film.mp4",
        "ObjectCreated:CompleteMultipartUpload",
        Expected::Handled(&[UPLOADS]),
    ),
    (
        "archive/my photo.jpg",
        "ObjectCreated:Copy",
        Expected::Handled(&[COPIES]),
    ),
    (
        "holiday/my photo.jpg",
        "ObjectRemoved:Delete",
        Expected::NotNotified,
    ),
    (
        "poison/too large.bin",
        "ObjectCreated:Put",
        Expected::DeadLetter {
            of: UPLOADS,
            handled: &[],
        },
    ),
];

/// Shortens the timeouts, so that failed messages are delivered again within seconds, and makes
/// `put-processor` fail on large objects.
pub(crate) fn adapt(topology: &mut Topology, faults: &Faults) {
    let has_faults = Faults::places().any(|(hop, fault)| faults.rate(hop, fault) > 0.0);

    for function in &mut topology.functions {
        function.timeout = RETRY;
        // A worker does not use the visibility timeout of its queue.
        function
            .environment
            .insert("S3_DISPATCH_VISIBILITY".into(), RETRY.as_secs().to_string());
        if function.name == UPLOADS {
            function
                .environment
                .insert("MAX_OBJECT_BYTES".into(), MAX_OBJECT_BYTES.to_string());
        }
    }

    for queue in &mut topology.queues {
        queue.visibility_timeout = RETRY;
        if let Some(redrive) = &mut queue.redrive {
            // With faults, a good message may need more attempts.
            redrive.max_receive_count = if has_faults { 10 } else { 2 };
        }
    }
}

/// Puts, copies and deletes the objects, waits until every message is handled or in a dead-letter
/// queue, and compares what happened with what should happen.
pub(crate) async fn run(
    address: SocketAddr,
    pipeline: &LocalPipeline,
) -> Result<Table, Box<dyn Error>> {
    let s3 = S3Client::new(address, BUCKET);
    s3.put(EVENTS[0].0, "hello, world").await?;
    s3.put(EVENTS[1].0, "bonjour").await?;

    s3.upload(
        EVENTS[2].0,
        vec![Bytes::from(vec![0; PART_BYTES]), Bytes::from(vec![1; 1024])],
    )
    .await?;

    s3.copy(EVENTS[0].0, EVENTS[3].0).await?;
    s3.delete(EVENTS[4].0).await?;
    s3.put(EVENTS[5].0, vec![2; MAX_OBJECT_BYTES + 1]).await?;

    settle(pipeline).await?;

    Ok(compare(&pipeline.report(), &EVENTS))
}
