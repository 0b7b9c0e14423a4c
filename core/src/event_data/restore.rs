//! The data of restorations.

use super::storage::StorageClass;
use super::timestamp::Timestamp;

/// The result of a restoration (`glacierEventData.restoreEventData`).
///
/// ```json
/// {"lifecycleRestorationExpiryTime": "1970-01-01T00:01:00.000Z",
///  "lifecycleRestoreStorageClass": "GLACIER"}
/// ```
///
/// In notifications, only `ObjectRestore:Completed` carries it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Restore {
    /// When the restored copy expires, in UTC.
    ///
    /// `lifecycleRestorationExpiryTime` in a notification, `restore-expiry-time` in EventBridge.
    pub expiry_time: Option<Timestamp>,
    /// The storage class that the object was restored from: `GLACIER`.
    ///
    /// `lifecycleRestoreStorageClass` in a notification, `source-storage-class` in EventBridge.
    pub storage_class: Option<StorageClass>,
}
