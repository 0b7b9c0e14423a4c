//! What all S3 operations share: the buckets.

use std::sync::Arc;

use super::store::Buckets;

/// Buckets behind the S3 protocol.
pub(super) struct S3Service {
    pub(super) buckets: Arc<Buckets>,
}

impl S3Service {
    pub(super) fn new(buckets: Arc<Buckets>) -> Self {
        Self { buckets }
    }
}
