//! What all S3 operations share: the buckets, and where their events go.

use std::sync::Arc;

use async_trait::async_trait;
use s3s::{S3Error, S3ErrorCode, S3Result};

use super::event::ObjectEvent;
use super::store::Buckets;
use crate::Error;

/// Receives the events of buckets that an [`S3Endpoint`](crate::S3Endpoint) serves.
#[async_trait]
pub trait ObjectEvents: Send + Sync + 'static {
    /// Takes an event. Once this returns `Ok`, the event can no longer be lost.
    ///
    /// # Errors
    ///
    /// Returns an error if the event was not taken. The client that caused it gets an error and can
    /// try again.
    async fn take(&self, event: ObjectEvent) -> Result<(), Error>;

    /// Called when an object could not be stored. `reason` says why: the disk is full, for example.
    /// The client gets an error as well.
    fn cannot_store(&self, reason: &str) {
        let _ = reason;
    }
}

/// Buckets behind the S3 protocol.
pub(super) struct S3Service {
    pub(super) buckets: Arc<Buckets>,
    events: Arc<dyn ObjectEvents>,
}

impl S3Service {
    pub(super) fn new(buckets: Arc<Buckets>, events: Arc<dyn ObjectEvents>) -> Self {
        Self { buckets, events }
    }

    /// Passes a result on. If the disk failed, the receiver of the events is told.
    pub(super) fn report_storage_error<T>(&self, result: S3Result<T>) -> S3Result<T> {
        result.inspect_err(|error| {
            if *error.code() == S3ErrorCode::InternalError {
                self.events
                    .cannot_store(error.message().unwrap_or_default());
            }
        })
    }

    pub(super) async fn publish(&self, event: ObjectEvent) -> S3Result<()> {
        self.events.take(event).await.map_err(|error| {
            S3Error::with_message(S3ErrorCode::ServiceUnavailable, error.to_string())
        })
    }
}
