//! Views of objects that S3 replicated or moved.

use super::declaration::views;
use crate::event_data::{AccessTier, Replication, StorageClass};

views! {
    /// An object that was replicated late, or not at all.
    ///
    /// Made from `Replication:*`, which carries `replicationEventData`. All of its fields are
    /// optional, and which of them S3 sends depends on the event.
    ///
    /// ```json
    /// {"replicationRuleId": "rule", "destinationBucket": "arn:aws:s3:::amzn-s3-demo-copy",
    ///  "s3Operation": "OBJECT_PUT", "requestTime": "2026-05-07T00:00:00.000Z",
    ///  "failureReason": "AssumeRoleNotPermitted"}
    /// ```
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::Replicated;
    /// use s3_dispatch_testing::{RecordBuilder, ReplicationData};
    ///
    /// let data = ReplicationData::new("rule", "arn:aws:s3:::amzn-s3-demo-copy")
    ///     .with_failure_reason("DstBucketNotFound");
    /// let record = RecordBuilder::new("Replication:OperationFailedReplication")
    ///     .with_replication(data)
    ///     .build();
    ///
    /// let object = Replicated::try_from(&record)?;
    /// assert_eq!(object.replication.failure_reason.unwrap(), "DstBucketNotFound");
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    Replicated of ["Replication:*"] {
        /// The state of the replication.
        replication: Replication = |record| record.replication.as_deref().cloned();
    }

    /// An object that a lifecycle rule moved to another storage class.
    ///
    /// Made from `LifecycleTransition`, which carries `lifecycleEventData`:
    ///
    /// ```json
    /// {"transitionEventData": {"destinationStorageClass": "GLACIER"}}
    /// ```
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::Transitioned;
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let record = RecordBuilder::new("LifecycleTransition")
    ///     .with_transition("GLACIER_IR")
    ///     .build();
    ///
    /// let object = Transitioned::try_from(&record)?;
    /// assert_eq!(object.destination_storage_class, "GLACIER_IR");
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    Transitioned of ["LifecycleTransition"] {
        /// The storage class that the object was moved to: `GLACIER`.
        destination_storage_class: StorageClass = |record| {
            record.transition.as_ref()?.destination_storage_class.clone()
        };
    }

    /// An object that Intelligent-Tiering moved to an archive tier.
    ///
    /// Made from `IntelligentTiering`, which carries `intelligentTieringEventData`. S3 sends the
    /// size and the entity tag, but no sequencer.
    ///
    /// ```json
    /// {"destinationAccessTier": "ARCHIVE_ACCESS"}
    /// ```
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::Tiered;
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let record = RecordBuilder::new("IntelligentTiering")
    ///     .with_tiering("ARCHIVE_ACCESS")
    ///     .build();
    ///
    /// let object = Tiered::try_from(&record)?;
    /// assert_eq!(object.destination_access_tier, "ARCHIVE_ACCESS");
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    Tiered of ["IntelligentTiering"] {
        /// The tier that the object was moved to: `ARCHIVE_ACCESS`.
        destination_access_tier: AccessTier = |record| {
            record.tiering.as_ref()?.destination_access_tier.clone()
        };
    }
}
