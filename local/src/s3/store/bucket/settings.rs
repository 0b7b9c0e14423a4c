//! What the owner of a bucket sets.

use std::sync::Arc;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::cors::CorsRule;
use super::spec_line;
use crate::topology::BucketSpec;

/// What the owner of a bucket sets.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BucketSettings {
    pub(in crate::s3) created: SystemTime,
    /// The region that the client asked for; `None` for the pipeline's own.
    pub(in crate::s3) location: Option<String>,
    pub(in crate::s3) versioning: Versioning,
    /// What the bucket publishes, and where. `None` means nothing.
    #[serde(default, with = "spec_line")]
    pub(in crate::s3) published: Option<Arc<BucketSpec>>,
    /// What the topology had the bucket publish when `published` was set.
    #[serde(default, with = "spec_line")]
    pub(in crate::s3) configured: Option<Arc<BucketSpec>>,
    /// Which pages may use the bucket.
    #[serde(default)]
    pub(in crate::s3) cors: Arc<[CorsRule]>,
    /// Pairs of a key and a value.
    #[serde(default)]
    pub(in crate::s3) tags: Vec<(String, String)>,
}

/// Whether new versions of a key replace the old ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::s3) enum Versioning {
    /// It was never enabled: a key has one version.
    #[default]
    Off,
    /// Each change adds a version.
    Enabled,
    /// Each change replaces the version whose id is `null`.
    Suspended,
}

impl BucketSettings {
    /// The settings of a new bucket, which publishes what the topology says.
    pub(in crate::s3::store) fn new(
        created: SystemTime,
        configured: Option<&Arc<BucketSpec>>,
    ) -> Self {
        Self {
            created,
            location: None,
            versioning: Versioning::Off,
            published: configured.cloned(),
            configured: configured.cloned(),
            cors: Arc::default(),
            tags: Vec::new(),
        }
    }

    /// Whether a client has made the bucket publish something else than the topology says.
    pub(in crate::s3::store) fn is_changed(&self) -> bool {
        let set = |spec: &Option<Arc<BucketSpec>>| spec.clone().filter(|spec| !spec.is_silent());
        set(&self.published) != set(&self.configured)
    }
}
