//! Receives messages into free slots, and handles them.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::types::Message;
use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::notification::Notification;
use crate::{BATCH, VISIBILITY, Worker};

/// How long a receive waits for messages, in seconds. SQS allows no more.
const LONG_POLL: i32 = 20;

/// Receives until it is stopped. A receive that is cut off brings its messages back when their
/// visibility timeout ends.
pub(crate) async fn run(worker: Arc<Worker>, mut stopped: watch::Receiver<bool>) {
    let mut failures = 0;

    loop {
        let received = tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => return,
            received = receive(&worker) => received,
        };

        match received {
            Ok(received) => {
                failures = 0;
                for (message, slot) in received {
                    tokio::spawn(handle(Arc::clone(&worker), message, slot));
                }
            }
            Err(error) => {
                failures = (failures + 1).min(6);
                eprintln!("receive: {error}");
                tokio::time::sleep(Duration::from_millis(50 << failures)).await;
            }
        }
    }
}

type Received = Vec<(Message, OwnedSemaphorePermit)>;

async fn receive(worker: &Worker) -> Result<Received, Box<dyn std::error::Error + Send + Sync>> {
    // Whole batches need the fewest requests.
    let slots = Arc::clone(&worker.slots).acquire_many_owned(BATCH as u32);
    let mut slots = slots.await?;

    let received = worker
        .client
        .receive_message()
        .queue_url(&worker.queue_url)
        .max_number_of_messages(BATCH as i32)
        .wait_time_seconds(LONG_POLL)
        .visibility_timeout(VISIBILITY.as_secs() as i32)
        .send()
        .await?;

    let messages = received.messages.unwrap_or_default().into_iter();
    let received = messages.filter_map(|message| Some((message, slots.split(1)?)));

    Ok(received.collect())
}

async fn handle(worker: Arc<Worker>, message: Message, slot: OwnedSemaphorePermit) {
    let (Some(handle), Some(body)) = (message.receipt_handle, message.body) else {
        return;
    };
    let id = worker.held.add(handle);

    let running = worker.handlers.acquire().await;
    let handled = handle_body(&worker, &body).await;
    drop(running);

    match handled {
        // The remover goes on until all slots are free again.
        Ok(()) => drop(worker.done.send(id).await),
        Err(error) => {
            // It comes back when its visibility timeout ends.
            worker.held.remove(id);
            eprintln!("message: {error}");
        }
    }
    drop(slot);
}

async fn handle_body(
    worker: &Worker,
    body: &str,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let notification: Notification<'_> = serde_json::from_str(body)?;

    for record in &notification.records {
        if record.event_name.starts_with("ObjectCreated:") {
            worker.tally.wait(worker.wait).await;
            worker.tally.add(&record.s3.object.key()?);
        }
    }

    Ok(())
}
