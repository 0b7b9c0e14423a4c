//! One entry of a notification's `Records`.

use std::borrow::Cow;

use super::data::{Annotation, BucketTags, Replication, Restore, Retention, Tiering, Transition};
use crate::text::RawJson;
use crate::text::text_newtypes;
use crate::{EventName, EventTime, EventVersion, ObjectKey, Sequencer};

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

/// The bucket of an event (`s3.bucket`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bucket {
    /// The bucket's name.
    pub name: BucketName,
    /// The bucket's ARN; its partition is `aws`, `aws-cn`, `aws-us-gov`...
    pub arn: Option<BucketArn>,
    /// The owner (`ownerIdentity.principalId`). `None` from EventBridge.
    pub owner: Option<PrincipalId>,
    /// The tags that AWS put on the bucket (`awsGeneratedTags`, since version 2.5).
    pub tags: Option<Box<BucketTags>>,
}

/// The object of an event (`s3.object`).
///
/// Which fields are there depends on the event; the typed views, such as
/// [`ObjectCreated`](crate::ObjectCreated), know.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Object {
    /// The key, decoded.
    pub key: ObjectKey,
    /// The size in bytes.
    pub size: Option<u64>,
    /// The entity tag; ends in `-N` for an object uploaded in `N` parts.
    pub e_tag: Option<ETag>,
    /// The version. `None` in buckets without versioning.
    pub version_id: Option<VersionId>,
    /// The place among the events of this key.
    pub sequencer: Option<Sequencer>,
    /// Whether the object has annotations (`hasObjectAnnotation`); sent for copies.
    pub has_annotation: Option<bool>,
}

text_newtypes! {
    /// The name of a bucket.
    BucketName;
    /// The ARN of a bucket: `arn:aws:s3:::amzn-s3-demo-bucket`.
    BucketArn;
    /// The entity tag of an object, without quotes.
    ETag;
    /// The version id of an object: `096fKKXTRTtl3on89fVO.nfljtsv6qko`.
    VersionId;
    /// The sender of a record: `aws:s3`.
    EventSource;
    /// A region of AWS: `eu-central-1`.
    Region;
    /// The id of a principal, in any of the forms that S3 writes.
    PrincipalId;
    /// The address of a request: IPv4, IPv6, or the name of a service such as `s3.amazonaws.com`.
    SourceIp;
    /// S3's id of a request.
    RequestId;
    /// S3's second id of a request, which AWS's support asks for.
    HostId;
    /// The id of a notification configuration.
    ConfigurationId;
}
