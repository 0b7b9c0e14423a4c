//! Messages of a dead-letter queue.

mod letters;
mod queue;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::types::MessageAttributeValue;
use s3_dispatch_core::delivery::{Delivery, ReceiptHandle};
use s3_dispatch_core::{MessageContext, S3EventRecord};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use self::letters::{Arrival, Letters};
use self::queue::LetterQueue;
use super::Selection;
use crate::cli::catch_up::{Item, Settled, Source, SourceError};
use crate::queue::{QueueError, ReceiveRequest, Received};
use crate::telemetry::errors::with_causes;

/// For how long a letter is hidden before that must be extended, and so how long the letters of a
/// run that was killed stay hidden.
const VISIBILITY: Duration = Duration::from_secs(30);

/// How long a receive waits. It asks all servers of SQS then, so that an answer without messages
/// means that none is visible ("Amazon SQS short and long polling", Amazon SQS Developer Guide,
/// 2026).
const WAIT: Duration = Duration::from_secs(5);

/// How long a run goes on without a new letter, while others are hidden or known ones come again.
/// Then whoever hides them keeps them.
const PATIENCE: Duration = Duration::from_secs(45);

/// How often a receive may fail in a row.
const FAILURES: u32 = 8;

/// The messages of a dead-letter queue: each once, and only what succeeds is deleted.
///
/// Everything else is hidden until the end of the run, so that no receive brings it twice, and
/// given back then.
pub(super) struct DeadLetterQueue<Q> {
    queue: Q,
    selection: Selection,
    letters: Mutex<Letters>,
    given: Mutex<Given>,
    /// There is something to do for [`keep`](Source::keep).
    changed: Notify,
    is_stopped: AtomicBool,
}

/// What was given out.
struct Given {
    letters: u64,
    /// When the last new letter came.
    last_new: Instant,
    has_waited: bool,
}

type Letter = (Received, HashMap<String, MessageAttributeValue>);

impl<Q: LetterQueue> DeadLetterQueue<Q> {
    pub(super) fn new(queue: Q, selection: Selection) -> Self {
        Self {
            queue,
            selection,
            letters: Mutex::new(Letters::new(VISIBILITY)),
            given: Mutex::new(Given {
                letters: 0,
                last_new: Instant::now(),
                has_waited: false,
            }),
            changed: Notify::new(),
            is_stopped: AtomicBool::new(false),
        }
    }

    /// Receives letters, also after errors that may pass.
    async fn receive(&self, most: usize) -> Result<Vec<Letter>, QueueError> {
        let request = ReceiveRequest::new(most)
            .with_wait(WAIT)
            .with_visibility(VISIBILITY);
        let mut failures = 0;

        loop {
            let error = match self.queue.letters(request).await {
                Err(error) if !error.is_unusable() && !self.is_stopped() => error,
                other => return other,
            };

            failures += 1;
            if failures == FAILURES {
                return Err(error);
            }
            sleep(Duration::from_millis(200 << failures.min(6))).await;
        }
    }

    /// Takes what a receive brought. Returns what is given out, and whether anything was new.
    fn take(&self, received: Vec<Letter>, sent: Instant) -> (Vec<Item>, bool) {
        let mut items = Vec::new();
        let mut has_new = false;

        for (letter, attributes) in received {
            let arrival = self.letters().add(letter.context(), sent);
            has_new |= matches!(arrival, Some(Arrival::New(_) | Arrival::Behind));
            match arrival {
                Some(Arrival::New(number)) => {
                    items.extend(self.select(number, letter, attributes));
                }
                Some(Arrival::Behind) => self.selection.tally.note(|counts| counts.left += 1),
                Some(Arrival::Known) | None => {}
            }
        }

        // The first letter has to be kept from now on.
        self.changed.notify_one();
        (items, has_new)
    }

    /// Returns a letter as an item, if it is to be given out.
    fn select(
        &self,
        number: u64,
        letter: Received,
        attributes: HashMap<String, MessageAttributeValue>,
    ) -> Option<Item> {
        if self.is_stopped() {
            self.settled(number, Settled::Left);
            return None;
        }

        let error = attributes.get("Error");
        let error = error
            .and_then(|error| error.string_value())
            .map(str::to_owned);
        let (context, body) = letter.into_parts();
        if !self.selection.is_everything() {
            let delivery = Delivery::from_messages([(context.clone(), body.clone())]);
            if !self.selection.passes(delivery.records(), error.as_deref()) {
                self.settled(number, Settled::Left);
                return None;
            }
            if !self.selection.is_routed(delivery.records()) {
                log_unrouted(&context, delivery.records());
                self.selection.tally.note(|counts| counts.left += 1);
                self.settled(number, Settled::Left);
                return None;
            }
        }

        let mut item = Item::new(number, context, body);
        (item.attributes, item.error) = (attributes, error);
        Some(item)
    }

    /// Whether the queue may have letters that were not given out. `has_known` is whether the last
    /// receive brought some that were.
    async fn may_have_more(&self, has_known: bool) -> Result<bool, QueueError> {
        // A group gives nothing while one of its letters is held, and goes on after that.
        if self.letters().hold_groups_up() {
            self.given().last_new = Instant::now();
            return Ok(true);
        }

        let is_patient = self.given().last_new.elapsed() < PATIENCE;
        if has_known {
            return Ok(is_patient);
        }

        let hidden = self.queue.hidden().await?;
        let elsewhere = hidden.saturating_sub(self.letters().len() as u64);
        if elsewhere == 0 {
            return Ok(false);
        }

        let has_waited = std::mem::replace(&mut self.given().has_waited, true);
        if is_patient && !has_waited {
            tracing::info!(
                messages = elsewhere,
                "waiting a little for messages that somebody else has received, such as a run that \
                 was killed"
            );
        }
        Ok(is_patient)
    }

    /// Deletes what is to be deleted now, and extends what has to be.
    async fn do_what_is_due(&self) {
        let (to_delete, to_renew) = {
            let letters = self.letters();
            (letters.to_delete(), letters.to_renew())
        };

        if !to_delete.is_empty() {
            self.delete(to_delete).await;
        }
        if !to_renew.is_empty() {
            self.renew(to_renew).await;
        }
    }

    async fn delete(&self, letters: Vec<(u64, ReceiptHandle)>) {
        let handles: Vec<_> = letters.iter().map(|(_, handle)| handle).collect();
        let mut results = self.queue.delete(&handles).await.into_iter();

        for (number, _) in &letters {
            let error = match results.next() {
                Some(Ok(())) => {
                    self.letters().remove(*number);
                    continue;
                }
                Some(Err(error)) => error,
                None => QueueError::failed("the queue gave no answer"),
            };

            let is_refused = error.is_refusal();
            if is_refused {
                self.letters().remove(*number);
            }
            if is_refused || self.letters().not_deleted(*number) {
                self.selection.tally.note(|counts| counts.left += 1);
                tracing::error!(
                    error = with_causes(&error),
                    "a message has succeeded but could not be deleted: it is still in the queue"
                );
            }
        }
    }

    async fn renew(&self, letters: Vec<(u64, ReceiptHandle)>) {
        let sent = Instant::now();
        let entries: Vec<_> = letters
            .iter()
            .map(|(_, handle)| (handle, VISIBILITY))
            .collect();
        let mut results = self.queue.change_visibility(&entries).await.into_iter();

        for (number, _) in &letters {
            match results.next() {
                Some(Ok(())) => self.letters().renewed(*number, sent),
                Some(Err(error)) => self.letters().not_renewed(*number, error.is_refusal()),
                None => self.letters().not_renewed(*number, false),
            }
        }
    }

    /// Makes letters visible that stay in the queue.
    async fn give_back(&self, letters: Vec<(u64, ReceiptHandle)>) {
        let entries: Vec<_> = letters
            .iter()
            .map(|(_, handle)| (handle, Duration::ZERO))
            .collect();
        let results = self.queue.change_visibility(&entries).await;

        let failed = letters.len() - results.iter().filter(|result| result.is_ok()).count();
        if failed > 0 {
            tracing::warn!(
                messages = failed,
                "messages could not be given back: they are visible again in half a minute"
            );
        }
        for (number, _) in &letters {
            self.letters().remove(*number);
        }
    }

    fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::SeqCst)
    }

    fn letters(&self) -> MutexGuard<'_, Letters> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn given(&self) -> MutexGuard<'_, Given> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn log_unrouted(context: &MessageContext, records: &[S3EventRecord]) {
    let first = records.first();

    tracing::warn!(
        message_id = context.message_id().map(AsRef::<str>::as_ref),
        event_name = first.map(|record| record.event_name.as_str()),
        bucket = first.map(|record| record.bucket.name.as_str()),
        key = first.map(|record| record.object.key.as_str()),
        "message left in the queue: no route takes it"
    );
}

#[async_trait]
impl<Q: LetterQueue> Source for DeadLetterQueue<Q> {
    async fn next(&self, most: usize) -> Result<Vec<Item>, SourceError> {
        loop {
            let limit = self.selection.limit.unwrap_or(u64::MAX);
            let rest = limit - self.given().letters;
            if self.is_stopped() || rest == 0 {
                return Ok(Vec::new());
            }

            let most = most.min(usize::try_from(rest).unwrap_or(usize::MAX));
            let sent = Instant::now();
            let received = self.receive(most).await?;
            let has_any = !received.is_empty();
            let (items, has_new) = self.take(received, sent);
            if has_new {
                self.given().last_new = Instant::now();
            }
            if !items.is_empty() {
                self.given().letters += items.len() as u64;
                return Ok(items);
            }

            if !has_new && !self.is_stopped() && !self.may_have_more(has_any).await? {
                return Ok(Vec::new());
            }
        }
    }

    fn settled(&self, number: u64, settled: Settled) {
        let is_lost = self.letters().settle(number, settled);
        self.selection
            .tally
            .note(|counts| counts.left += u64::from(is_lost));
        self.changed.notify_one();
    }

    fn visibility(&self) -> Duration {
        VISIBILITY
    }

    fn is_held(&self, number: u64) -> bool {
        !self.letters().is_lost(number)
    }

    fn stop(&self) {
        self.is_stopped.store(true, Ordering::SeqCst);
        self.changed.notify_one();
    }

    /// Deletes what succeeded, and keeps the rest hidden.
    async fn keep(&self) {
        loop {
            self.do_what_is_due().await;
            let kept = self.letters().kept();
            if self.is_stopped() && !kept.is_empty() {
                self.give_back(kept).await;
            }

            let next = self.letters().next_time();
            let next = next.unwrap_or_else(|| Instant::now() + VISIBILITY);
            tokio::select! {
                () = sleep_until(next) => {}
                () = self.changed.notified() => {}
            }
        }
    }

    /// Deletes what is not deleted yet, and gives the rest back.
    async fn finish(&self) {
        loop {
            self.do_what_is_due().await;
            let (undeleted, next) = {
                let letters = self.letters();
                (letters.undeleted(), letters.next_time())
            };
            match next {
                Some(next) if undeleted > 0 => sleep_until(next).await,
                _ => break,
            }
        }

        let kept = self.letters().kept();
        if !kept.is_empty() {
            self.give_back(kept).await;
        }
    }
}
