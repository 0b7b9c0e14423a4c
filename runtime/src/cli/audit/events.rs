//! The missing events as a source, to be handled here or sent to a queue.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use s3_dispatch_core::{MessageContext, Router};
use tokio::sync::Mutex;

use super::counts::Counts;
use super::search::{Missing, Search};
use crate::cli::catch_up::{Item, Settled, Source, SourceError};

/// The events of missing objects.
pub(super) struct Events<R> {
    search: Mutex<Search<R>>,
    bucket: String,
    /// Whether the events of a key belong together, for a FIFO queue.
    has_groups: bool,
    next_number: AtomicU64,
    is_stopping: AtomicBool,
}

impl<R: Router> Events<R> {
    pub(super) fn new(search: Search<R>, bucket: &str, has_groups: bool) -> Self {
        Self {
            search: Mutex::new(search),
            bucket: bucket.to_owned(),
            has_groups,
            next_number: AtomicU64::new(0),
            is_stopping: AtomicBool::new(false),
        }
    }

    /// Returns the next missing objects, at most this many, and none at the end.
    ///
    /// # Errors
    ///
    /// If the bucket or the store cannot be asked.
    pub(super) async fn missing(&self, most: usize) -> Result<Vec<Missing>, SourceError> {
        if self.is_stopping.load(Ordering::SeqCst) {
            return Ok(Vec::new());
        }

        self.search.lock().await.next(most).await
    }

    /// What was found so far.
    pub(super) async fn counts(&self) -> Counts {
        self.search.lock().await.counts().clone()
    }

    fn item(&self, missing: Missing) -> Item {
        let name = format!("{}/{}", self.bucket, missing.key);
        let mut context = MessageContext::new().with_message_id(name.clone());
        if self.has_groups {
            context = context.with_group_id(name);
        }

        let number = self.next_number.fetch_add(1, Ordering::SeqCst);
        Item::new(number, context, missing.notification)
    }
}

#[async_trait]
impl<R: Router> Source for Events<R> {
    async fn next(&self, most: usize) -> Result<Vec<Item>, SourceError> {
        let missing = self.missing(most).await?;

        Ok(missing.into_iter().map(|one| self.item(one)).collect())
    }

    fn settled(&self, _: u64, _: Settled) {}

    fn stop(&self) {
        self.is_stopping.store(true, Ordering::SeqCst);
    }
}
