//! What a removal did: delete the object, hide it, or delete one of its versions.

use crate::{EventName, VersionId};

/// What a removal did to the object.
///
/// S3 sends `ObjectRemoved:Delete` for two things: for the object of a bucket without versioning,
/// which is gone then, and for one *version* of an object, which may leave the object in place.
/// Only the version id tells them apart. It is the same for `LifecycleExpiration:Delete`.
///
/// | event, in either category | version id | what it is |
/// |---|---|---|
/// | `Delete` | absent | [`Object`](Self::Object): the object is gone |
/// | `DeleteMarkerCreated` | that of the marker | [`Hidden`](Self::Hidden) by a delete marker |
/// | `Delete` | that of the version | [`Version`](Self::Version): one version is gone |
///
/// EventBridge writes the same as `deletion-type` (`Permanently Deleted` or
/// `Delete Marker Created`) and `version-id`.
///
/// It can be an argument of every handler of `ObjectRemoved:*` and `LifecycleExpiration:*`, also of
/// one that takes both. It fits each of their records.
///
/// # Errors
///
/// `try_from` fails with [`ErrorKind::InvalidField`](crate::ErrorKind::InvalidField) if the record
/// is of another event. A retry does not help.
///
/// # Examples
///
/// An index that follows the bucket:
///
/// ```
/// use s3_dispatch_core::event_data::Removal;
/// use s3_dispatch_core::{EventPattern, ObjectKey, Route, Routes};
///
/// # async fn forget(key: &ObjectKey) -> Result<(), std::io::Error> { Ok(()) }
/// # async fn look_at_the_object(key: &ObjectKey) -> Result<(), std::io::Error> { Ok(()) }
/// async fn follow(key: ObjectKey, removal: Removal) -> Result<(), std::io::Error> {
///     match removal {
///         Removal::Object | Removal::Hidden { .. } => forget(&key).await,
///         // Another version may be the object now, or none.
///         _ => look_at_the_object(&key).await,
///     }
/// }
///
/// let route = Route::new(EventPattern::from_static("ObjectRemoved:*"))
///     .with_pattern(EventPattern::from_static("LifecycleExpiration:*"));
/// let routes = Routes::new(()).on_fn(route, follow);
/// ```
///
/// From a record:
///
/// ```
/// use s3_dispatch_core::event_data::Removal;
/// use s3_dispatch_testing::RecordBuilder;
///
/// let record = RecordBuilder::new("ObjectRemoved:Delete");
/// assert_eq!(Removal::try_from(&record.clone().build())?, Removal::Object);
///
/// let record = record.with_version_id("rJiPdgcFaEeV2N2Us6yYU8ObkyJeEL7j").build();
/// let Removal::Version { version_id } = Removal::try_from(&record)? else { panic!() };
/// assert_eq!(version_id, "rJiPdgcFaEeV2N2Us6yYU8ObkyJeEL7j");
/// # Ok::<_, s3_dispatch_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Removal {
    /// The object is gone: it was deleted in a bucket without versioning.
    Object,
    /// A delete marker hides the object. Its versions still exist, and can be read by their ids.
    Hidden {
        /// The version id of the marker. To delete this version brings the object back.
        ///
        /// `null` is S3's id of a marker in a bucket whose versioning is suspended. `None` if the
        /// store did not send it, as Ceph does not.
        marker: Option<VersionId>,
    },
    /// One version was permanently deleted, and the event does not say what the object is now.
    ///
    /// If it was an older version, the object is what it was. If it was the newest one, the version
    /// before it is the object. If it was a delete marker, the object is back. If it was the only
    /// version, the object is gone. Ask S3, with `HeadObject` without a version id.
    Version {
        /// The id of the version that no longer exists.
        version_id: VersionId,
    },
    /// A removal by an action that this version does not know.
    ///
    /// AWS may add actions to `ObjectRemoved` and `LifecycleExpiration`, and other stores have
    /// their own. The event's name says more. If in doubt, ask the store.
    Unknown,
}

impl Removal {
    /// What the event of an `ObjectRemoved` or a `LifecycleExpiration` did.
    pub(crate) fn of(event_name: &EventName, version_id: Option<&VersionId>) -> Self {
        match (event_name.action(), version_id) {
            (Some("DeleteMarkerCreated"), marker) => Self::Hidden {
                marker: marker.cloned(),
            },
            (Some("Delete"), Some(version_id)) => Self::Version {
                version_id: version_id.clone(),
            },
            (Some("Delete"), None) => Self::Object,
            _ => Self::Unknown,
        }
    }
}
