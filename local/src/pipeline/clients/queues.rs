//! Clients look at queues, create them, change their settings, and purge them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::deleting::{DeletedRecently, check_name};
use crate::Error;
use crate::journal::StepKind;
use crate::pipeline::engine::Engine;
use crate::pipeline::publishing::wait_for_sync;
use crate::pipeline::state::PipelineState;
use crate::sqs::stored::StoredSettings;
use crate::sqs::{Queue, Visibility};
use crate::topology::QueueSpec;

/// How long a queue cannot be purged again (`PurgeQueue`, Amazon SQS API Reference, 2026).
const PURGE_PAUSE: Duration = Duration::from_secs(60);

/// What clients can know about a queue.
#[derive(Debug, Clone)]
pub(crate) struct QueueDescription {
    pub(crate) spec: QueueSpec,
    pub(crate) created: SystemTime,
    pub(crate) changed: SystemTime,
    /// Attributes that are kept as texts: access policies, encryption, and which queues may have
    /// this one as their dead-letter queue.
    pub(crate) kept: BTreeMap<String, String>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) visible: usize,
    pub(crate) in_flight: usize,
    pub(crate) delayed: usize,
}

/// The queue was purged less than 60 seconds ago.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PurgeRefusal;

impl Engine {
    /// Whether there is a queue of this name.
    pub(crate) fn has_queue(&self, name: &str) -> bool {
        self.read(|state| state.queues.contains_key(name))
    }

    /// The names of all queues, in order.
    pub(crate) fn queue_names(&self) -> Vec<Arc<str>> {
        self.read(|state| state.queues.keys().cloned().collect())
    }

    /// What is known about a queue. `None` if it does not exist.
    pub(crate) fn describe_queue(&self, name: &str) -> Option<QueueDescription> {
        let now = self.clock.now();

        self.change(|state| {
            self.expire(state.queues.get_mut(name)?, now);
            let queue = state.queues.get(name)?;
            let settings = self.settings(state, queue);
            let count = |visibility| {
                let messages = queue.stored();
                messages
                    .filter(|stored| Visibility::of(stored, now) == visibility)
                    .count()
            };

            Some(QueueDescription {
                spec: settings.spec,
                created: settings.created,
                changed: settings.changed,
                kept: settings.kept,
                tags: settings.tags,
                visible: count(Visibility::Visible),
                in_flight: count(Visibility::InFlight),
                delayed: count(Visibility::Delayed),
            })
        })
    }

    /// The settings of a queue, also if no client has changed them.
    fn settings(&self, state: &PipelineState, queue: &Queue) -> StoredSettings {
        let started = self.clock.started_at();

        state
            .settings
            .get(queue.name())
            .cloned()
            .unwrap_or_else(|| StoredSettings {
                spec: queue.spec().clone(),
                configured: Some(queue.spec().clone()),
                created: started,
                changed: started,
                kept: BTreeMap::new(),
                tags: BTreeMap::new(),
            })
    }

    /// Creates a queue, unless it exists. It is on disk when this returns.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Storage`](crate::ErrorKind::Storage) when it cannot be written to disk.
    pub(crate) async fn create_queue(
        &self,
        spec: QueueSpec,
        kept: BTreeMap<String, String>,
        tags: BTreeMap<String, String>,
    ) -> Result<Result<(), DeletedRecently>, Error> {
        let now = self.clock.now();

        self.change_settings(|state| {
            if state.queues.contains_key(spec.name.as_str()) {
                return Ok(());
            }

            check_name(state, &spec.name, now)?;

            state.set_settings(StoredSettings {
                spec,
                configured: None,
                created: now,
                changed: now,
                kept,
                tags,
            });

            Ok(())
        })
        .await
    }

    /// Changes the tags of a queue. They are on disk when this returns.
    ///
    /// # Errors
    ///
    /// As for [`create_queue`](Self::create_queue).
    pub(crate) async fn change_queue_tags(
        &self,
        name: &str,
        change: impl FnOnce(&mut BTreeMap<String, String>),
    ) -> Result<(), Error> {
        self.change_settings(|state| {
            if let Some(queue) = state.queues.get(name) {
                let mut settings = self.settings(state, queue);
                change(&mut settings.tags);
                state.set_settings(settings);
            }
        })
        .await
    }

    /// Changes the settings of a queue. They are on disk when this returns.
    ///
    /// # Errors
    ///
    /// As for [`create_queue`](Self::create_queue).
    pub(crate) async fn change_queue_settings(
        &self,
        spec: QueueSpec,
        kept: BTreeMap<String, String>,
    ) -> Result<(), Error> {
        let now = self.clock.now();

        self.change_settings(|state| {
            if let Some(queue) = state.queues.get(spec.name.as_str()) {
                let settings = self.settings(state, queue);
                let name = Arc::clone(queue.name());
                state.set_settings(StoredSettings {
                    spec,
                    kept,
                    changed: now,
                    ..settings
                });

                if let Some(queue) = state.queues.get_mut(&name) {
                    queue.apply_delay(now);
                }
            }
        })
        .await
    }

    /// Changes the queues. The change is on disk when this returns.
    pub(super) async fn change_settings<T>(
        &self,
        change: impl FnOnce(&mut PipelineState) -> T,
    ) -> Result<T, Error> {
        let (changed, sync) = {
            let mut state = self.lock();
            let checkpoint = state.checkpoint();
            let changed = change(&mut state);
            (changed, self.commit_acknowledged(state, checkpoint)?)
        };

        wait_for_sync(sync).await?;

        Ok(changed)
    }

    /// Removes all messages of a queue.
    ///
    /// # Errors
    ///
    /// As for [`delete_for_client`](Self::delete_for_client).
    pub(crate) fn purge_queue(&self, name: &str) -> Result<Result<(), PurgeRefusal>, Error> {
        let now = self.clock.now();

        let (purged, committed) = self.change_and_commit(|state| {
            let queue = state
                .queues
                .get_mut(name)
                .ok_or_else(|| Error::unknown_name("queue", name))?;
            let name = Arc::clone(queue.name());

            let last = state.purged.get(&name);
            if last.is_some_and(|last| now < *last + PURGE_PAUSE) {
                return Ok(Err(PurgeRefusal));
            }

            for message in queue.purge() {
                let step = StepKind::Deleted {
                    queue: Arc::clone(&name),
                    message_id: message.id,
                };
                self.journal.append(message.event, step);
            }

            state.purged.insert(name, now);

            Ok(Ok(()))
        });

        let purged = purged?;
        committed?;

        Ok(purged)
    }
}
