//! How events and messages enter the pipeline.

mod notifications;
mod reconfiguring;

use std::sync::{Arc, MutexGuard};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use super::engine::Engine;
use super::injection::FaultSite;
use super::log::PendingSync;
use super::state::PipelineState;
use super::transit::InTransit;
use crate::aws::traces::{Sender, current};
use crate::faults::Fault;
use crate::faults::chance::Chance;
use crate::journal::StepKind;
use crate::s3::{Change, Committed, EventId, ObjectEvent, StoreError, StoreIndex, StoreKeeper};
use crate::sqs::{Message, SendRefusal, Sent};
use crate::topology::Destination;
use crate::{Error, ErrorKind};

/// How many messages can be in transit at once. Publishing waits when there are more.
const MAX_IN_TRANSIT: usize = 100_000;

/// The longest delay of a duplicate or reordered message.
const SOON: Duration = Duration::from_secs(1);

/// The longest delay of a delayed or repeated message.
const LATE: Duration = Duration::from_secs(5);

impl Engine {
    /// Sends the notifications of an event. They are on disk when this returns.
    pub(super) async fn publish(&self, event: ObjectEvent) -> Result<EventId, Error> {
        self.wait_for_room().await;
        let (id, sync) = self.record_event(event)?;
        wait_for_sync(sync).await?;

        Ok(id)
    }

    async fn wait_for_room(&self) {
        let mut changes = self.watch();
        let has_room = |_: &u64| self.lock().in_transit_count() < MAX_IN_TRANSIT;
        // The sender lives as long as the engine.
        drop(changes.wait_for(has_room).await);
    }

    fn record_event(&self, event: ObjectEvent) -> Result<(EventId, Option<PendingSync>), Error> {
        let mut state = self.lock();
        let now = self.clock.now();
        let checkpoint = state.checkpoint();
        let id = self.send_notifications(&mut state, now, event);

        Ok((id, self.commit_acknowledged(state, checkpoint)?))
    }

    /// Changes the buckets, and records the events. All of it is one entry of the log.
    fn record_changes(
        &self,
        change: &mut Change<'_>,
    ) -> Result<(Committed, Option<PendingSync>), StoreError> {
        let mut state = self.lock();
        let now = self.clock.now();
        let checkpoint = state.checkpoint();

        let mut transaction = state.transaction(now);
        let result = change(&mut transaction);
        let mut changed = transaction.finish();

        if let Err(error) = result {
            changed.undo(&mut state.store);
            return Err(error.into());
        }

        let mut committed = Committed {
            events: Vec::new(),
            unused: changed.unused_bodies(),
        };
        if changed.is_empty() {
            return Ok((committed, None));
        }

        state.record_store(&changed);
        for (spec, test) in std::mem::take(&mut changed.published) {
            self.announce(&mut state, now, &spec, test);
        }
        for event in std::mem::take(&mut changed.events) {
            let id = self.send_notifications(&mut state, now, event);
            committed.events.push(id);
        }

        let sync = self.commit_changes(state, checkpoint, changed);
        Ok((committed, sync.map_err(StoreError::Storage)?))
    }

    /// An id in the form of S3's request ids: 16 hexadecimal digits.
    pub(super) fn s3_request_id(&self, about: &str) -> String {
        format!("{:016X}", Chance::new(self.seed, about).bits())
    }

    /// Sends a message directly to a queue. It is on disk when this returns.
    pub(super) async fn send(&self, queue: &str, message: Message) -> Result<Sent, Error> {
        let (sent, sync) = self.record_send(queue, message)?;
        wait_for_sync(sync).await?;

        Ok(sent)
    }

    fn record_send(
        &self,
        queue_name: &str,
        mut message: Message,
    ) -> Result<(Sent, Option<PendingSync>), Error> {
        message.trace_header = message.trace_header.or_else(current);
        let mut state: MutexGuard<'_, PipelineState> = self.lock();
        let now = self.clock.now();
        let checkpoint = state.checkpoint();

        let queue = state
            .queues
            .get_mut(queue_name)
            .ok_or_else(|| Error::unknown_name("queue", queue_name))?;
        let name = Arc::clone(queue.name());
        let (event, message_id) = (message.event, Arc::clone(&message.id));
        let body = Arc::clone(&message.body);

        let sent = queue.send(now, message).map_err(|refusal| {
            let kind = match refusal {
                SendRefusal::TooLong => ErrorKind::TooLarge,
                _ => ErrorKind::Refused,
            };
            let text = format!("the queue `{queue_name}` rejects the message: {refusal}");
            Error::new(kind, text)
        })?;

        let step = StepKind::Enqueued {
            queue: name,
            message_id,
            body,
            is_duplicate: sent != Sent::Accepted,
        };
        self.journal.append(event, step);

        Ok((sent, self.commit_acknowledged(state, checkpoint)?))
    }

    /// Sends a message to its next stop, with the faults that occur on the way.
    pub(super) fn send_off(&self, state: &mut PipelineState, now: SystemTime, message: InTransit) {
        let inject = |fault, message: &InTransit| {
            self.inject(fault, &FaultSite::of_message_in_transit(message))
        };

        let mut copies = Vec::new();

        if let Some(mut chance) = inject(Fault::Duplicate, &message) {
            let due = now + chance.duration(Duration::ZERO, SOON);
            copies.push((due, message.duplicate("+")));
        }

        // The sender does not know that the message arrived, so it sends it again.
        if let Some(mut chance) = inject(Fault::DropResponse, &message) {
            let due = now + chance.duration(SOON, LATE);
            copies.push((due, message.duplicate("*")));
        }

        copies.insert(0, (now, message));

        for (mut due, message) in copies {
            if let Some(mut chance) = inject(Fault::Delay, &message) {
                due += chance.duration(SOON, LATE);
            }

            if let Some(mut chance) = inject(Fault::Reorder, &message) {
                due += chance.duration(Duration::ZERO, SOON);
            }

            state.add_in_transit(due, message);
        }
    }
}

#[async_trait]
impl StoreKeeper for Engine {
    fn read_store(&self, read: &mut dyn FnMut(&StoreIndex)) {
        self.read(|state| read(&state.store));
    }

    async fn change_store(&self, change: &mut Change<'_>) -> Result<Committed, StoreError> {
        self.wait_for_room().await;
        let (committed, sync) = self.record_changes(change)?;
        wait_for_sync(sync).await.map_err(StoreError::Unsynced)?;

        Ok(committed)
    }

    fn has_destination(&self, destination: &Destination) -> bool {
        match destination {
            Destination::Topic(name) => self.has_topic(name),
            Destination::Queue(name) => self.has_queue(name),
        }
    }

    fn trace_of(&self, sender: &Sender) -> Option<Arc<str>> {
        self.traces.of(sender)
    }

    fn storage_failed(&self, reason: &str) {
        let step = StepKind::StorageFailed {
            reason: reason.to_owned(),
        };
        self.journal.append(None, step);
    }
}

/// Waits for a sync on a thread that may block. If the runtime ends in the meantime, nobody waits
/// for the result.
pub(super) async fn wait_for_sync(sync: Option<PendingSync>) -> Result<(), Error> {
    match sync {
        Some(sync) => tokio::task::spawn_blocking(|| sync.run())
            .await
            .unwrap_or(Ok(())),
        None => Ok(()),
    }
}
