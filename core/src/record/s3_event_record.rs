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
/// A record comes from [`Notification::parse`](crate::Notification::parse), from a payload that a
/// dispatcher reads, or, in tests, from the builders of `s3-dispatch-testing`. The format is
/// described in "Event message structure" and, for events that come through EventBridge, in
/// "EventBridge event message structure", both Amazon S3 User Guide, 2026.
///
/// A field that S3 or a known S3-compatible store may leave out is an `Option`. Absent, `null` and
/// empty are all `None`. S3 sends the fields of an object according to the event:
///
/// | event | `size` | `e_tag` | `sequencer` |
/// |---|---|---|---|
/// | `ObjectCreated:*` | yes | yes | yes |
/// | `ObjectRemoved:Delete` | no | no | yes |
/// | `ObjectRemoved:DeleteMarkerCreated` | no | that of an empty object | yes |
/// | `ObjectRestore:Post`, `ObjectRestore:Completed` | yes | yes | yes |
/// | `LifecycleExpiration:Delete` | no | no | that of the creation |
/// | `Replication:*` | yes | yes | yes |
/// | `IntelligentTiering` | yes | yes | no |
/// | `ObjectTagging:*`, `ObjectAcl:Put` | no | yes | no |
///
/// A handler that needs the fields of one event takes a typed view instead, such as
/// [`ObjectCreated`](crate::ObjectCreated), where those fields are not optional.
///
/// A clone copies no text: all texts are slices of the payload, which lives as long as one of them.
///
/// # Examples
///
/// ```
/// use s3_dispatch_core::{EventName, Notification};
///
/// let json = r#"{"Records": [{
///     "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "eu-central-1",
///     "eventTime": "2026-04-07T14:30:00.123Z", "eventName": "ObjectCreated:Put",
///     "userIdentity": {"principalId": "AWS:AROAEXAMPLE:session"},
///     "requestParameters": {"sourceIPAddress": "198.51.100.7"},
///     "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "FMyUVURI"},
///     "s3": {"s3SchemaVersion": "1.0", "configurationId": "uploads",
///         "bucket": {"name": "amzn-s3-demo-bucket", "arn": "arn:aws:s3:::amzn-s3-demo-bucket",
///             "ownerIdentity": {"principalId": "A3NL1KOZZKExample"}},
///         "object": {"key": "my+photo.jpg", "size": 1024,
///             "eTag": "d41d8cd98f00b204e9800998ecf8427e",
///             "sequencer": "0055AED6DCD90281E5"}}}]}"#;
///
/// let Notification::Records(records) = Notification::parse(json)? else {
///     panic!("a test notification");
/// };
/// let record = &records[0];
/// assert_eq!(record.event_name, EventName::OBJECT_CREATED_PUT);
/// assert_eq!(record.bucket.name, "amzn-s3-demo-bucket");
/// assert_eq!(record.object.key, "my photo.jpg");
/// assert_eq!(record.object.size, Some(1024));
/// assert_eq!(record.object.version_id, None);
/// # Ok::<_, s3_dispatch_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct S3EventRecord {
    /// What happened: `ObjectCreated:Put`.
    ///
    /// `eventName` in a notification. EventBridge spreads it over `detail-type`, `detail.reason`
    /// and `detail.deletion-type`, and this is the name that a notification would have had.
    pub event_name: EventName,
    /// When S3 finished the request, in UTC: `2026-04-07T14:30:00.123Z`.
    ///
    /// `eventTime` in a notification, `time` in EventBridge. AWS always sends it.
    pub event_time: Option<EventTime>,
    /// The version of the record's format: `2.1`.
    ///
    /// `eventVersion` in a notification. `None` from EventBridge, which counts its own versions.
    pub event_version: Option<EventVersion>,
    /// Who sent the record: `aws:s3`, `minio:s3`.
    ///
    /// `eventSource` in a notification. `source` in EventBridge, where it is `aws.s3`.
    pub event_source: Option<EventSource>,
    /// The region of the bucket: `eu-central-1`.
    ///
    /// `awsRegion` in a notification, `region` in EventBridge. Some S3-compatible stores have no
    /// region.
    pub region: Option<Region>,
    /// Who caused the event: `AWS:AROAEXAMPLE:session`, `A3NL1KOZZKExample`, `s3.amazonaws.com`.
    ///
    /// `userIdentity.principalId` in a notification, `detail.requester` in EventBridge.
    pub principal_id: Option<PrincipalId>,
    /// Where the request came from: an IPv4 or IPv6 address, or the name of a service.
    ///
    /// `requestParameters.sourceIPAddress` in a notification, `detail.source-ip-address` in
    /// EventBridge.
    pub source_ip: Option<SourceIp>,
    /// S3's id of the request: `C3D13FE58DE4C810`.
    ///
    /// `responseElements.x-amz-request-id` in a notification, `detail.request-id` in EventBridge.
    pub request_id: Option<RequestId>,
    /// The host that served the request, which AWS's support asks for.
    ///
    /// `responseElements.x-amz-id-2` in a notification. `None` from EventBridge.
    pub host_id: Option<HostId>,
    /// The id of the notification configuration that made S3 send the record.
    ///
    /// `s3.configurationId` in a notification. `None` from EventBridge. It is
    /// [`ConfigurationId::BACKFILL`] if S3 did not send the record.
    pub configuration_id: Option<ConfigurationId>,
    /// The bucket.
    ///
    /// `s3.bucket` in a notification, `detail.bucket` in EventBridge.
    pub bucket: Bucket,
    /// The object.
    ///
    /// `s3.object` in a notification, `detail.object` in EventBridge.
    pub object: Object,
    /// When a restored copy expires, and which storage class it came from.
    ///
    /// `glacierEventData.restoreEventData` of `ObjectRestore:Completed`. In EventBridge
    /// `detail.restore-expiry-time` and `detail.source-storage-class` of every `ObjectRestore:*`.
    pub restore: Option<Box<Restore>>,
    /// The state of a replication.
    ///
    /// `replicationEventData` of `Replication:*`. EventBridge has no such events.
    pub replication: Option<Box<Replication>>,
    /// The tier that Intelligent-Tiering moved the object to.
    ///
    /// `intelligentTieringEventData` of `IntelligentTiering`. `detail.destination-access-tier` in
    /// EventBridge.
    pub tiering: Option<Box<Tiering>>,
    /// The storage class that a lifecycle rule moved the object to.
    ///
    /// `lifecycleEventData.transitionEventData` of `LifecycleTransition`.
    /// `detail.destination-storage-class` in EventBridge.
    pub transition: Option<Box<Transition>>,
    /// The annotations that were written or deleted.
    ///
    /// `objectAnnotation` of `ObjectAnnotation:*`, in the record or in its `s3`.
    /// `detail.object-annotation` in EventBridge. Empty for other events.
    pub annotations: Vec<Annotation>,
    /// The retention that was written.
    ///
    /// `objectRetentionEventData` of `ObjectRetention:Put`. `detail.object-retention-event-data`
    /// in EventBridge.
    pub retention: Option<Box<Retention>>,
    pub(crate) raw: RawJson,
}

impl S3EventRecord {
    /// The JSON of the record as it was sent.
    ///
    /// It is one entry of `Records`, or the whole event if it came through EventBridge, with the
    /// sender's field order, whitespace and unknown fields. Use it to read a field that this type
    /// does not have, or to keep the event for later. S3 Batch Operations sends tasks and no
    /// records, so theirs are written in the form of a notification's records.
    ///
    /// The text is borrowed if the payload contains it as it is. It is owned if the payload
    /// escapes it, as the body of an SQS message does.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::Notification;
    ///
    /// let json = r#"{"Records": [{"eventName": "ObjectCreated:Put", "future": 1,
    ///     "s3": {"bucket": {"name": "b"}, "object": {"key": "k"}}}]}"#;
    /// let Notification::Records(records) = Notification::parse(json)? else { panic!() };
    ///
    /// let record: serde_json::Value = serde_json::from_str(&records[0].raw_json()).unwrap();
    /// assert_eq!(record["future"], 1);
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    #[must_use]
    pub fn raw_json(&self) -> Cow<'_, str> {
        self.raw.as_sent()
    }

    /// Whether the record was made of a task of an S3 Batch Operations job.
    ///
    /// Such a record has an event name, a bucket, a key, perhaps a version, and the mark of
    /// [`is_backfilled`](Self::is_backfilled), and nothing else.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::delivery::Delivery;
    /// use s3_dispatch_testing::{BatchJobBuilder, RecordBuilder};
    ///
    /// let job = BatchJobBuilder::new().with_task("task-1", "amzn-s3-demo-bucket", "a.jpg");
    /// let delivery = Delivery::parse(job.to_bytes())?;
    /// assert!(delivery.records()[0].is_from_batch_job());
    /// assert_eq!(delivery.records()[0].object.size, None);
    ///
    /// assert!(!RecordBuilder::new("ObjectCreated:Put").build().is_from_batch_job());
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    #[must_use]
    pub fn is_from_batch_job(&self) -> bool {
        let source = self.event_source.as_ref();
        source.is_some_and(|source| source == EventSource::BATCH_OPERATIONS)
    }

    /// Whether the record tells of an object that was there already, and not of an event that S3
    /// sent.
    ///
    /// `backfill` marks its records so, and so are the tasks of S3 Batch Operations: their
    /// [`configuration_id`](Self::configuration_id) is [`ConfigurationId::BACKFILL`]. Such a record
    /// has no sequencer, so nothing tells whether it is newer than an event of its key. With
    /// `LatestOnly` it loses to every one. A bucket whose owner gives this id to a configuration of
    /// notifications has its events taken for backfilled ones.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::EventName;
    /// use s3_dispatch_core::delivery::BackfilledEvent;
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let event = BackfilledEvent::new(&EventName::OBJECT_CREATED_PUT, "holiday", "a.jpg");
    /// assert!(event.to_record().is_backfilled());
    ///
    /// assert!(!RecordBuilder::new("ObjectCreated:Put").build().is_backfilled());
    /// ```
    #[must_use]
    pub fn is_backfilled(&self) -> bool {
        let position = self.after_the_mark();
        position.is_some_and(|text| {
            text.is_empty() || text.starts_with(ConfigurationId::BEFORE_POSITION)
        })
    }

    /// The position of the newest event of the key that had been handled when a backfilled object
    /// was seen. `None` if it is not known, and for events that S3 sent.
    ///
    /// `audit` writes it for objects that it found missing; see
    /// [`BackfilledEvent::with_position`](crate::delivery::BackfilledEvent::with_position).
    #[must_use]
    pub fn backfill_position(&self) -> Option<&str> {
        self.after_the_mark()?
            .strip_prefix(ConfigurationId::BEFORE_POSITION)
    }

    fn after_the_mark(&self) -> Option<&str> {
        let id = self.configuration_id.as_ref()?.as_str();
        id.strip_prefix(ConfigurationId::BACKFILL)
    }

    /// The sequencer, if it belongs to this event and not to an earlier one.
    ///
    /// Order the events of a key only by sequencers that this method returns. It returns `None`
    ///
    /// - if the record has no sequencer, or one that is not hexadecimal,
    /// - for `LifecycleExpiration:*`, which carries the sequencer of the object's creation,
    /// - for `ObjectCreated:CompleteMultipartUpload`, which carries that of the upload's start.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let put = RecordBuilder::new("ObjectCreated:Put").build();
    /// assert!(put.reliable_sequencer().is_some());
    ///
    /// let multipart = RecordBuilder::new("ObjectCreated:CompleteMultipartUpload").build();
    /// assert!(multipart.object.sequencer.is_some());
    /// assert_eq!(multipart.reliable_sequencer(), None);
    /// ```
    #[must_use]
    pub fn reliable_sequencer(&self) -> Option<&Sequencer> {
        let is_of_something_earlier = self.event_name.is_lifecycle_expiration()
            || self.event_name == EventName::OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD;

        self.object
            .sequencer
            .as_ref()
            .filter(|sequencer| !is_of_something_earlier && sequencer.is_hexadecimal())
    }
}
