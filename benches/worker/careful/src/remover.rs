//! Deletes what has been handled, ten messages at a time.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::types::DeleteMessageBatchRequestEntry as Entry;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::{BATCH, Worker};

/// How long a message waits so that others can be deleted in the same call.
const PATIENCE: Duration = Duration::from_millis(50);

/// Deletes until it is told that everything has been handled.
pub(crate) async fn run(
    worker: Arc<Worker>,
    mut done: mpsc::Receiver<u64>,
    mut all_handled: oneshot::Receiver<()>,
) {
    let mut deletes = JoinSet::new();

    loop {
        let mut ids = Vec::with_capacity(BATCH);
        tokio::select! {
            biased;
            Some(id) = done.recv() => ids.push(id),
            _ = &mut all_handled => break,
        }

        let full = async {
            while ids.len() < BATCH {
                match done.recv().await {
                    Some(id) => ids.push(id),
                    None => break,
                }
            }
        };
        // What has come by then goes without the rest.
        drop(tokio::time::timeout(PATIENCE, full).await);

        deletes.spawn(delete(Arc::clone(&worker), ids));
        while deletes.try_join_next().is_some() {}
    }

    let mut rest = Vec::new();
    while let Ok(id) = done.try_recv() {
        rest.push(id);
    }
    for ids in rest.chunks(BATCH) {
        deletes.spawn(delete(Arc::clone(&worker), ids.to_vec()));
    }
    deletes.join_all().await;
}

async fn delete(worker: Arc<Worker>, ids: Vec<u64>) {
    let refused = delete_batch(&worker, &ids).await;

    // One entry more or less makes no difference to the others, so each is tried again alone.
    for id in refused {
        if !delete_batch(&worker, &[id]).await.is_empty() {
            eprintln!("a message could not be deleted: it is handled again");
        }
    }
    for id in ids {
        worker.held.remove(id);
    }
}

/// Returns those that were not deleted.
async fn delete_batch(worker: &Worker, ids: &[u64]) -> Vec<u64> {
    let entries = ids.iter().filter_map(|id| {
        let entry = Entry::builder()
            .id(id.to_string())
            .receipt_handle(worker.held.receipt_handle(*id)?);
        Some(entry.build().expect("id and receipt handle are set"))
    });
    let deleted = worker
        .client
        .delete_message_batch()
        .queue_url(&worker.queue_url)
        .set_entries(Some(entries.collect()))
        .send()
        .await;

    match deleted {
        Ok(deleted) => {
            let failed = deleted.failed.iter();
            failed.filter_map(|entry| entry.id.parse().ok()).collect()
        }
        Err(error) => {
            eprintln!("delete: {error}");
            ids.to_vec()
        }
    }
}
