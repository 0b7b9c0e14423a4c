//! What all S3 operations share: the buckets, as one request changes them.

use std::ops::Deref;
use std::sync::Arc;

use s3_dispatch::EventName;
use s3s::S3Result;

use super::errors::StoreError;
use super::event::EventId;
use super::front::request_ids::RequestIds;
use super::store::{Buckets, Preconditions, StoredBody, StoredObject, Transaction};

/// What the operation of a request works with.
pub(super) struct S3Service {
    pub(super) buckets: RequestBuckets,
}

/// The buckets, whose events get the id and the trace header of the request.
pub(super) struct RequestBuckets {
    buckets: Arc<Buckets>,
    ids: RequestIds,
    /// That of the invocation that sends the request; `None` if none does.
    trace_header: Option<Arc<str>>,
}

impl S3Service {
    pub(super) fn new(
        buckets: Arc<Buckets>,
        ids: RequestIds,
        trace_header: Option<Arc<str>>,
    ) -> Self {
        Self {
            buckets: RequestBuckets {
                buckets,
                ids,
                trace_header,
            },
        }
    }
}

impl RequestBuckets {
    /// Makes changes, and publishes their events. Returns what `change` returns, and the events.
    pub(super) async fn change<T: Send>(
        &self,
        change: impl FnOnce(&mut Transaction<'_>) -> S3Result<T> + Send,
    ) -> Result<(T, Vec<EventId>), StoreError> {
        let requested = |transaction: &mut Transaction<'_>| {
            transaction.set_request(self.ids.request(), self.trace_header.clone());
            change(transaction)
        };

        self.buckets.change(requested).await
    }

    /// Makes a change that needs this body, which is discarded if the change fails.
    pub(super) async fn change_with<T: Send>(
        &self,
        body: &StoredBody,
        change: impl FnOnce(&mut Transaction<'_>) -> S3Result<T> + Send,
    ) -> Result<(T, Vec<EventId>), StoreError> {
        let requested = |transaction: &mut Transaction<'_>| {
            transaction.set_request(self.ids.request(), self.trace_header.clone());
            change(transaction)
        };

        self.buckets.change_with(body, requested).await
    }

    /// Puts an object, and returns it.
    pub(super) async fn create(
        &self,
        to: (&str, &str),
        object: StoredObject,
        event_name: EventName,
        preconditions: &Preconditions,
    ) -> Result<(Arc<StoredObject>, Vec<EventId>), StoreError> {
        let body = object.body.clone();
        self.change_with(&body, |transaction| {
            transaction.put(to, object, event_name, None, preconditions)
        })
        .await
    }
}

impl Deref for RequestBuckets {
    type Target = Buckets;

    fn deref(&self) -> &Buckets {
        &self.buckets
    }
}
