//! What takes messages out of a queue and invokes a function with them.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::SystemTime;

use tokio::task::JoinSet;

use crate::lambda::answer::LONGEST_PAYLOAD;
use crate::lambda::event::{FRAME, message_json};
use crate::lambda::invoker::Invoker;
use crate::pipeline::engine::Engine;
use crate::{MappingSpec, Received};

/// An event source mapping, as it runs.
///
/// It receives as many messages as make a batch, or what there is when the window is over, and has
/// at most so many invocations at a time. Of a message group one batch runs at a time. A batch
/// whose event would be longer than 6 MB is divided.
pub(crate) struct Mapping {
    engine: Arc<Engine>,
    spec: MappingSpec,
    queue: Arc<str>,
    invoker: Arc<Invoker>,
    /// Received, and not yet in a batch.
    collected: VecDeque<Collected>,
    /// Since when there are such.
    since: Option<SystemTime>,
    /// The groups of the batches that run.
    busy: HashSet<Arc<str>>,
    invocations: JoinSet<HashSet<Arc<str>>>,
}

/// A received message, with its part of the event.
#[derive(Debug, Clone)]
pub(crate) struct Collected {
    pub(crate) received: Received,
    pub(crate) json: String,
}

impl Mapping {
    pub(crate) fn new(engine: Arc<Engine>, spec: MappingSpec, invoker: Arc<Invoker>) -> Self {
        Self {
            engine,
            queue: spec.queue.as_str().into(),
            spec,
            invoker,
            collected: VecDeque::new(),
            since: None,
            busy: HashSet::new(),
            invocations: JoinSet::new(),
        }
    }

    /// Runs until it is dropped, and what it has invoked with it.
    pub(crate) async fn run(mut self) {
        let mut version = self.engine.watch();
        loop {
            version.mark_unchanged();
            while let Some(ended) = self.invocations.try_join_next() {
                self.end(ended.unwrap_or_default());
            }

            if self.has_room() {
                self.collect();
                if self.is_batch_due() {
                    self.invoke();
                    continue;
                }
            }

            let wake = self.next_wake();
            let clock = self.engine.clock;

            let timer = async {
                match wake {
                    Some(time) => clock.sleep_until(time).await,
                    None => std::future::pending().await,
                }
            };

            tokio::select! {
                Some(ended) = self.invocations.join_next() => self.end(ended.unwrap_or_default()),
                () = timer => {}
                // The sender lives as long as the engine.
                _ = version.changed() => {}
            }
        }
    }

    fn has_room(&self) -> bool {
        self.invocations.len() < self.spec.maximum_concurrency
    }

    fn end(&mut self, groups: HashSet<Arc<str>>) {
        self.busy.retain(|group| !groups.contains(group));
    }

    /// Receives what is missing in the next batch.
    fn collect(&mut self) {
        let missing = self.spec.batch_size.saturating_sub(self.collected.len());
        let now = self.engine.clock.now();

        // Groups are none of anybody's business on a standard queue.
        let is_waiting = self.engine.read(|state| {
            let queue = state.queues.get(&self.queue)?;
            let expires = queue.next_expiry().is_some_and(|time| time <= now);
            let is_ready = queue.next_ready(&self.busy).is_some_and(|time| time <= now);
            Some(expires || is_ready && missing > 0)
        });

        if is_waiting != Some(true) {
            return;
        }

        for received in self.engine.receive(&self.queue, missing, &self.busy) {
            let json = message_json(&self.queue, &received);
            self.collected.push_back(Collected { received, json });
            self.since.get_or_insert(now);
        }
    }

    fn is_batch_due(&self) -> bool {
        let Some(since) = self.since else {
            return false;
        };

        let is_free = self.collected.iter().any(|message| self.is_free(message));

        let is_full = self.collected.len() >= self.spec.batch_size
            || self
                .collected
                .iter()
                .map(|message| message.json.len() + 1)
                .sum::<usize>()
                + FRAME
                > LONGEST_PAYLOAD;

        is_free && (is_full || since + self.spec.batch_window <= self.engine.clock.now())
    }

    /// Whether no other batch of its group runs.
    fn is_free(&self, message: &Collected) -> bool {
        !self
            .group_of(message)
            .is_some_and(|group| self.busy.contains(group))
    }

    fn group_of<'m>(&self, message: &'m Collected) -> Option<&'m Arc<str>> {
        message
            .received
            .message
            .group_id
            .as_ref()
            .filter(|_| self.queue.ends_with(".fifo"))
    }

    fn invoke(&mut self) {
        let mut batch: Vec<Collected> = Vec::new();
        let mut rest = VecDeque::new();
        let mut length = FRAME;
        let mut is_closed = false;

        for message in std::mem::take(&mut self.collected) {
            let longer = length + message.json.len() + 1;
            // One that is too long by itself is tried alone.
            let fits = batch.is_empty()
                || (batch.len() < self.spec.batch_size && longer <= LONGEST_PAYLOAD);
            is_closed |= self.is_free(&message) && !fits;

            if is_closed || !self.is_free(&message) {
                rest.push_back(message);
            } else {
                length = longer;
                batch.push(message);
            }
        }

        self.since = (!rest.is_empty()).then(|| self.engine.clock.now());
        self.collected = rest;
        let groups: HashSet<_> = batch
            .iter()
            .filter_map(|message| self.group_of(message).cloned())
            .collect();
        self.busy.extend(groups.iter().cloned());
        let (engine, invoker) = (Arc::clone(&self.engine), Arc::clone(&self.invoker));
        let (queue, reports) = (
            Arc::clone(&self.queue),
            self.spec.report_batch_item_failures,
        );
        let running = engine.begin_invocation();

        self.invocations.spawn(async move {
            invoker.invoke(&engine, &queue, batch, reports).await;
            drop(running);
            groups
        });
    }

    /// When there is something to do even if nothing changes.
    fn next_wake(&self) -> Option<SystemTime> {
        let may_receive = self.has_room() && self.collected.len() < self.spec.batch_size;
        let window = self.since.filter(|_| {
            self.has_room() && self.collected.iter().any(|message| self.is_free(message))
        });
        let window = window.map(|since| since + self.spec.batch_window);

        let queue = self.engine.read(|state| {
            let queue = state.queues.get(&self.queue)?;
            let ready = queue.next_ready(&self.busy).filter(|_| may_receive);

            ready
                .into_iter()
                .chain(queue.next_expiry().filter(|_| self.has_room()))
                .min()
        });

        window.into_iter().chain(queue).min()
    }
}
