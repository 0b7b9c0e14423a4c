//! Finds the objects whose events were not handled.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::DateTime;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use s3_dispatch_core::{History, HistoryEntry, Notification, Router, S3EventRecord, Sequencer};
use tokio::time::{Instant, sleep_until};

use super::counts::Counts;
use super::current::is_current;
use crate::cli::catch_up::SourceError;
use crate::cli::catch_up::objects::{Found, ObjectSource};
use crate::cli::catch_up::selection::{Sieve, Verdict};

/// Compares the objects of a listing with what was handled.
pub(super) struct Search<R> {
    router: Arc<R>,
    client: Client,
    listing: ObjectSource,
    sieve: Sieve,
    ages: Ages,
    /// What was missing when it was looked up first.
    suspects: Vec<Suspect>,
    /// When the newest suspect was looked up.
    suspected_at: Instant,
    has_ended: bool,
    missing: VecDeque<Missing>,
    counts: Counts,
}

/// The times between which an object can be compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ages {
    /// An object that was modified then or later is too new.
    pub(super) too_new: DateTime,
    /// An object that was modified earlier is too old. `None` if nothing is forgotten.
    pub(super) too_old: Option<DateTime>,
}

/// An object that was missing when it was looked up first.
struct Suspect {
    found: Found,
    record: S3EventRecord,
    notification: String,
}

/// An object whose event was not handled.
#[derive(Debug, Clone)]
pub(super) struct Missing {
    pub(super) key: String,
    /// What S3 would have sent, on one line.
    pub(super) notification: String,
}

/// With so many suspects, they are looked up again before the end, so that memory is bounded.
const MOST_SUSPECTS: usize = 10_000;

/// The index of a store has what was written before that.
const INDEX_LAG: Duration = Duration::from_secs(2);

/// How many positions and objects are asked for at once.
const AT_ONCE: usize = 16;

impl<R: Router> Search<R> {
    pub(super) fn new(
        router: Arc<R>,
        client: Client,
        listing: ObjectSource,
        sieve: Sieve,
        ages: Ages,
    ) -> Self {
        Self {
            router,
            client,
            listing,
            sieve,
            ages,
            suspects: Vec::new(),
            suspected_at: Instant::now(),
            has_ended: false,
            missing: VecDeque::new(),
            counts: Counts::default(),
        }
    }

    pub(super) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Returns the next missing objects, at most this many, and none at the end.
    ///
    /// # Errors
    ///
    /// If the bucket or the store cannot be asked. What came before is right.
    pub(super) async fn next(&mut self, most: usize) -> Result<Vec<Missing>, SourceError> {
        while self.missing.is_empty() {
            let is_enough = self.suspects.len() >= MOST_SUSPECTS;

            if is_enough || self.has_ended && !self.suspects.is_empty() {
                self.look_again().await?;
            } else if self.has_ended {
                break;
            } else {
                self.look_up_page().await?;
            }
        }

        let most = most.min(self.missing.len());
        Ok(self.missing.drain(..most).collect())
    }

    /// Looks up the objects of the next page.
    async fn look_up_page(&mut self) -> Result<(), SourceError> {
        let page = self.listing.next().await?;
        self.has_ended = page.is_empty();
        let mut suspects = Vec::new();

        for found in page {
            if found.is_delete_marker {
                continue;
            }
            suspects.extend(self.sort_out(found)?);
        }
        if suspects.is_empty() {
            return Ok(());
        }

        let entries = look_up(&*self.router, &suspects).await?;
        self.counts.compared += suspects.len() as u64;
        for (suspect, entry) in suspects.into_iter().zip(entries) {
            match entry {
                HistoryEntry::Handled => self.counts.handled += 1,
                HistoryEntry::Missing => self.suspects.push(suspect),
                _ => self.counts.unknown += 1,
            }
        }
        self.suspected_at = Instant::now();

        Ok(())
    }

    /// Counts an object that is not to be compared, and returns any other.
    fn sort_out(&mut self, found: Found) -> Result<Option<Suspect>, SourceError> {
        let Verdict::Taken(notification) = self.sieve.judge(&found)? else {
            self.counts.left_out += 1;
            return Ok(None);
        };

        let time = found.last_modified;
        if time.is_some_and(|time| time >= self.ages.too_new) {
            self.counts.too_new += 1;
            return Ok(None);
        }
        let too_old = self.ages.too_old;
        if time.zip(too_old).is_some_and(|(time, bound)| time < bound) {
            self.counts.too_old += 1;
            return Ok(None);
        }

        let record = match Notification::parse(notification.clone())? {
            Notification::Records(mut records) if records.len() == 1 => records.remove(0),
            other => return Err(format!("not a notification of one object: {other:?}").into()),
        };

        Ok(Some(Suspect {
            found,
            record,
            notification,
        }))
    }

    /// Looks up all suspects again, because the first answer may have been old.
    async fn look_again(&mut self) -> Result<(), SourceError> {
        sleep_until(self.suspected_at + INDEX_LAG).await;
        let suspects = std::mem::take(&mut self.suspects);
        let entries = look_up(&*self.router, &suspects).await?;

        let mut still_missing = Vec::new();
        for (suspect, entry) in suspects.into_iter().zip(entries) {
            match entry {
                HistoryEntry::Handled => self.counts.handled += 1,
                _ => still_missing.push(suspect),
            }
        }

        let questions: Vec<_> = still_missing
            .into_iter()
            .map(|suspect| self.confirm(suspect))
            .collect();
        let confirmed: Vec<_> = stream::iter(questions)
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        for confirmed in confirmed {
            match confirmed {
                Some(missing) => {
                    self.counts.missing += 1;
                    self.missing.push_back(missing);
                }
                None => self.counts.gone += 1,
            }
        }

        Ok(())
    }

    /// Asks how far the events of the key were handled, and then whether the object is still the
    /// current one. `None` if it is not.
    ///
    /// In this order, because then nothing that was handled up to the position is newer than the
    /// object. An older version gets no position, so it never wins over an event.
    async fn confirm(&self, suspect: Suspect) -> Result<Option<Missing>, SourceError> {
        let Suspect {
            found,
            record,
            notification,
        } = suspect;

        let position = match found.is_latest {
            true => history(&*self.router)?.newest_position(&record).await?,
            false => None,
        };
        let notification = match position {
            None => notification,
            Some(position) if is_current(&self.client, &self.sieve.bucket, &found).await? => {
                self.notification(&found, &position)
            }
            Some(_) => return Ok(None),
        };

        Ok(Some(Missing {
            key: found.key,
            notification,
        }))
    }

    fn notification(&self, found: &Found, position: &Sequencer) -> String {
        let event = found.event(self.sieve.event.as_ref());
        let bucket = (self.sieve.bucket.as_str(), self.sieve.region.as_deref());

        found.notification_after(bucket, &event, Some(position))
    }
}

async fn look_up(
    router: &impl Router,
    suspects: &[Suspect],
) -> Result<Vec<HistoryEntry>, SourceError> {
    let records: Vec<_> = suspects
        .iter()
        .map(|suspect| suspect.record.clone())
        .collect();

    history(router)?.look_up(&records).await
}

fn history(router: &impl Router) -> Result<&dyn History, SourceError> {
    let history = router.history();
    history.ok_or_else(|| "the router has no history any more".into())
}
