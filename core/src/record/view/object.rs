//! Views of objects that came, went, or came back.

use super::declaration::views;
use crate::{ETag, Sequencer, StorageClass, Timestamp};

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
}
