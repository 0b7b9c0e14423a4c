//! The notifications that S3 publishes.

use std::time::SystemTime;

use s3_dispatch::EventName;
use s3_dispatch_testing::{NotificationBuilder, RecordBuilder};

use super::event::ObjectEvent;
use crate::aws::arn::REGION;
use crate::aws::time::iso;
use crate::topology::NotificationSpec;

/// The request that caused a notification.
pub(crate) struct Request<'r> {
    pub(crate) time: SystemTime,
    pub(crate) id: &'r str,
}

/// Whether S3 gives a sequencer to events with this name.
pub(crate) fn has_sequencer(event_name: &EventName) -> bool {
    let record = RecordBuilder::new(event_name.clone()).build();
    record.object.sequencer.is_some()
}

/// The notification about an event, in JSON.
pub(crate) fn notification_json(
    spec: &NotificationSpec,
    event: &ObjectEvent,
    request: &Request<'_>,
) -> String {
    let record = record(event, request).with_configuration_id(spec.id.as_str());
    NotificationBuilder::from(record).to_json()
}

/// The event with this id as S3 sends it to EventBridge, in JSON. `None` if S3 does not send it
/// there.
pub(crate) fn eventbridge_json(
    event: &ObjectEvent,
    request: &Request<'_>,
    id: &str,
) -> Option<String> {
    record(event, request)
        .with_eventbridge_id(id)
        .to_eventbridge_json()
}

fn record(event: &ObjectEvent, request: &Request<'_>) -> RecordBuilder {
    let mut record = RecordBuilder::new(event.event_name.clone())
        .with_region(REGION)
        .with_event_time(iso(request.time))
        .with_source_ip("127.0.0.1")
        .with_request_id(request.id)
        .with_bucket(event.bucket.as_str())
        .with_key(event.key.as_str());

    record = match event.size {
        Some(size) => record.with_size(size),
        None => record.without_size(),
    };
    record = match &event.e_tag {
        Some(e_tag) => record.with_e_tag(e_tag.as_str()),
        None => record.without_e_tag(),
    };
    record = match &event.sequencer {
        Some(sequencer) => record.with_sequencer(sequencer.as_str()),
        None => record.without_sequencer(),
    };

    if let Some(id) = &event.version_id {
        record = record.with_version_id(id.as_str());
    }

    if event.event_name == "ObjectCreated:Copy" {
        // Objects have no annotations here.
        record = record.with_has_annotation(false);
    }

    record
}

/// The test notification that S3 publishes when notifications are configured, in JSON.
pub(crate) fn test_notification_json(bucket: &str, request: &Request<'_>) -> String {
    NotificationBuilder::test_event(bucket)
        .with_test_request(iso(request.time), request.id)
        .to_json()
}
