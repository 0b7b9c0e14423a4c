//! The data of moves between storage classes.

use crate::text::text_newtypes;

/// A move within Intelligent-Tiering (`intelligentTieringEventData`).
///
/// ```json
/// {"destinationAccessTier": "ARCHIVE_ACCESS"}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Tiering {
    /// The tier that the object was moved to: `ARCHIVE_ACCESS`.
    ///
    /// `destinationAccessTier` in a notification, `destination-access-tier` in EventBridge.
    pub destination_access_tier: Option<AccessTier>,
}

/// A move by a lifecycle rule (`lifecycleEventData.transitionEventData`).
///
/// ```json
/// {"destinationStorageClass": "GLACIER"}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Transition {
    /// The storage class that the object was moved to: `GLACIER`.
    ///
    /// `destinationStorageClass` in a notification, `destination-storage-class` in EventBridge.
    pub destination_storage_class: Option<StorageClass>,
}

text_newtypes! {
    /// A storage class: `GLACIER`, `STANDARD_IA`.
    StorageClass;
    /// An access tier of Intelligent-Tiering: `ARCHIVE_ACCESS`, `DEEP_ARCHIVE_ACCESS`.
    AccessTier;
}
