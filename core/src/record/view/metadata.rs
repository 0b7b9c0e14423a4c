//! Views of objects whose tags, annotations or retention changed.

use super::declaration::views;
use crate::event_data::{Annotation, Retention};

views! {
    /// An object whose tags were written or deleted.
    ///
    /// Made from `ObjectTagging:*`. S3 sends the entity tag, but neither size nor sequencer. The
    /// event does not say which tags the object has: ask with `GetObjectTagging`.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::Tagged;
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let record = RecordBuilder::new("ObjectTagging:Delete").build();
    /// assert!(Tagged::try_from(&record)?.is_deletion);
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    Tagged of ["ObjectTagging:*"] {
        /// Whether the tags were deleted.
        is_deletion: bool = |record| Some(record.event_name.action() == Some("Delete"));
    }

    /// An object whose annotations were written or deleted.
    ///
    /// Made from `ObjectAnnotation:*`, which carries `objectAnnotation`:
    ///
    /// ```json
    /// [{"name": "review", "size": 24, "eTag": "9b2cf535f27731c974343645a3985328"}]
    /// ```
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::Annotated;
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let record = RecordBuilder::new("ObjectAnnotation:Delete")
    ///     .with_annotation("review", None, None)
    ///     .build();
    ///
    /// let object = Annotated::try_from(&record)?;
    /// assert!(object.is_deletion);
    /// assert_eq!(object.annotations[0].name, "review");
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    Annotated of ["ObjectAnnotation:*"] {
        /// Whether the annotations were deleted.
        is_deletion: bool = |record| Some(record.event_name.action() == Some("Delete"));
        /// The annotations that the event is about. There is at least one.
        annotations: Vec<Annotation> = |record| {
            Some(record.annotations.clone()).filter(|annotations| !annotations.is_empty())
        };
    }

    /// An object whose retention was written.
    ///
    /// Made from `ObjectRetention:Put`, which carries `objectRetentionEventData`:
    ///
    /// ```json
    /// {"mode": "COMPLIANCE", "retainUntilDate": "2026-07-06T14:30:00Z"}
    /// ```
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::Retained;
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let record = RecordBuilder::new("ObjectRetention:Put")
    ///     .with_retention("COMPLIANCE", "2026-07-06T14:30:00Z")
    ///     .build();
    ///
    /// let object = Retained::try_from(&record)?;
    /// assert_eq!(object.retention.mode.unwrap(), "COMPLIANCE");
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    Retained of ["ObjectRetention:Put"] {
        /// The retention.
        retention: Retention = |record| record.retention.as_deref().cloned();
    }
}
