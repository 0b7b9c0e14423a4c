//! A worker on a FIFO queue, where several groups have events of one key.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use s3_dispatch::delivery::ReceiptHandle;
use s3_dispatch::dispatch::FailedKey;
use s3_dispatch::queue::{Queue, QueueError, Receive, ReceiveRequest, Received};
use s3_dispatch::{Dispatcher, HandlerError, MessageContext, Routes, Worker, async_trait};
use s3_dispatch_testing::{NotificationBuilder, RecordBuilder};
use tokio::time::{sleep, timeout};

/// Gives out one message for each group, all about the same object, in one receive.
struct Groups(Mutex<Vec<&'static str>>);

#[async_trait]
impl Queue for Groups {
    async fn delete(&self, messages: &[&ReceiptHandle]) -> Vec<Result<(), QueueError>> {
        messages.iter().map(|_| Ok(())).collect()
    }

    async fn change_visibility(
        &self,
        messages: &[(&ReceiptHandle, Duration)],
    ) -> Vec<Result<(), QueueError>> {
        messages.iter().map(|_| Ok(())).collect()
    }
}

#[async_trait]
impl Receive for Groups {
    async fn receive(&self, _: ReceiveRequest) -> Result<Vec<Received>, QueueError> {
        let groups = std::mem::take(&mut *self.0.lock().unwrap());
        let received = groups.into_iter().map(|group| {
            let context = MessageContext::new()
                .with_message_id(group)
                .with_receipt_handle(group)
                .with_group_id(group)
                .with_receive_count(1)
                .with_queue_arn("arn:aws:sqs:eu-central-1:000000000000:uploads.fifo");
            let record = RecordBuilder::new("ObjectCreated:Put").with_key("photo.jpg");
            let body = NotificationBuilder::new().with_record(record).to_json();

            Received::new(context, body)
        });

        Ok(received.collect())
    }

    fn has_ended(&self) -> bool {
        self.0.lock().unwrap().is_empty()
    }
}

#[tokio::test(start_paused = true)]
async fn groups_that_wait_for_a_key_are_all_held_back_after_its_failure() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let routes = Routes::new(()).on_fn("*", async || {
        CALLS.fetch_add(1, Ordering::Relaxed);
        // Meanwhile the other groups come to wait for the key.
        sleep(Duration::from_secs(1)).await;
        Err::<(), _>(HandlerError::retry("the index is down"))
    });
    let dispatcher = Dispatcher::new(routes)
        .with_concurrency(4)
        .on_failed_key(FailedKey::HoldBack);
    let queue = Groups(Mutex::new(vec!["a", "b", "c", "d"]));

    let worked = Worker::new(dispatcher, queue).run(std::future::pending());
    let report = timeout(Duration::from_secs(3_600), worked).await;

    let report = report.expect("no message is held for ever").unwrap();
    assert_eq!(CALLS.load(Ordering::Relaxed), 1);
    assert_eq!((report.returned(), report.handed_back()), (1, 3));
}
