//! The builder of one record.

use std::collections::BTreeMap;

use s3_dispatch_core::{EventName, Notification, S3EventRecord};

use crate::NotificationBuilder;
use crate::record::defaults;
use crate::record::event_data::{
    AnnotationData, EventData, ReplicationData, RestoreData, RetentionData,
};
use crate::write::eventbridge_json::EventJson;
use crate::write::json;
use crate::write::record_json::RecordJson;

/// A record as S3 sends it for one event of one object.
///
/// ```
/// use s3_dispatch_core::EventName;
/// use s3_dispatch_testing::RecordBuilder;
///
/// let record = RecordBuilder::new(EventName::OBJECT_CREATED_PUT).with_bucket("holiday").with_key("a b.jpg").build();
/// assert_eq!(record.bucket.name, "holiday");
/// assert_eq!(record.object.key, "a b.jpg");
/// assert_eq!(record.object.size, Some(1024));
/// ```
#[derive(Debug, Clone)]
pub struct RecordBuilder {
    pub(crate) event_version: String,
    pub(crate) event_source: String,
    pub(crate) region: String,
    pub(crate) event_time: String,
    pub(crate) event_name: EventName,
    pub(crate) principal_id: String,
    pub(crate) source_ip: String,
    pub(crate) request_id: String,
    pub(crate) configuration_id: String,
    pub(crate) bucket: String,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) key: String,
    pub(crate) size: Option<u64>,
    pub(crate) e_tag: Option<String>,
    pub(crate) version_id: Option<String>,
    pub(crate) sequencer: Option<String>,
    pub(crate) has_annotation: Option<bool>,
    pub(crate) data: EventData,
}

macro_rules! texts {
    ($($(#[$doc:meta])* $method:ident $field:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $method(mut self, $field: impl Into<String>) -> Self {
            self.$field = $field.into().into();
            self
        }
    )*};
}

impl RecordBuilder {
    /// A record with the fields that S3 sends for this event.
    ///
    /// `HappyFace.jpg` of 1,024 bytes in `amzn-s3-demo-bucket`, `us-east-1`, a bucket without
    /// versioning, at `1970-01-01T00:00:00.000Z` with the sequencer `0055AED6DCD90281E5`; size,
    /// entity tag, sequencer and the data of the event are there when S3 sends them.
    #[must_use]
    pub fn new(event: impl Into<EventName>) -> Self {
        let event_name = event.into();
        let presence = defaults::presence(&event_name);

        let (principal_id, source_ip) = if defaults::is_done_by_s3(&event_name) {
            (defaults::SERVICE, defaults::SERVICE)
        } else {
            ("AWS:AIDAJDPLRKLG7UEXAMPLE", "172.16.0.1")
        };

        Self {
            event_version: String::from("2.6"),
            event_source: String::from("aws:s3"),
            region: String::from(defaults::REGION),
            event_time: String::from(defaults::TIME),
            principal_id: String::from(principal_id),
            source_ip: String::from(source_ip),
            request_id: String::from(defaults::REQUEST_ID),
            configuration_id: String::from("testConfigRule"),
            bucket: String::from(defaults::BUCKET),
            tags: BTreeMap::new(),
            key: String::from("HappyFace.jpg"),
            size: presence.size.then_some(1024),
            e_tag: presence
                .e_tag
                .then(|| String::from(defaults::E_TAG_OF_NOTHING)),
            version_id: None,
            sequencer: presence
                .sequencer
                .then(|| String::from(defaults::SEQUENCER)),
            has_annotation: None,
            data: EventData::of(&event_name),
            event_name,
        }
    }

    texts! {
        /// Of this version of the format (`eventVersion`).
        with_event_version event_version;
        /// From this sender (`eventSource`), which also decides how the key is encoded: `aws:s3` leaves `/` as it is,
        /// `minio:s3` and `rustfs:s3` encode it, and all others send the key as it is.
        with_event_source event_source;
        /// In this region (`awsRegion`), whose partition stands in the bucket's ARN.
        with_region region;
        /// At this time (`eventTime`), such as `2026-04-07T14:30:00.123Z`.
        with_event_time event_time;
        /// Caused by this principal (`userIdentity.principalId`).
        with_principal_id principal_id;
        /// Requested from this address (`requestParameters.sourceIPAddress`).
        with_source_ip source_ip;
        /// Of this request (`responseElements.x-amz-request-id`).
        with_request_id request_id;
        /// Of this notification configuration (`s3.configurationId`).
        with_configuration_id configuration_id;
        /// In this bucket (`s3.bucket.name`).
        with_bucket bucket;
        /// Of the object with this key, not encoded: the builder encodes it.
        with_key key;
        /// With this entity tag (`s3.object.eTag`).
        with_e_tag e_tag;
        /// Of this version, in a bucket with versioning (`s3.object.versionId`).
        with_version_id version_id;
        /// With this sequencer (`s3.object.sequencer`).
        with_sequencer sequencer;
    }

    /// Of this size in bytes (`s3.object.size`).
    #[must_use]
    pub fn with_size(mut self, size: u64) -> Self {
        self.size = Some(size);
        self
    }

    /// Without a size, as MinIO sends for empty objects.
    #[must_use]
    pub fn without_size(mut self) -> Self {
        self.size = None;
        self
    }

    /// Without an entity tag.
    #[must_use]
    pub fn without_e_tag(mut self) -> Self {
        self.e_tag = None;
        self
    }

    /// Without a sequencer.
    #[must_use]
    pub fn without_sequencer(mut self) -> Self {
        self.sequencer = None;
        self
    }

    /// With a tag that AWS put on the bucket (`s3.bucket.awsGeneratedTags`); may be repeated.
    #[must_use]
    pub fn with_tag(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(name.into(), value.into());
        self
    }

    /// Saying whether the object has annotations (`s3.object.hasObjectAnnotation`), which S3 does
    /// for copies.
    #[must_use]
    pub fn with_has_annotation(mut self, has_annotation: bool) -> Self {
        self.has_annotation = Some(has_annotation);
        self
    }

    /// Of a restoration that ends at this time, from this storage class (`glacierEventData`).
    #[must_use]
    pub fn with_restore(
        mut self,
        expiry_time: impl Into<String>,
        storage_class: impl Into<String>,
    ) -> Self {
        let (expiry_time, storage_class) = (expiry_time.into(), storage_class.into());
        self.data.restore = Some(RestoreData {
            expiry_time,
            storage_class,
        });

        self
    }

    /// Of this replication (`replicationEventData`).
    #[must_use]
    pub fn with_replication(mut self, replication: ReplicationData) -> Self {
        self.data.replication = Some(replication);
        self
    }

    /// Of a move to this storage class (`lifecycleEventData`).
    #[must_use]
    pub fn with_transition(mut self, storage_class: impl Into<String>) -> Self {
        self.data.transition = Some(storage_class.into());
        self
    }

    /// Of a move to this access tier (`intelligentTieringEventData`).
    #[must_use]
    pub fn with_tiering(mut self, access_tier: impl Into<String>) -> Self {
        self.data.tiering = Some(access_tier.into());
        self
    }

    /// Of this annotation, instead of any other (`objectAnnotation`); one that was deleted has
    /// neither size nor tag.
    #[must_use]
    pub fn with_annotation(
        mut self,
        name: &str,
        size: impl Into<Option<u64>>,
        e_tag: Option<&str>,
    ) -> Self {
        let e_tag = e_tag.map(String::from);
        self.data.annotations = vec![AnnotationData {
            name: String::from(name),
            size: size.into(),
            e_tag,
        }];

        self
    }

    /// Of this retention (`objectRetentionEventData`).
    #[must_use]
    pub fn with_retention(
        mut self,
        mode: impl Into<String>,
        retain_until: impl Into<String>,
    ) -> Self {
        let (mode, retain_until) = (mode.into(), retain_until.into());
        self.data.retention = Some(RetentionData {
            mode,
            retain_until,
            event_hold: None,
            event_hold_days: None,
        });

        self
    }

    /// Held by an event, and for this many days after it; only of a record with a retention.
    #[must_use]
    pub fn with_event_hold(mut self, days: u64) -> Self {
        if let Some(retention) = &mut self.data.retention {
            retention.event_hold = Some(String::from("ON"));
            retention.event_hold_days = Some(days);
        }

        self
    }

    /// Without the data that S3 sends with some events: of restore, replication, tiering,
    /// transition, annotation and retention.
    #[must_use]
    pub fn without_event_data(mut self) -> Self {
        self.data = EventData::default();
        self
    }

    /// The record alone, as it stands in `Records`.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::compact(&RecordJson::of(self))
    }

    /// The same event as EventBridge sends it, or `None` for events that S3 does not send there.
    ///
    /// The key is not encoded, and the sequencer is in lower case and without the leading `00`.
    #[must_use]
    pub fn to_eventbridge_json(&self) -> Option<String> {
        EventJson::of(self).map(|event| json::compact(&event))
    }

    /// The record as a handler gets it.
    ///
    /// # Panics
    ///
    /// When the event name, the bucket or the key is empty: S3 sends no such record and the reader
    /// refuses it.
    #[must_use]
    #[track_caller]
    pub fn build(&self) -> S3EventRecord {
        let read = Notification::parse(NotificationBuilder::from(self.clone()).to_json());
        match read {
            Ok(Notification::Records(mut records)) if records.len() == 1 => records.remove(0),
            other => panic!("the record cannot be read: {other:?}"),
        }
    }
}
