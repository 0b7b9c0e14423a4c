//! Typed views: records whose event is certain, with what that event is certain to have.

use crate::{
    AccessTier, Annotation, Bucket, Context, ETag, Error, ErrorKind, EventName, EventPattern,
    FromRecord, HandlerError, ObjectKey, Replication, Retention, S3EventRecord, Sequencer,
    StorageClass, Timestamp, VersionId,
};

/// Declares a view: its events, the fields that all views share, and its own.
macro_rules! views {
    ($(
        $(#[$doc:meta])*
        $view:ident of [$($pattern:literal),*] {
            $($(#[$field_doc:meta])* $field:ident: $type:ty = $read:expr;)*
        }
    )*) => {$(
        $(#[$doc])*
        ///
        /// A handler argument. Of a record of another event, or one that lacks what this view promises, it cannot be
        /// made, which is a [permanent](HandlerError::permanent) failure.
        #[derive(Debug, Clone)]
        #[non_exhaustive]
        pub struct $view {
            /// Which of the events it is.
            pub event_name: EventName,
            /// The bucket.
            pub bucket: Bucket,
            /// The object's key, decoded.
            pub key: ObjectKey,
            /// The object's version. `None` in buckets without versioning.
            pub version_id: Option<VersionId>,
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl $view {
            const EVENTS: &'static [EventPattern] = &[$(EventPattern::from_static($pattern)),*];
        }

        impl TryFrom<&S3EventRecord> for $view {
            type Error = Error;

            fn try_from(record: &S3EventRecord) -> Result<Self, Error> {
                if !Self::EVENTS.iter().any(|pattern| pattern.matches(&record.event_name)) {
                    let message = format!("`{}` is no event of `{}`", record.event_name, stringify!($view));
                    return Err(Error::new(ErrorKind::InvalidField, message));
                }
                Ok(Self {
                    event_name: record.event_name.clone(),
                    bucket: record.bucket.clone(),
                    key: record.object.key.clone(),
                    version_id: record.object.version_id.clone(),
                    $($field: {
                        let read: fn(&S3EventRecord) -> Option<$type> = $read;
                        read(record).ok_or_else(|| lacks(record, stringify!($field)))?
                    },)*
                })
            }
        }

        impl<'r, S> FromRecord<'r, S> for $view {
            const EVENTS: &'static [EventPattern] = $view::EVENTS;

            fn from_record(context: Context<'r, S>) -> Result<Self, HandlerError> {
                Self::try_from(context.record()).map_err(HandlerError::permanent)
            }
        }
    )*};
}

fn lacks(record: &S3EventRecord, field: &str) -> Error {
    Error::new(
        ErrorKind::MissingField,
        format!("the `{}` record has no `{field}`", record.event_name),
    )
}

views! {
    /// An object that was created: uploaded, copied, or put together from parts.
    ObjectCreated of ["ObjectCreated:*"] {
        /// The size in bytes. MinIO leaves it out for empty objects, so absent means 0.
        size: u64 = |record| Some(record.object.size.unwrap_or(0));
        /// The entity tag; ends in `-N` for an object uploaded in `N` parts.
        e_tag: ETag = |record| record.object.e_tag.clone();
        /// The place among the events of this key. AWS always sends it; not every S3-compatible store does.
        sequencer: Option<Sequencer> = |record| Some(record.object.sequencer.clone());
    }

    /// An object that was deleted, or hidden by a delete marker, on request.
    ObjectRemoved of ["ObjectRemoved:*"] {
        /// Whether a delete marker was put on top, so that older versions are still there.
        is_delete_marker: bool = |record| Some(record.event_name.action() == Some("DeleteMarkerCreated"));
        /// The place among the events of this key. AWS always sends it; not every S3-compatible store does.
        sequencer: Option<Sequencer> = |record| Some(record.object.sequencer.clone());
    }

    /// An archived object whose restoration was completed: it can be read, for a while.
    ObjectRestored of ["ObjectRestore:Completed"] {
        /// The size in bytes.
        size: u64 = |record| Some(record.object.size.unwrap_or(0));
        /// When the restored copy goes away, UTC.
        expiry_time: Timestamp = |record| record.restore.as_ref()?.expiry_time.clone();
        /// The storage class that the object was restored from.
        storage_class: StorageClass = |record| record.restore.as_ref()?.storage_class.clone();
    }

    /// An object that a lifecycle rule deleted, or hid by a delete marker.
    ///
    /// Its sequencer is that of the object's creation and says nothing of when it expired, so the view has none.
    Expired of ["LifecycleExpiration:*"] {
        /// Whether a delete marker was put on top, so that older versions are still there.
        is_delete_marker: bool = |record| Some(record.event_name.action() == Some("DeleteMarkerCreated"));
    }

    /// An object that was replicated late, or not at all.
    Replicated of ["Replication:*"] {
        /// The state of the replication.
        replication: Replication = |record| record.replication.as_deref().cloned();
    }

    /// An object that a lifecycle rule moved to another storage class.
    Transitioned of ["LifecycleTransition"] {
        /// The storage class that the object was moved to.
        destination_storage_class: StorageClass = |record| {
            record.transition.as_ref()?.destination_storage_class.clone()
        };
    }

    /// An object that Intelligent-Tiering moved to an archive tier.
    Tiered of ["IntelligentTiering"] {
        /// The tier that the object was moved to.
        destination_access_tier: AccessTier = |record| record.tiering.as_ref()?.destination_access_tier.clone();
    }

    /// An object whose tags were written or deleted; the event does not say which tags.
    Tagged of ["ObjectTagging:*"] {
        /// Whether the tags were deleted.
        is_deletion: bool = |record| Some(record.event_name.action() == Some("Delete"));
    }

    /// An object whose annotations were written or deleted.
    Annotated of ["ObjectAnnotation:*"] {
        /// Whether they were deleted.
        is_deletion: bool = |record| Some(record.event_name.action() == Some("Delete"));
        /// The annotations.
        annotations: Vec<Annotation> = |record| {
            Some(record.annotations.clone()).filter(|annotations| !annotations.is_empty())
        };
    }

    /// An object whose retention was written.
    Retained of ["ObjectRetention:Put"] {
        /// The retention.
        retention: Retention = |record| record.retention.as_deref().cloned();
    }
}
