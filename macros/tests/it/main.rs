//! What `#[s3_handler]` accepts, and how it reports mistakes.
#![deny(
    warnings,
    missing_docs,
    unused_qualifications,
    missing_copy_implementations,
    missing_debug_implementations
)]
#![forbid(unsafe_code)]

mod routed;
mod arguments;
mod keys;
mod effects;
mod attributes;
mod forbids;
mod names;
mod no_prelude;
mod ui;

use s3_dispatch::{MessageContext, Notification, Outcome, Router, Routes, S3EventRecord};

/// A record of an event about the object `incoming/my photo.jpg`, 1024 bytes, in the bucket
/// `holiday`.
fn record(event: &str) -> S3EventRecord {
    let json = format!(
        r#"{{"Records": [{{"eventName": "{event}", "eventSource": "aws:s3", "s3": {{
            "bucket": {{"name": "holiday"}},
            "object": {{"key": "incoming/my+photo.jpg", "size": 1024, "eTag": "d41d8"}}}}}}]}}"#
    );

    match Notification::parse(json) {
        Ok(Notification::Records(records)) => records
            .into_iter()
            .next()
            .expect("the notification has one record"),
        other => panic!("{other:?} is not a notification with records"),
    }
}

/// Routes a record of this event.
async fn answer<S: Send + Sync + 'static>(routes: &Routes<S>, event: &str) -> Outcome {
    routes
        .route(
            &record(event),
            &MessageContext::new().with_message_id("m-1"),
        )
        .await
}
