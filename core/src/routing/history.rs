//! What routers remember of the past, for questions about many objects at once.

use std::error::Error as StdError;
use std::time::Duration;

use async_trait::async_trait;

use crate::{S3EventRecord, Sequencer};

/// Tells what a router remembers of the events that were handled.
///
/// [`Router::history`](crate::Router::history) returns it. `audit` asks it which objects of a
/// bucket have been handled. Each method has a default for routers that remember nothing of the
/// kind, so a wrapper implements what it knows and passes the rest to the history of the router
/// that it wraps.
///
/// A record in a question need not come from S3. One that is made from a listing of the bucket is
/// enough: the state of an object is its bucket, its key, and its version id, or its ETag where
/// there are no versions.
///
/// # Examples
///
/// A history of a wrapper that knows by itself what was handled:
///
/// ```
/// use std::collections::HashSet;
/// use std::error::Error;
/// use std::time::Duration;
///
/// use s3_dispatch_core::{History, HistoryEntry, S3EventRecord, async_trait};
///
/// struct Seen(HashSet<String>);
///
/// #[async_trait]
/// impl History for Seen {
///     fn keeps_states_for(&self) -> Option<Duration> {
///         Some(Duration::MAX)
///     }
///
///     async fn look_up(
///         &self,
///         records: &[S3EventRecord],
///     ) -> Result<Vec<HistoryEntry>, Box<dyn Error + Send + Sync>> {
///         let entry = |record: &S3EventRecord| match &record.object.version_id {
///             None => HistoryEntry::Unknown,
///             Some(version) if self.0.contains(version.as_str()) => HistoryEntry::Handled,
///             Some(_) => HistoryEntry::Missing,
///         };
///
///         Ok(records.iter().map(entry).collect())
///     }
/// }
/// ```
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot tell what was handled",
    label = "does not implement `History`",
    note = "`Deduplicated` can; a router around it forwards `Router::history`"
)]
pub trait History: Send + Sync {
    /// Returns how long the state of an object is remembered after it was handled. By default
    /// `None`: states are not remembered.
    fn keeps_states_for(&self) -> Option<Duration> {
        None
    }

    /// Returns the name under which states are remembered, if several programs share the memory.
    fn scope(&self) -> Option<&str> {
        None
    }

    /// Returns, for each record, whether the state of its object was handled, in the same order.
    ///
    /// The answer may be a few seconds old: what was handled just now can still be
    /// [missing](HistoryEntry::Missing).
    ///
    /// # Errors
    ///
    /// Returns an error if the memory is unavailable, or cannot answer such a question.
    async fn look_up(
        &self,
        records: &[S3EventRecord],
    ) -> Result<Vec<HistoryEntry>, Box<dyn StdError + Send + Sync>> {
        Ok(vec![HistoryEntry::Unknown; records.len()])
    }

    /// Returns the position of the newest event that was handled for the key of a record. By
    /// default `None`: the order of events is not remembered, or no event of the key is.
    ///
    /// # Errors
    ///
    /// Returns an error if the memory is unavailable.
    async fn newest_position(
        &self,
        record: &S3EventRecord,
    ) -> Result<Option<Sequencer>, Box<dyn StdError + Send + Sync>> {
        _ = record;
        Ok(None)
    }
}

/// What a [`History`] remembers of the state of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HistoryEntry {
    /// The state was handled.
    Handled,
    /// Nothing says that the state was handled.
    Missing,
    /// Such a state is never remembered, so nobody can tell. For example, the record has neither a
    /// version id nor an ETag.
    Unknown,
}
