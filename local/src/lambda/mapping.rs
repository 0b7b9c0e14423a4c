//! Event source mappings: they receive messages and invoke a function with batches of them.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::task::JoinSet;

use super::batch::{Backlog, lineage};
use super::invoker::Invoker;
use super::recursion::{MAX_ROUNDS, Recursion};
use crate::pipeline::engine::Engine;
use crate::sqs::Received;
use crate::topology::MappingSpec;

/// A running event source mapping.
///
/// It receives messages until a batch is full or the batch window is over. It limits how many
/// invocations run at once, and runs one batch of a message group at a time.
pub(crate) struct Mapping {
    engine: Arc<Engine>,
    spec: MappingSpec,
    queue: Arc<str>,
    invoker: Arc<Invoker>,
    backlog: Backlog,
    /// When the batch window opened. `None` while the backlog is empty.
    window_opened: Option<SystemTime>,
    /// The running invocations. Each returns the message groups of its batch.
    invocations: JoinSet<HashSet<Arc<str>>>,
}

impl Mapping {
    pub(crate) fn new(engine: Arc<Engine>, spec: MappingSpec, invoker: Arc<Invoker>) -> Self {
        Self {
            engine,
            queue: spec.queue.as_str().into(),
            backlog: Backlog::new(spec.batch_size),
            spec,
            invoker,
            window_opened: None,
            invocations: JoinSet::new(),
        }
    }

    /// Runs until it is dropped, together with its invocations.
    pub(crate) async fn run(mut self) {
        let mut changes = self.engine.watch();

        loop {
            changes.mark_unchanged();
            while let Some(ended) = self.invocations.try_join_next() {
                self.backlog.release(&ended.unwrap_or_default());
            }

            if self.may_invoke() {
                self.receive();
                if self.is_batch_due() {
                    self.invoke();
                    continue;
                }
            }

            let wake = self.next_wake();
            let clock = self.engine.clock;

            tokio::select! {
                Some(ended) = self.invocations.join_next() => {
                    self.backlog.release(&ended.unwrap_or_default());
                }
                () = clock.sleep_until_some(wake) => {}
                // The sender lives as long as the engine.
                _ = changes.changed() => {}
            }
        }
    }

    fn may_invoke(&self) -> bool {
        self.invocations.len() < self.spec.maximum_concurrency
    }

    /// Receives the messages that the next batch can still take.
    fn receive(&mut self) {
        let missing = self.backlog.missing();
        let now = self.engine.clock.now();

        let has_work = self.engine.read(|state| {
            let queue = state.queues.get(&self.queue)?;
            let ready = queue.next_ready(self.backlog.busy_groups());
            let is_ready = missing > 0 && ready.is_some_and(|time| time <= now);
            let expires = queue.next_expiry().is_some_and(|time| time <= now);

            Some(is_ready || expires)
        });

        if has_work != Some(true) {
            return;
        }

        let busy_groups = self.backlog.busy_groups();
        for received in self.engine.receive(&self.queue, missing, busy_groups) {
            if let Some(recursion) = self.recursion(&received) {
                self.engine
                    .stop_recursion(&self.queue, &received, recursion);
                continue;
            }

            self.backlog.push(&self.queue, received);
            self.window_opened.get_or_insert(now);
        }
    }

    /// The loop that a message belongs to, if its function was invoked too often in it.
    fn recursion(&self, received: &Received) -> Option<Recursion> {
        let rounds = lineage(received).count(&self.spec.function);
        let is_stopped = rounds >= MAX_ROUNDS && !self.invoker.may_recur();

        is_stopped.then(|| Recursion::of(&self.queue, received, &self.spec.function, rounds))
    }

    fn is_batch_due(&self) -> bool {
        let Some(opened) = self.window_opened else {
            return false;
        };

        let is_over = opened + self.spec.batch_window <= self.engine.clock.now();
        self.backlog.has_batch() && (is_over || self.backlog.is_full())
    }

    fn invoke(&mut self) {
        let (batch, groups) = self.backlog.take_batch();
        self.window_opened = (!self.backlog.is_empty()).then(|| self.engine.clock.now());

        let (engine, invoker) = (Arc::clone(&self.engine), Arc::clone(&self.invoker));
        let queue = Arc::clone(&self.queue);
        let reports_failures = self.spec.report_batch_item_failures;
        let counted = engine.count_invocation();

        self.invocations.spawn(async move {
            invoker
                .invoke(&engine, &queue, batch, reports_failures)
                .await;
            drop(counted);
            groups
        });
    }

    /// When the mapping must wake up even if nothing changes until then.
    fn next_wake(&self) -> Option<SystemTime> {
        if !self.may_invoke() {
            return None;
        }

        let window_end = self
            .window_opened
            .filter(|_| self.backlog.has_batch())
            .map(|opened| opened + self.spec.batch_window);

        let queue_time = self.engine.read(|state| {
            let queue = state.queues.get(&self.queue)?;
            let ready = queue
                .next_ready(self.backlog.busy_groups())
                .filter(|_| self.backlog.missing() > 0);
            ready.into_iter().chain(queue.next_expiry()).min()
        });

        window_end.into_iter().chain(queue_time).min()
    }
}
