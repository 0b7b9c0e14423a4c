//! Views of objects that were created, deleted or restored.

use super::declaration::views;
use crate::event_data::{StorageClass, Timestamp};
use crate::{ETag, Sequencer};

views! {
    /// An object that was created: uploaded, copied, or assembled from parts.
    ///
    /// Made from `ObjectCreated:*`, for which S3 sends `size`, `eTag` and `sequencer`:
    ///
    /// ```json
    /// {"key": "my+photo.jpg", "size": 1024, "eTag": "d41d8cd98f00b204e9800998ecf8427e",
    ///  "sequencer": "0055AED6DCD90281E5"}
    /// ```
    ///
    /// # Examples
    ///
    /// As the argument of a handler:
    ///
    /// ```
    /// use s3_dispatch_core::{ObjectCreated, Routes};
    ///
    /// let routes = Routes::new(()).on_fn("ObjectCreated:*", |object: ObjectCreated| async move {
    ///     println!("{} has {} bytes", object.key, object.size);
    ///     Ok::<_, std::io::Error>(())
    /// });
    /// ```
    ///
    /// From a record:
    ///
    /// ```
    /// use s3_dispatch_core::ObjectCreated;
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let record = RecordBuilder::new("ObjectCreated:Put")
    ///     .with_key("a b.txt")
    ///     .with_size(7)
    ///     .build();
    ///
    /// let object = ObjectCreated::try_from(&record)?;
    /// assert_eq!(object.key, "a b.txt");
    /// assert_eq!(object.size, 7);
    /// assert_eq!(object.version_id, None);
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    ObjectCreated of ["ObjectCreated:*"] {
        /// The size in bytes.
        ///
        /// 0 if the record has no size, because MinIO and RustFS leave it out for empty objects.
        /// But a backfilled record may have none either, such as that of a task of S3 Batch
        /// Operations or of a list of keys, and there it is an error.
        size: u64 = |record| {
            record.object.size.or_else(|| (!record.is_backfilled()).then_some(0))
        };
        /// The entity tag. It ends in `-N` for an object that was uploaded in `N` parts.
        ///
        /// AWS always sends it. Storj leaves it out, and Scality sends `null`.
        e_tag: Option<ETag> = |record| Some(record.object.e_tag.clone());
        /// The position among the events of this key.
        ///
        /// AWS always sends it, but not every S3-compatible store does. That of
        /// `ObjectCreated:CompleteMultipartUpload` is the sequencer of the upload's start.
        sequencer: Option<Sequencer> = |record| Some(record.object.sequencer.clone());
    }

    /// An object that a request deleted or hid behind a delete marker, or of which it deleted one
    /// version.
    ///
    /// Made from `ObjectRemoved:*`. S3 sends no size. For a delete marker it sends the version id
    /// of the marker and the entity tag of an empty object.
    ///
    /// The event does not always mean that the object is gone: `ObjectRemoved:Delete` with a
    /// version id is about that version alone. [`removal`](Self::removal) tells them apart.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::ObjectRemoved;
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let record = RecordBuilder::new("ObjectRemoved:DeleteMarkerCreated").build();
    /// let object = ObjectRemoved::try_from(&record)?;
    /// assert!(object.is_delete_marker);
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    ObjectRemoved of ["ObjectRemoved:*"] {
        /// Whether a delete marker was created, so that older versions still exist.
        ///
        /// `false` does not mean that the object is gone: see [`removal`](Self::removal).
        is_delete_marker: bool = |record| {
            Some(record.event_name.action() == Some("DeleteMarkerCreated"))
        };
        /// The position among the events of this key.
        ///
        /// AWS always sends it, but not every S3-compatible store does.
        sequencer: Option<Sequencer> = |record| Some(record.object.sequencer.clone());
    }

    /// An archived object whose restoration was completed, so that it can be read for a while.
    ///
    /// Made from `ObjectRestore:Completed`, which carries `glacierEventData`:
    ///
    /// ```json
    /// {"restoreEventData": {"lifecycleRestorationExpiryTime": "2026-05-07T00:00:00.000Z",
    ///  "lifecycleRestoreStorageClass": "GLACIER"}}
    /// ```
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::ObjectRestored;
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let record = RecordBuilder::new("ObjectRestore:Completed")
    ///     .with_restore("2026-05-07T00:00:00.000Z", "GLACIER")
    ///     .build();
    /// let object = ObjectRestored::try_from(&record)?;
    /// assert_eq!(object.expiry_time, "2026-05-07T00:00:00.000Z");
    /// assert_eq!(object.storage_class, "GLACIER");
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    ObjectRestored of ["ObjectRestore:Completed"] {
        /// The size in bytes. 0 if the record has no size.
        size: u64 = |record| Some(record.object.size.unwrap_or(0));
        /// When the restored copy expires, in UTC.
        expiry_time: Timestamp = |record| record.restore.as_ref()?.expiry_time.clone();
        /// The storage class that the object was restored from: `GLACIER`.
        storage_class: StorageClass = |record| record.restore.as_ref()?.storage_class.clone();
    }

    /// An object that a lifecycle rule deleted or hid behind a delete marker, or of which it
    /// deleted one version.
    ///
    /// Made from `LifecycleExpiration:*`. S3 sends no size and no entity tag. The sequencer is
    /// that of the object's creation and does not tell when the object expired, so this view has
    /// none.
    ///
    /// `LifecycleExpiration:Delete` with a version id is about that version alone, such as one that
    /// was no longer the newest. [`removal`](Self::removal) tells them apart.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::Expired;
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let record = RecordBuilder::new("LifecycleExpiration:Delete").with_key("old.log").build();
    /// let object = Expired::try_from(&record)?;
    /// assert_eq!(object.key, "old.log");
    /// assert!(!object.is_delete_marker);
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    Expired of ["LifecycleExpiration:*"] {
        /// Whether a delete marker was created, so that older versions still exist.
        ///
        /// `false` does not mean that the object is gone: see [`removal`](Self::removal).
        is_delete_marker: bool = |record| {
            Some(record.event_name.action() == Some("DeleteMarkerCreated"))
        };
    }
}
