//! One entry of a notification's `Records`.

use std::borrow::Cow;

use super::bucket::Bucket;
use super::object::Object;
use super::origin::{
    ConfigurationId, EventSource, HostId, PrincipalId, Region, RequestId, SourceIp,
};
use super::sequencer::Sequencer;
use super::time::EventTime;
use super::version::EventVersion;
use crate::event::EventName;
use crate::event_data::{Annotation, Replication, Restore, Retention, Tiering, Transition};
use crate::text::RawJson;

/// One event of one object, as S3 reported it.
///
/// What S3 may leave out, and what any S3-compatible store is known to leave out, is an `Option`;
/// absent, `null` and empty are all `None`. Fields of events that are rare stand at the end and are
/// boxed. A clone costs a reference count per text: all texts are slices of the payload.
///
/// Made by reading a payload, by [`Notification::parse`](crate::Notification::parse), or in tests
/// by the builders of `s3-dispatch-testing`. The JSON is described in "Event message structure"
/// and, for events that came through EventBridge, in "EventBridge event message structure", Amazon
/// S3 User Guide, 2026.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct S3EventRecord {
    /// What happened (`eventName`). From EventBridge, the name that a notification would have had.
    pub event_name: EventName,
    /// When S3 finished the request (`eventTime`), UTC.
    pub event_time: Option<EventTime>,
    /// The version of the record's format (`eventVersion`). `None` from EventBridge, which counts
    /// by itself.
    pub event_version: Option<EventVersion>,
    /// Who sent the record (`eventSource`): `aws:s3`, `minio:s3`; from EventBridge, `aws.s3`.
    pub event_source: Option<EventSource>,
    /// The region of the bucket (`awsRegion`).
    pub region: Option<Region>,
    /// Who caused the event (`userIdentity.principalId`): `AWS:AROA...:session`,
    /// `A3NL1KOZZKExample`, `s3.amazonaws.com`.
    pub principal_id: Option<PrincipalId>,
    /// Where the request came from (`requestParameters.sourceIPAddress`): IPv4, IPv6, or the name
    /// of a service.
    pub source_ip: Option<SourceIp>,
    /// S3's id of the request (`responseElements.x-amz-request-id`).
    pub request_id: Option<RequestId>,
    /// The host that served the request (`responseElements.x-amz-id-2`). `None` from EventBridge.
    pub host_id: Option<HostId>,
    /// The id of the bucket's notification configuration (`s3.configurationId`). `None` from
    /// EventBridge.
    pub configuration_id: Option<ConfigurationId>,
    /// The bucket (`s3.bucket`).
    pub bucket: Bucket,
    /// The object (`s3.object`).
    pub object: Object,
    /// Of `ObjectRestore:Completed` (`glacierEventData.restoreEventData`); from EventBridge, of
    /// all of `ObjectRestore:*`.
    pub restore: Option<Box<Restore>>,
    /// Of `Replication:*` (`replicationEventData`).
    pub replication: Option<Box<Replication>>,
    /// Of `IntelligentTiering` (`intelligentTieringEventData`).
    pub tiering: Option<Box<Tiering>>,
    /// Of `LifecycleTransition` (`lifecycleEventData.transitionEventData`).
    pub transition: Option<Box<Transition>>,
    /// Of `ObjectAnnotation:*` (`objectAnnotation`); empty for other events.
    pub annotations: Vec<Annotation>,
    /// Of `ObjectRetention:Put` (`objectRetentionEventData`).
    pub retention: Option<Box<Retention>>,
    pub(crate) raw: RawJson,
}

impl S3EventRecord {
    /// The record as it was sent: an entry of `Records`, or the whole event if it came through
    /// EventBridge.
    #[must_use]
    pub fn raw_json(&self) -> Cow<'_, str> {
        self.raw.as_sent()
    }

    /// The sequencer, where it tells when the event happened; only such ones may order the events
    /// of a key.
    ///
    /// `None` without a sequencer, when it is not hexadecimal, and for the events whose sequencer
    /// is that of something earlier: lifecycle expirations carry that of the object's creation,
    /// completed multipart uploads that of the upload's start.
    #[must_use]
    pub fn reliable_sequencer(&self) -> Option<&Sequencer> {
        let lies = self.event_name.is_lifecycle_expiration()
            || self.event_name == EventName::OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD;
        self.object
            .sequencer
            .as_ref()
            .filter(|sequencer| !lies && sequencer.is_hexadecimal())
    }
}
