//! Queues that fail, hang, panic or answer wrongly: nothing is lost, and no other message pays.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use s3_dispatch::BatchReport;
use s3_dispatch::delivery::ReceiptHandle;
use s3_dispatch::dispatch::{Acknowledge, FailedKey, Returned, Unreached};
use s3_dispatch::queue::{Queue, QueueError};
use s3_dispatch_testing::{SqsBatchBuilder, SqsMessageBuilder};
use tokio::time::Instant;

use crate::script::{after, dispatcher, failures, put};

/// Does what its fault says, and counts the messages that it was asked for.
#[derive(Clone, Default)]
struct FaultyQueue {
    fault: &'static str,
    deletes: Arc<Mutex<usize>>,
    shown: Arc<Mutex<Vec<String>>>,
}

impl FaultyQueue {
    fn with(fault: &'static str) -> Self {
        Self {
            fault,
            ..Self::default()
        }
    }

    async fn answer(&self, messages: usize) -> Vec<Result<(), QueueError>> {
        let done = |count| std::iter::repeat_with(|| Ok(())).take(count).collect();

        match self.fault {
            "panics" => panic!("the queue panicked"),
            "hangs" => std::future::pending().await,
            "returns nothing" => Vec::new(),
            "returns too many" => done(messages + 3),
            "refuses" => vec![Err(QueueError::refused("it is unknown"))],
            _ => done(messages),
        }
    }
}

#[async_trait]
impl Queue for FaultyQueue {
    async fn delete(&self, messages: &[&ReceiptHandle]) -> Vec<Result<(), QueueError>> {
        *self.deletes.lock().unwrap() += messages.len();
        self.answer(messages.len()).await
    }

    async fn change_visibility(
        &self,
        messages: &[(&ReceiptHandle, Duration)],
    ) -> Vec<Result<(), QueueError>> {
        let handles = messages
            .iter()
            .map(|(handle, _)| handle.as_str().to_owned());
        self.shown.lock().unwrap().extend(handles);
        self.answer(messages.len()).await
    }
}

const FAULTS: [&str; 5] = [
    "panics",
    "hangs",
    "returns nothing",
    "returns too many",
    "refuses",
];

fn batch(received: u32) -> SqsBatchBuilder {
    (0..6).fold(SqsBatchBuilder::new(), |batch, index| {
        let message = SqsMessageBuilder::new(format!("{index}"))
            .with_receive_count(received)
            .with_record(put(&format!("ok/{index}")));
        batch.with_message(message)
    })
}

#[tokio::test(start_paused = true)]
async fn a_faulty_queue_does_not_fail_what_was_handled() {
    for fault in FAULTS {
        for deadline in [None, after(60_000)] {
            let queue = FaultyQueue::with(fault);
            let (dispatcher, script) = dispatcher();
            let dispatcher = dispatcher
                .with_concurrency(1)
                .with_queue(queue.clone())
                .acknowledge(Acknowledge::All);
            let start = Instant::now();
            let report = dispatcher.dispatch(batch(1).to_bytes(), deadline).await;

            assert_eq!(failures(&report), [""; 0], "{fault}");
            assert_eq!(script.started().len(), 6, "{fault}");
            assert!(start.elapsed() <= Duration::from_secs(5), "{fault}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn with_a_faulty_queue_a_part_of_what_came_back_runs() {
    for fault in FAULTS {
        let queue = FaultyQueue::with(fault);
        let (dispatcher, script) = dispatcher();
        let dispatcher = dispatcher
            .on_returned(Returned::Separately)
            .with_queue(queue.clone())
            .on_unreached(Unreached::GiveBack);
        let report = dispatcher
            .dispatch(batch(2).to_bytes(), after(60_000))
            .await;

        let started = script.started().len();
        assert_eq!(failures(&report).len(), 6 - started, "{fault}");
        match fault {
            "returns too many" => assert_eq!(started, 6),
            _ => assert!((1..6).contains(&started), "{fault}: {started}"),
        }

        // What is left out would come back to the same process at once.
        assert_eq!(*queue.shown.lock().unwrap(), [""; 0], "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_faulty_queue_that_gives_back_does_not_delay_the_answer() {
    for fault in FAULTS {
        let (dispatcher, _) = dispatcher();
        let dispatcher = dispatcher
            .with_queue(FaultyQueue::with(fault))
            .on_unreached(Unreached::GiveBack);
        let start = Instant::now();
        let batch = SqsBatchBuilder::new().with_record("1", put("hang/1"));
        let report = dispatcher.dispatch(batch.to_bytes(), after(2_000)).await;

        assert_eq!(failures(&report), ["1"], "{fault}");
        assert!(start.elapsed() < Duration::from_secs(2), "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn messages_without_receipt_handles_are_not_taken_for_acknowledged() {
    let payload = batch(2).to_json();
    let payload = payload.replace("\"receiptHandle\"", "\"another field\"");

    let queue = FaultyQueue::default();
    let (dispatcher, script) = dispatcher();
    let dispatcher = dispatcher
        .on_returned(Returned::Separately)
        .with_queue(queue.clone());
    let report = dispatcher.dispatch(payload, None).await;

    let started = script.started().len();
    assert!((1..6).contains(&started), "{started}");
    assert_eq!(failures(&report).len(), 6 - started);
    assert_eq!(*queue.deletes.lock().unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn each_message_is_deleted_once() {
    let message = |id: &str, received| {
        SqsMessageBuilder::new(id)
            .with_receive_count(received)
            .with_record(put(&format!("ok/{id}")))
    };
    let batch = SqsBatchBuilder::new()
        .with_message(message("fresh-1", 1))
        .with_message(message("fresh-2", 1))
        .with_message(message("back-1", 2))
        .with_message(message("back-2", 2));

    let queue = FaultyQueue::default();
    let (dispatcher, _) = dispatcher();
    let dispatcher = dispatcher
        .on_returned(Returned::Separately)
        .with_queue(queue.clone())
        .acknowledge(Acknowledge::All);
    let report = dispatcher.dispatch(batch.to_bytes(), None).await;

    assert_eq!(failures(&report), [""; 0]);
    assert_eq!(*queue.deletes.lock().unwrap(), 4);
}

/// Records of one key, of which the first one fails, in a standard or a FIFO queue.
async fn held_back(on_fifo_queue: bool) -> (BatchReport, FaultyQueue) {
    let queue = FaultyQueue::default();
    let (dispatcher, _) = dispatcher();
    let dispatcher = dispatcher
        .with_queue(queue.clone())
        .on_failed_key(FailedKey::HoldBack)
        .on_unreached(Unreached::GiveBack);

    let message = |id: &str, sequencer: &str| {
        let message =
            SqsMessageBuilder::new(id).with_record(put("fail/1").with_sequencer(sequencer));
        if on_fifo_queue {
            message.with_group_id(id)
        } else {
            message
        }
    };
    let batch = SqsBatchBuilder::new()
        .with_message(message("1", "0A"))
        .with_message(message("2", "0B"));
    let batch = if on_fifo_queue {
        batch.on_fifo_queue()
    } else {
        batch
    };

    let report = dispatcher.dispatch(batch.to_bytes(), after(60_000)).await;
    (report.unwrap(), queue)
}

#[tokio::test(start_paused = true)]
async fn what_a_failure_holds_back_is_not_given_back_before_it() {
    for on_fifo_queue in [false, true] {
        let (report, queue) = held_back(on_fifo_queue).await;
        assert_eq!(report.failed_messages(), 2);
        assert_eq!(*queue.shown.lock().unwrap(), [""; 0]);
    }
}
