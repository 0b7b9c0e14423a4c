//! The data of moves between storage classes.

use crate::text::text_newtypes;

/// A move within Intelligent-Tiering (`intelligentTieringEventData`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Tiering {
    /// The tier that the object was moved to: `ARCHIVE_ACCESS`.
    pub destination_access_tier: Option<AccessTier>,
}

/// A move by a lifecycle rule (`lifecycleEventData.transitionEventData`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Transition {
    /// The storage class that the object was moved to: `GLACIER`.
    pub destination_storage_class: Option<StorageClass>,
}

text_newtypes! {
    /// A storage class: `GLACIER`.
    StorageClass;
    /// An access tier of Intelligent-Tiering: `DEEP_ARCHIVE_ACCESS`.
    AccessTier;
}
