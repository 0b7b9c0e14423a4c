//! The builder of one record.

use s3_dispatch_core::{EventName, Notification, S3EventRecord};

use crate::record::record_fields::{RecordFields, Sequencer};
use crate::write::{eventbridge_json, record_json};

/// A record as S3 sends it for one event of one object.
///
/// By default the record is about the object `HappyFace.jpg` in the bucket `amzn-s3-demo-bucket`.
/// [`RecordBuilder::build`] gives the record that a handler takes,
/// [`RecordBuilder::to_json`] its JSON, and
/// [`RecordBuilder::to_eventbridge_json`] the same event in EventBridge's form.
///
/// # Examples
///
/// ```
/// use s3_dispatch_core::EventName;
/// use s3_dispatch_testing::RecordBuilder;
///
/// let record = RecordBuilder::new(EventName::OBJECT_CREATED_PUT)
///     .with_bucket("holiday")
///     .with_key("a b.jpg")
///     .build();
///
/// assert_eq!(record.bucket.name, "holiday");
/// assert_eq!(record.object.key, "a b.jpg");
/// assert_eq!(record.object.key.as_sent(), "a+b.jpg");
/// assert_eq!(record.object.size, Some(1024));
/// ```
#[derive(Debug, Clone)]
pub struct RecordBuilder {
    pub(super) fields: RecordFields,
}

macro_rules! texts {
    ($($(#[$doc:meta])* $method:ident $field:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $method(mut self, $field: impl Into<String>) -> Self {
            self.fields.$field = $field.into().into();
            self
        }
    )*};
}

impl RecordBuilder {
    /// A record of this event, with the fields that S3 sends for it.
    ///
    /// The size, the entity tag, the sequencer and the extra data of the event are set if S3 sends
    /// them for this event. An unknown event has the first three and no extra data.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::EventName;
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let removed = RecordBuilder::new(EventName::OBJECT_REMOVED_DELETE).build();
    /// assert_eq!(removed.object.size, None);
    ///
    /// let unknown = RecordBuilder::new("ObjectFrozen:Put").build();
    /// assert_eq!(unknown.object.size, Some(1024));
    /// ```
    #[must_use]
    pub fn new(event: impl Into<EventName>) -> Self {
        Self {
            fields: RecordFields::new(event.into()),
        }
    }

    texts! {
        /// Sets the version of the format, `eventVersion`. The default is `2.6`.
        with_event_version event_version;
        /// Sets the sender, `eventSource`. The default is `aws:s3`.
        ///
        /// The sender decides how the key is encoded: `aws:s3` and `storj:s3` leave `/` as it is,
        /// `minio:s3` and `rustfs:s3` encode it, and every other sender leaves the whole key as it
        /// is.
        ///
        /// # Examples
        ///
        /// ```
        /// use s3_dispatch_testing::RecordBuilder;
        ///
        /// let record = |source| {
        ///     let record = RecordBuilder::new("ObjectCreated:Put").with_event_source(source);
        ///     record.with_key("a/b c").build()
        /// };
        /// assert_eq!(record("aws:s3").object.key.as_sent(), "a/b+c");
        /// assert_eq!(record("minio:s3").object.key.as_sent(), "a%2Fb+c");
        /// assert_eq!(record("ceph:s3").object.key.as_sent(), "a/b c");
        /// ```
        with_event_source event_source;
        /// Sets the region, `awsRegion`, and with it the partition in the bucket's ARN. The
        /// default is `us-east-1`.
        ///
        /// # Examples
        ///
        /// ```
        /// use s3_dispatch_testing::RecordBuilder;
        ///
        /// let record = RecordBuilder::new("ObjectCreated:Put").with_region("cn-north-1").build();
        /// assert_eq!(record.bucket.arn.unwrap(), "arn:aws-cn:s3:::amzn-s3-demo-bucket");
        /// ```
        with_region region;
        /// Sets the time of the event in UTC, `eventTime`, such as `2026-04-07T14:30:00.123Z`. The
        /// default is `1970-01-01T00:00:00.000Z`.
        ///
        /// # Examples
        ///
        /// ```
        /// use s3_dispatch_testing::RecordBuilder;
        ///
        /// let json = RecordBuilder::new("ObjectCreated:Put")
        ///     .with_event_time("2026-04-07T14:30:00.123Z")
        ///     .to_json();
        /// assert!(json.contains(r#""eventTime":"2026-04-07T14:30:00.123Z""#));
        /// ```
        with_event_time event_time;
        /// Sets who caused the event, `userIdentity.principalId`.
        ///
        /// The default is `AWS:AIDAJDPLRKLG7UEXAMPLE`, or `s3.amazonaws.com` for an event that S3
        /// causes by itself.
        with_principal_id principal_id;
        /// Sets the address of the request, `requestParameters.sourceIPAddress`.
        ///
        /// The default is `172.16.0.1`, or `s3.amazonaws.com` for an event that S3 causes by
        /// itself.
        with_source_ip source_ip;
        /// Sets the id of the request, `responseElements.x-amz-request-id`. The default is
        /// `C3D13FE58DE4C810`.
        with_request_id request_id;
        /// Sets the id of the notification configuration, `s3.configurationId`. The default is
        /// `testConfigRule`.
        with_configuration_id configuration_id;
        /// Sets the name of the bucket, `s3.bucket.name`, and with it the bucket's ARN. The default
        /// is `amzn-s3-demo-bucket`.
        with_bucket bucket;
        /// Sets the key of the object, not encoded: the builder encodes it as the sender would. The
        /// default is `HappyFace.jpg`.
        with_key key;
        /// Sets the entity tag, `s3.object.eTag`, without quotes. The default is the MD5 digest of
        /// an empty object, if S3 sends a tag for the event.
        with_e_tag e_tag;
        /// Sets the version of the object, `s3.object.versionId`. By default the bucket has no
        /// versioning, and the field is left out.
        with_version_id version_id;
        /// Sets the sequencer, `s3.object.sequencer`, in hexadecimal digits.
        ///
        /// The default, if S3 sends a sequencer for the event, is `0055AED6DCD90281E5`. Within a
        /// notification, an [`SqsBatchBuilder`](crate::SqsBatchBuilder) or an
        /// [`SnsBatchBuilder`](crate::SnsBatchBuilder), each record that is added has the next
        /// number, `0055AED6DCD90281E6` and so on, because each is an event of its own. Set the
        /// sequencer to add one event twice, as a duplicate, or to order events across payloads.
        ///
        /// # Examples
        ///
        /// ```
        /// use std::cmp::Ordering;
        ///
        /// use s3_dispatch_testing::RecordBuilder;
        ///
        /// let sequencer = |digits| {
        ///     let record = RecordBuilder::new("ObjectCreated:Put").with_sequencer(digits).build();
        ///     record.object.sequencer.unwrap()
        /// };
        /// let (older, newer) = (sequencer("0A"), sequencer("0B"));
        /// assert_eq!(older.compare(&newer), Some(Ordering::Less));
        /// ```
        with_sequencer sequencer;
    }

    /// Sets the size of the object in bytes, `s3.object.size`. The default is 1024, if S3 sends a
    /// size for the event.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let record = RecordBuilder::new("ObjectCreated:Put").with_size(0).build();
    /// assert_eq!(record.object.size, Some(0));
    /// ```
    #[must_use]
    pub fn with_size(mut self, size: u64) -> Self {
        self.fields.size = Some(size);
        self
    }

    /// Leaves out the size, as MinIO does for an empty object.
    #[must_use]
    pub fn without_size(mut self) -> Self {
        self.fields.size = None;
        self
    }

    /// Leaves out the entity tag.
    #[must_use]
    pub fn without_e_tag(mut self) -> Self {
        self.fields.e_tag = None;
        self
    }

    /// Leaves out the sequencer.
    #[must_use]
    pub fn without_sequencer(mut self) -> Self {
        self.fields.sequencer = Sequencer::Absent;
        self
    }

    /// Adds a tag that AWS puts on the bucket, `s3.bucket.awsGeneratedTags`. Replaces a tag of the
    /// same name. By default there are none, and the field is left out.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let json = RecordBuilder::new("ObjectCreated:Put").with_tag("aws:team", "photos").to_json();
    /// assert!(json.contains(r#""awsGeneratedTags":{"aws:team":"photos"}"#));
    /// ```
    #[must_use]
    pub fn with_tag(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.fields.tags.insert(name.into(), value.into());
        self
    }

    /// Sets whether the object has annotations, `s3.object.hasObjectAnnotation`. S3 sends it for
    /// copies; by default it is left out.
    #[must_use]
    pub fn with_has_annotation(mut self, has_annotation: bool) -> Self {
        self.fields.has_annotation = Some(has_annotation);
        self
    }

    /// Sets the id of the event in EventBridge's form, `id`. A notification has no such id.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let event = RecordBuilder::new("ObjectCreated:Put")
    ///     .with_eventbridge_id("2d9f6d6c-6b4a-4ff0-9a4b-5b8c3a4f8b1e")
    ///     .to_eventbridge_json();
    /// assert!(event.unwrap().contains(r#""id":"2d9f6d6c-6b4a-4ff0-9a4b-5b8c3a4f8b1e""#));
    /// ```
    #[must_use]
    pub fn with_eventbridge_id(mut self, id: impl Into<String>) -> Self {
        self.fields.eventbridge_id = id.into();
        self
    }

    /// The JSON of the record alone, an element of `Records`.
    #[must_use]
    pub fn to_json(&self) -> String {
        record_json::record(&self.fields)
    }

    /// The same event as EventBridge sends it, or `None` if S3 does not send it to EventBridge.
    ///
    /// The key is not encoded. The sequencer is in lower case, without the leading `00`.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::EventName;
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let event = RecordBuilder::new(EventName::OBJECT_CREATED_PUT).to_eventbridge_json();
    /// assert!(event.unwrap().contains(r#""detail-type":"Object Created""#));
    ///
    /// let lost = RecordBuilder::new(EventName::REDUCED_REDUNDANCY_LOST_OBJECT);
    /// assert_eq!(lost.to_eventbridge_json(), None);
    /// ```
    #[must_use]
    pub fn to_eventbridge_json(&self) -> Option<String> {
        eventbridge_json::event(&self.fields)
    }

    /// The record that a handler takes.
    ///
    /// It is read from the JSON of a notification, as every record is.
    ///
    /// # Panics
    ///
    /// If the event name, the bucket or the key is empty. S3 never sends such a record, and the
    /// reader rejects it.
    #[must_use]
    #[track_caller]
    pub fn build(&self) -> S3EventRecord {
        match Notification::parse(record_json::notification([&self.fields])) {
            Ok(Notification::Records(mut records)) if records.len() == 1 => records.remove(0),
            other => panic!("the record cannot be read: {other:?}"),
        }
    }
}
