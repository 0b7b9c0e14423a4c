//! The changes of the buckets, as they stand in the log.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::bodies::StoredBody;
use super::bucket::BucketSettings;
use super::object::KeyVersion;
use super::upload::{EndedUpload, StoredPart, Upload};

/// One change of the buckets: something gets a new value, or is removed.
///
/// The old value of the same thing is the change that undoes it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StoreChange {
    /// A bucket. It is removed only while it is empty.
    Bucket {
        name: String,
        to: Option<BucketSettings>,
    },
    /// A version of a key. The greatest serial number is the current version.
    Version {
        bucket: String,
        key: String,
        serial: u64,
        to: Option<KeyVersion>,
    },
    /// An upload with all its parts.
    Upload { id: String, to: Option<Box<Upload>> },
    /// A part of an upload.
    Part {
        upload: String,
        number: i32,
        to: Option<Arc<StoredPart>>,
    },
    /// An upload that has ended.
    Ended {
        id: String,
        to: Option<Arc<EndedUpload>>,
    },
}

impl StoreChange {
    /// The bodies that the new value consists of.
    pub(super) fn bodies(&self) -> Vec<&StoredBody> {
        match self {
            Self::Version { to: Some(to), .. } => {
                to.object().map(|object| &object.body).into_iter().collect()
            }
            Self::Upload { to: Some(to), .. } => to.parts.values().map(|part| &part.body).collect(),
            Self::Part { to: Some(to), .. } => vec![&to.body],
            _ => Vec::new(),
        }
    }
}

/// What the old values consisted of and the new ones do not: it can be removed.
pub(super) fn unused_bodies(old: &[StoreChange], new: &[StoreChange]) -> StoredBody {
    let used: HashSet<u64> = new
        .iter()
        .flat_map(StoreChange::bodies)
        .flat_map(StoredBody::files)
        .collect();

    let old = old.iter().flat_map(StoreChange::bodies);
    StoredBody::concat(old.cloned()).without(&used)
}
