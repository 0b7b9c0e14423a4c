//! The methods of [`RecordBuilder`] for the extra data that only some events have.

use super::RecordBuilder;
use crate::record::event_data::{
    AnnotationData, EventData, ReplicationData, RestoreData, RetentionData,
};

impl RecordBuilder {
    /// Sets the data of a restored object, `glacierEventData`.
    ///
    /// The restored copy expires at `expiry_time`, such as `2026-04-07T00:00:00.000Z`, and the
    /// object is in `storage_class`, such as `GLACIER`. The default for `ObjectRestore:Completed`
    /// is `1970-02-01T00:00:00.000Z` and `GLACIER`.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::EventName;
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let record = RecordBuilder::new(EventName::OBJECT_RESTORE_COMPLETED)
    ///     .with_restore("2026-04-07T00:00:00.000Z", "DEEP_ARCHIVE")
    ///     .build();
    /// assert_eq!(record.restore.unwrap().storage_class.unwrap(), "DEEP_ARCHIVE");
    /// ```
    #[must_use]
    pub fn with_restore(
        mut self,
        expiry_time: impl Into<String>,
        storage_class: impl Into<String>,
    ) -> Self {
        self.fields.data.restore = Some(RestoreData {
            expiry_time: expiry_time.into(),
            storage_class: storage_class.into(),
        });

        self
    }

    /// Sets the data of a replication, `replicationEventData`.
    #[must_use]
    pub fn with_replication(mut self, replication: ReplicationData) -> Self {
        self.fields.data.replication = Some(replication);
        self
    }

    /// Sets the storage class that a lifecycle rule moved the object to, `lifecycleEventData`. The
    /// default for `LifecycleTransition` is `GLACIER`.
    #[must_use]
    pub fn with_transition(mut self, storage_class: impl Into<String>) -> Self {
        self.fields.data.transition = Some(storage_class.into());
        self
    }

    /// Sets the access tier that S3 moved the object to, `intelligentTieringEventData`. The default
    /// for `IntelligentTiering` is `ARCHIVE_ACCESS`.
    #[must_use]
    pub fn with_tiering(mut self, access_tier: impl Into<String>) -> Self {
        self.fields.data.tiering = Some(access_tier.into());
        self
    }

    /// Sets the annotation of the event, `objectAnnotation`, and replaces an earlier one.
    ///
    /// The size is in bytes. A deleted annotation has neither size nor entity tag.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::EventName;
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let json = RecordBuilder::new(EventName::OBJECT_ANNOTATION_DELETE)
    ///     .with_annotation("caption", None, None)
    ///     .to_json();
    /// assert!(json.ends_with(r#""objectAnnotation":[{"name":"caption"}]}"#));
    /// ```
    #[must_use]
    pub fn with_annotation(
        mut self,
        name: &str,
        size: impl Into<Option<u64>>,
        e_tag: Option<&str>,
    ) -> Self {
        self.fields.data.annotations = vec![AnnotationData {
            name: String::from(name),
            size: size.into(),
            e_tag: e_tag.map(String::from),
        }];

        self
    }

    /// Sets the retention, `objectRetentionEventData`, without an event hold.
    ///
    /// The mode is `GOVERNANCE` or `COMPLIANCE`, and `retain_until` a time such as
    /// `2026-04-07T00:00:00.000Z`.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::EventName;
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let json = RecordBuilder::new(EventName::OBJECT_RETENTION_PUT)
    ///     .with_retention("COMPLIANCE", "2026-04-07T00:00:00.000Z")
    ///     .with_event_hold(90)
    ///     .to_json();
    /// assert!(json.contains(r#""mode":"COMPLIANCE""#));
    /// assert!(json.contains(r#""eventHold":"ON","eventHoldDuration":{"days":90}"#));
    /// ```
    #[must_use]
    pub fn with_retention(
        mut self,
        mode: impl Into<String>,
        retain_until: impl Into<String>,
    ) -> Self {
        self.fields.data.retention = Some(RetentionData {
            mode: mode.into(),
            retain_until: retain_until.into(),
            event_hold: None,
            event_hold_days: None,
        });

        self
    }

    /// Adds an event hold, `eventHold`, and its duration in days, `eventHoldDuration`. Does nothing
    /// if the record has no retention.
    #[must_use]
    pub fn with_event_hold(mut self, days: u64) -> Self {
        if let Some(retention) = &mut self.fields.data.retention {
            retention.event_hold = Some(String::from("ON"));
            retention.event_hold_days = Some(days);
        }

        self
    }

    /// Leaves out the extra data of the event: restore, replication, tiering, transition,
    /// annotation and retention.
    #[must_use]
    pub fn without_event_data(mut self) -> Self {
        self.fields.data = EventData::default();
        self
    }
}
