//! The data of restorations.

use super::storage::StorageClass;
use super::timestamp::Timestamp;

/// The end of a restoration (`glacierEventData.restoreEventData`).
///
/// ```json
/// {"lifecycleRestorationExpiryTime": "1970-01-01T00:01:00.000Z", "lifecycleRestoreStorageClass": "GLACIER"}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Restore {
    /// When the restored copy goes away, UTC.
    pub expiry_time: Option<Timestamp>,
    /// The storage class that the object was restored from.
    pub storage_class: Option<StorageClass>,
}
