//! Views of objects that S3 copied or moved by itself.

use super::declaration::views;
use crate::{AccessTier, Replication, StorageClass};

views! {
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
}
