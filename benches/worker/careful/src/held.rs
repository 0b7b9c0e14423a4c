//! The messages that the worker holds, and their heartbeat.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_sqs::types::ChangeMessageVisibilityBatchRequestEntry as Entry;
use tokio::time::Instant;

use crate::{BATCH, VISIBILITY, Worker};

/// The messages that are not deleted yet.
#[derive(Default)]
pub(crate) struct Held(Mutex<State>);

#[derive(Default)]
struct State {
    last_id: u64,
    leases: HashMap<u64, Lease>,
}

struct Lease {
    receipt_handle: String,
    extend_at: Instant,
}

impl Held {
    pub(crate) fn add(&self, receipt_handle: String) -> u64 {
        let mut state = self.state();
        state.last_id += 1;
        let id = state.last_id;
        let extend_at = Instant::now() + VISIBILITY / 2;
        let lease = Lease {
            receipt_handle,
            extend_at,
        };
        state.leases.insert(id, lease);

        id
    }

    pub(crate) fn receipt_handle(&self, id: u64) -> Option<String> {
        let state = self.state();
        state
            .leases
            .get(&id)
            .map(|lease| lease.receipt_handle.clone())
    }

    pub(crate) fn remove(&self, id: u64) {
        self.state().leases.remove(&id);
    }

    /// Returns what must be extended now, and counts it as extended.
    fn take_due(&self) -> Vec<(u64, String)> {
        let now = Instant::now();
        let mut state = self.state();
        let due = state
            .leases
            .iter_mut()
            .filter(|(_, lease)| lease.extend_at <= now);

        due.map(|(id, lease)| {
            lease.extend_at = now + VISIBILITY / 2;
            (*id, lease.receipt_handle.clone())
        })
        .collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Extends the visibility of what is held, every second, until it is aborted.
pub(crate) async fn extend(worker: Arc<Worker>) {
    let mut ticks = tokio::time::interval(Duration::from_secs(1));

    loop {
        ticks.tick().await;

        for due in worker.held.take_due().chunks(BATCH) {
            let entries = due.iter().map(|(id, receipt_handle)| {
                let entry = Entry::builder()
                    .id(id.to_string())
                    .receipt_handle(receipt_handle)
                    .visibility_timeout(VISIBILITY.as_secs() as i32);
                entry.build().expect("id and receipt handle are set")
            });
            let extend = worker
                .client
                .change_message_visibility_batch()
                .queue_url(&worker.queue_url)
                .set_entries(Some(entries.collect()));

            if let Err(error) = extend.send().await {
                eprintln!("heartbeat: {error}");
            }
        }
    }
}
