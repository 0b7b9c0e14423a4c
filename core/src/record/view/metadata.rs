//! Views of objects that got other tags, annotations or retention.

use super::declaration::views;
use crate::{Annotation, Retention};

views! {
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
