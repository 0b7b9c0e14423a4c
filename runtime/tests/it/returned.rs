//! Messages that came back without an answer: what one that ends the process costs the others.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use lambda_runtime::{Context, LambdaEvent};
use s3_dispatch::delivery::{Delivery, ReceiptHandle};
use s3_dispatch::dispatch::{Acknowledge, MessageFailure, MessageOutcome, Returned, Unreached};
use s3_dispatch::failure::FailedMessage;
use s3_dispatch::handler::BoxFuture;
use s3_dispatch::queue::{Queue, QueueError};
use s3_dispatch::{
    Backoff, BatchReport, Dispatcher, HandlerError, MessageContext, Outcome, Payload, Route,
    Router, S3EventRecord,
};
use s3_dispatch_testing::{SqsBatchBuilder, SqsMessageBuilder};
use tokio::sync::Notify;
use tower::Service;

use crate::script::{after, put};

/// A queue with one batch in it, and the process that receives it.
#[derive(Clone, Default)]
struct Pipeline(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// What happened: `begin a`, `end a`, `delete a`, `show a`.
    journal: Mutex<Vec<String>>,
    ids: Mutex<HashMap<String, String>>,
    /// Notified by a handler that ends the process.
    died: Notify,
    /// The queue refuses to delete.
    is_broken: bool,
    yields: AtomicU64,
}

impl Pipeline {
    fn note(&self, event: &str, id: &str) {
        self.0.journal.lock().unwrap().push(format!("{event} {id}"));
    }

    fn journal(&self) -> Vec<String> {
        self.0.journal.lock().unwrap().clone()
    }

    fn take(&self, event: &str) -> Vec<String> {
        let mut journal = self.0.journal.lock().unwrap();
        let prefix = format!("{event} ");
        let found = journal.iter().filter_map(|line| line.strip_prefix(&prefix));
        let found = found.map(str::to_owned).collect();
        journal.clear();
        found
    }

    /// Remembers which receipt handle belongs to which message.
    fn payload(&self, batch: &SqsBatchBuilder) -> bytes::Bytes {
        let payload = batch.clone().to_bytes();
        let delivery = Delivery::parse(payload.clone()).unwrap();
        let mut ids = self.0.ids.lock().unwrap();

        for message in delivery.messages() {
            let handle = message.context.receipt_handle().unwrap().as_str();
            let id = message.context.message_id().unwrap().as_str();
            ids.insert(handle.to_owned(), id.to_owned());
        }

        payload
    }

    /// Dispatches a batch, or returns `None` if a handler ended the process.
    async fn dispatch(
        &self,
        dispatcher: &Dispatcher<Pipeline>,
        batch: &SqsBatchBuilder,
    ) -> Option<BatchReport> {
        let payload = self.payload(batch);

        tokio::select! {
            biased;
            () = self.0.died.notified() => None,
            report = dispatcher.dispatch(payload, None) => Some(report.unwrap()),
        }
    }
}

/// A handler does what its key says: `bad` ends the process, `fail` fails, `slow` takes a second,
/// `hang` never ends, and all others succeed.
impl Router for Pipeline {
    fn route<'s, 'r, 'm, 'f>(
        &'s self,
        record: &'r S3EventRecord,
        message: &'m MessageContext,
    ) -> BoxFuture<'f, Outcome>
    where
        's: 'f,
        'r: 'f,
        'm: 'f,
        Self: 'f,
    {
        let key = record.object.key.as_str();
        let id = message.message_id().unwrap().as_str();
        self.note("begin", id);

        Box::pin(async move {
            for _ in 0..self.0.yields.fetch_add(1, Ordering::Relaxed) % 4 {
                tokio::task::yield_now().await;
            }

            if key.starts_with("bad") {
                self.0.died.notify_one();
                std::future::pending::<()>().await;
            }

            if key.starts_with("hang") {
                std::future::pending::<()>().await;
            }

            if key.starts_with("slow") {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }

            self.note("end", id);

            if key.starts_with("fail") {
                Outcome::Failed(HandlerError::retry("it failed"))
            } else {
                Outcome::Handled
            }
        })
    }

    fn routes(&self) -> &[Route] {
        &[]
    }
}

#[async_trait]
impl Queue for Pipeline {
    async fn delete(&self, messages: &[&ReceiptHandle]) -> Vec<Result<(), QueueError>> {
        tokio::task::yield_now().await;

        let answer = |handle: &&ReceiptHandle| {
            if self.0.is_broken {
                return Err(QueueError::failed("no connection"));
            }

            let id = self.0.ids.lock().unwrap()[handle.as_str()].clone();
            self.note("delete", &id);
            Ok(())
        };
        messages.iter().map(answer).collect()
    }

    async fn change_visibility(
        &self,
        messages: &[(&ReceiptHandle, Duration)],
    ) -> Vec<Result<(), QueueError>> {
        let answer = |(handle, time): &(&ReceiptHandle, Duration)| {
            assert_eq!(*time, Duration::ZERO);
            let id = self.0.ids.lock().unwrap()[handle.as_str()].clone();
            self.note("show", &id);
            Ok(())
        };
        messages.iter().map(answer).collect()
    }
}

fn message(id: &str, key: &str, received: u32) -> SqsMessageBuilder {
    SqsMessageBuilder::new(id)
        .with_receive_count(received)
        .with_record(put(key))
}

fn batch(messages: &[(&str, &str, u32)]) -> SqsBatchBuilder {
    let messages = messages.iter();
    messages.fold(SqsBatchBuilder::new(), |batch, (id, key, received)| {
        batch.with_message(message(id, key, *received))
    })
}

fn separately(pipeline: &Pipeline) -> Dispatcher<Pipeline> {
    Dispatcher::new(pipeline.clone())
        .on_returned(Returned::Separately)
        .with_concurrency(1)
}

fn left_out(report: &BatchReport) -> Vec<&str> {
    let left_out = MessageOutcome::Failed(MessageFailure::LeftOut);
    let messages = report.messages().iter();
    let messages = messages.filter(|message| message.outcome() == left_out);
    messages
        .map(|message| message.id().unwrap().as_str())
        .collect()
}

/// How a process treats what came back.
#[derive(Clone, Copy)]
enum Level {
    Together,
    Parts,
    Queue,
}

/// Receives a batch of ten until each message is deleted or has been received too often. Returns
/// how many healthy messages were lost.
///
/// A process that died is replaced, and the new one knows nothing.
async fn lost(seed: usize, bad: usize, max_receive_count: u32, level: Level) -> usize {
    let pipeline = Pipeline::default();
    let id = |index: usize| format!("{seed}-{index}");
    let key = |index: usize| format!("{}/{index}", if index < bad { "bad" } else { "good" });
    let mut left: Vec<usize> = (0..10).collect();

    let start = || match level {
        Level::Together => Dispatcher::new(pipeline.clone()),
        Level::Parts => separately(&pipeline),
        Level::Queue => separately(&pipeline).with_queue(pipeline.clone()),
    };
    let start = || start().with_concurrency(1 + seed % 10);
    let mut process = start();

    for received in 1..=max_receive_count {
        // SQS delivers in any order.
        let turn = (seed + received as usize) % left.len();
        left.rotate_left(turn);
        let messages = left
            .iter()
            .map(|index| message(&id(*index), &key(*index), received));
        let batch = messages.fold(SqsBatchBuilder::new(), SqsBatchBuilder::with_message);

        let report = pipeline.dispatch(&process, &batch).await;
        let mut gone = pipeline.take("delete");

        match report {
            None => process = start(),
            Some(report) => {
                let reported = report.messages().iter();
                let reported =
                    reported.filter(|message| message.outcome() == MessageOutcome::Succeeded);
                gone.extend(reported.map(|message| message.id().unwrap().to_string()));
            }
        }

        left.retain(|index| !gone.contains(&id(*index)));
        if left.is_empty() {
            break;
        }
    }

    left.iter().filter(|index| **index >= bad).count()
}

/// The share of the healthy messages that are lost, over 1,000 batches.
async fn share(bad: usize, max_receive_count: u32, level: Level) -> f64 {
    const BATCHES: usize = 1_000;

    let mut sum = 0;
    for seed in 0..BATCHES {
        sum += lost(seed, bad, max_receive_count, level).await;
    }

    sum as f64 / (BATCHES * (10 - bad)) as f64
}

#[tokio::test]
async fn run_together_all_are_lost_with_one() {
    assert_eq!(share(1, 5, Level::Together).await, 1.0);
}

#[tokio::test]
async fn with_a_queue_no_healthy_message_is_lost_with_one_or_two_of_ten() {
    assert_eq!(share(1, 5, Level::Queue).await, 0.0);
    assert_eq!(share(2, 5, Level::Queue).await, 0.0);

    let three = share(3, 5, Level::Queue).await;
    println!(
        "with a queue and three of ten, {:.1} % are lost",
        100.0 * three
    );
    assert!(three < 0.2, "{three}");
}

#[tokio::test]
async fn without_a_queue_at_most_a_quarter_is_lost_with_one_of_ten() {
    let shares = [
        (1, 5, 0.25),
        (1, 10, 0.01),
        (2, 5, 0.6),
        (3, 5, 0.8),
        (2, 10, 0.3),
        (3, 10, 0.6),
    ];

    for (bad, max_receive_count, bound) in shares {
        let share = share(bad, max_receive_count, Level::Parts).await;
        println!(
            "{bad} of ten, {max_receive_count} receives: {:.1} % are lost",
            100.0 * share
        );
        assert!(share <= bound, "{bad} of ten: {share}");
    }
}

#[tokio::test]
async fn fresh_messages_run_first_and_everything_is_deleted_before_the_next_begins() {
    let batch = batch(&[
        ("back-1", "a", 2),
        ("fresh-1", "b", 1),
        ("back-2", "c", 2),
        ("fresh-2", "d", 1),
        ("failed", "fail/1", 1),
        ("back-3", "fail/2", 3),
    ]);
    let pipeline = Pipeline::default();
    let dispatcher = separately(&pipeline).with_queue(pipeline.clone());
    let report = pipeline.dispatch(&dispatcher, &batch).await.unwrap();
    assert_eq!((report.handled(), report.failed()), (4, 2));

    let journal = pipeline.journal();
    let fresh = [
        "begin fresh-1",
        "end fresh-1",
        "begin fresh-2",
        "end fresh-2",
        "begin failed",
        "end failed",
        "delete fresh-1",
        "delete fresh-2",
    ];
    assert_eq!(journal[..8], fresh);

    let mut returned: Vec<_> = journal[8..]
        .split(|line| line.starts_with("begin"))
        .collect();
    returned.sort();
    assert_eq!(returned[0], [""; 0]);
    assert_eq!(returned[1], ["end back-1", "delete back-1"]);
    assert_eq!(returned[2], ["end back-2", "delete back-2"]);
    assert_eq!(returned[3], ["end back-3"]);
}

#[tokio::test(start_paused = true)]
async fn messages_that_came_back_get_half_of_the_time_and_leave_the_rest() {
    let run = async |key| {
        let batch = batch(&[
            ("fresh-1", "slow/1", 1),
            ("fresh-2", "slow/2", 1),
            ("fresh-3", "slow/3", 1),
            ("back-1", key, 2),
            ("back-2", "fast/2", 2),
        ]);
        let pipeline = Pipeline::default();
        let dispatcher = separately(&pipeline).with_queue(pipeline.clone());

        // Of 3.4 seconds, fresh messages may begin in the first 1.7.
        let report = dispatcher.dispatch(pipeline.payload(&batch), after(3_900));
        drop(report.await.unwrap());
        pipeline.take("end")
    };

    let ended = run("fast/1").await;
    assert_eq!(ended[..2], ["fresh-1", "fresh-2"]);
    assert_eq!(ended[4], "fresh-3");

    // Nothing is left for the third.
    let mut ended = run("slow/4").await;
    ended.sort();
    assert_eq!(ended, ["back-1", "back-2", "fresh-1", "fresh-2"]);
}

#[tokio::test(start_paused = true)]
async fn a_fresh_message_that_hangs_does_not_keep_returned_ones_from_their_turn() {
    let batch = batch(&[
        ("hangs-1", "hang/1", 1),
        ("hangs-2", "hang/2", 1),
        ("back-1", "slow/1", 2),
        ("back-2", "fast", 2),
    ]);

    for concurrency in [2, 5] {
        let pipeline = Pipeline::default();
        let dispatcher = separately(&pipeline)
            .with_queue(pipeline.clone())
            .with_concurrency(concurrency);
        let payload = pipeline.payload(&batch);
        let report = dispatcher.dispatch(payload, after(3_500)).await.unwrap();

        assert_eq!(report.handled(), 2, "{concurrency}");
        let mut deleted = pipeline.take("delete");
        deleted.sort();
        assert_eq!(deleted, ["back-1", "back-2"]);
    }
}

#[tokio::test]
async fn the_order_of_returned_messages_turns_from_receive_to_receive() {
    let mut orders = Vec::new();
    for received in 2..=5 {
        let pipeline = Pipeline::default();
        let dispatcher = separately(&pipeline).with_queue(pipeline.clone());
        let messages = ["a", "b", "c", "d"].map(|id| (id, id, received));
        let report = pipeline.dispatch(&dispatcher, &batch(&messages)).await;
        assert!(report.unwrap().is_success());
        orders.push(pipeline.take("begin"));
    }

    let [first, second, third, fourth] = &orders[..] else {
        panic!("{orders:?}")
    };
    let pick = |places: [usize; 4]| places.map(|place| first[place].clone());
    assert_eq!(second[..], pick([3, 2, 1, 0]));
    assert_eq!(third[..], pick([2, 3, 1, 0]));
    assert_eq!(fourth[..], pick([2, 1, 0, 3]));
}

#[tokio::test]
async fn without_a_queue_two_receives_run_complementary_parts() {
    let ids: Vec<String> = (0..20).map(|index| index.to_string()).collect();

    for received in [2, 4, 6] {
        let mut parts = Vec::new();
        for received in [received, received + 1] {
            let pipeline = Pipeline::default();
            let messages: Vec<_> = ids.iter().map(|id| (&**id, &**id, received)).collect();
            let report = pipeline
                .dispatch(&separately(&pipeline), &batch(&messages))
                .await;

            let mut part = pipeline.take("begin");
            let report = report.unwrap();
            assert_eq!(left_out(&report).len() + part.len(), 20);
            assert_eq!(report.failed_messages(), 20 - part.len());
            part.sort();
            parts.push(part);
        }

        let [first, second] = &parts[..] else {
            panic!("{parts:?}")
        };
        assert!(!first.is_empty() && !second.is_empty());
        assert!(first.iter().all(|id| !second.contains(id)));
        assert_eq!(first.len() + second.len(), 20);
    }
}

#[tokio::test]
async fn a_batch_with_nothing_or_one_message_that_came_back_runs_as_always() {
    for received in [1, 2] {
        let pipeline = Pipeline::default();
        let messages = [("slow", "a", 1), ("fast", "b", 1), ("back", "c", received)];
        let report = pipeline
            .dispatch(&separately(&pipeline), &batch(&messages))
            .await
            .unwrap();
        assert!(report.is_success());
    }

    // Nothing needs to be deleted, because Lambda does it.
    let pipeline = Pipeline::default();
    let dispatcher = separately(&pipeline).with_queue(pipeline.clone());
    let report = pipeline
        .dispatch(&dispatcher, &batch(&[("a", "a", 1), ("b", "b", 1)]))
        .await;
    assert!(report.unwrap().is_success());
    assert!(pipeline.take("delete").is_empty());
}

#[tokio::test]
async fn what_this_process_reported_as_failed_is_not_kept_apart() {
    let failing = |received| batch(&[("1", "fail/1", received), ("2", "fail/2", received)]);
    let pipeline = Pipeline::default();
    let dispatcher = separately(&pipeline);

    for received in 1..5 {
        let report = pipeline
            .dispatch(&dispatcher, &failing(received))
            .await
            .unwrap();
        assert_eq!(left_out(&report), [""; 0]);
    }

    // Another process does not know, nor does this one know of a receive elsewhere.
    let report = pipeline.dispatch(&separately(&pipeline), &failing(2)).await;
    assert_eq!(left_out(&report.unwrap()).len(), 1);
    let report = pipeline.dispatch(&dispatcher, &failing(7)).await;
    assert_eq!(left_out(&report.unwrap()).len(), 1);
}

#[tokio::test]
async fn what_was_left_out_is_still_kept_apart_at_the_next_receive() {
    let ids: Vec<String> = (0..10).map(|index| index.to_string()).collect();
    let failing = |received| {
        let messages = ids.iter();
        let messages = messages.map(|id| message(id, &format!("fail/{id}"), received));
        messages.fold(SqsBatchBuilder::new(), SqsBatchBuilder::with_message)
    };

    let pipeline = Pipeline::default();
    let dispatcher = separately(&pipeline);
    let report = pipeline.dispatch(&dispatcher, &failing(2)).await.unwrap();
    let first = left_out(&report);
    assert!(first.len() > 1, "{first:?}");

    // What ran failed and is known. What did not run may still be what ended the process.
    let report = pipeline.dispatch(&dispatcher, &failing(3)).await.unwrap();
    let second = left_out(&report);
    assert!(!second.is_empty());
    assert!(second.iter().all(|id| first.contains(id)), "{second:?}");
}

#[tokio::test]
async fn messages_that_share_a_key_stay_together_in_their_order() {
    let with = |id: &str, key: &str, sequencer: &str, received| {
        SqsMessageBuilder::new(id)
            .with_receive_count(received)
            .with_record(put(key).with_sequencer(sequencer))
    };

    for received in 2..=5 {
        let batch = SqsBatchBuilder::new()
            .with_message(with("late", "same", "0C", received))
            .with_message(with("early", "same", "0A", 1))
            .with_message(with("other", "other", "0B", received));
        let pipeline = Pipeline::default();
        let dispatcher = separately(&pipeline).with_queue(pipeline.clone());
        let report = pipeline.dispatch(&dispatcher, &batch).await;
        assert!(report.unwrap().is_success());

        let begun = pipeline.take("begin");
        let place = |id| begun.iter().position(|begun| begun == id).unwrap();
        assert_eq!(place("late"), place("early") + 1, "{begun:?}");
    }
}

#[tokio::test]
async fn a_fifo_group_stays_together_and_stops_at_its_first_failure() {
    let in_group = |id: &str, key: &str, group: &str, received| {
        message(id, key, received).with_group_id(group)
    };
    let batch = SqsBatchBuilder::new()
        .on_fifo_queue()
        .with_message(in_group("a1", "a1", "a", 2))
        .with_message(in_group("a2", "fail", "a", 1))
        .with_message(in_group("a3", "a3", "a", 1))
        .with_message(in_group("b1", "b1", "b", 1))
        .with_message(in_group("c1", "c1", "c", 2));

    let pipeline = Pipeline::default();
    let dispatcher = separately(&pipeline).with_queue(pipeline.clone());
    let report = pipeline.dispatch(&dispatcher, &batch).await.unwrap();
    assert_eq!(report.failed_messages(), 2, "{report:?}");

    let journal = pipeline.journal();
    assert_eq!(journal[..3], ["begin b1", "end b1", "delete b1"]);
    let group = ["begin a1", "end a1", "delete a1", "begin a2", "end a2"];
    assert!(
        journal.windows(5).any(|lines| lines == group),
        "{journal:?}"
    );
    assert!(!journal.contains(&String::from("begin a3")));
}

#[tokio::test]
async fn if_nothing_can_be_deleted_only_a_part_runs() {
    let ids: Vec<String> = (0..10).map(|index| index.to_string()).collect();
    let messages: Vec<_> = ids.iter().map(|id| (&**id, &**id, 2)).collect();

    let parts = Pipeline::default();
    let report = parts.dispatch(&separately(&parts), &batch(&messages)).await;
    let mut expected = parts.take("begin");
    assert_eq!(left_out(&report.unwrap()).len(), 10 - expected.len());

    let broken = Pipeline(Arc::new(Inner {
        is_broken: true,
        ..Inner::default()
    }));
    let dispatcher = separately(&broken).with_queue(broken.clone());
    let report = broken
        .dispatch(&dispatcher, &batch(&messages))
        .await
        .unwrap();
    let begun = broken.take("begin");

    // The first one began before anything could fail.
    expected.push(begun[0].clone());
    expected.sort();
    expected.dedup();
    let mut sorted = begun;
    sorted.sort();
    assert_eq!(sorted, expected);
    assert_eq!(left_out(&report).len(), 10 - sorted.len());
}

#[tokio::test]
async fn a_message_whose_id_repeats_is_left_to_the_answer() {
    let batch = batch(&[("twin", "a", 2), ("twin", "fail", 2), ("other", "b", 2)]);
    let pipeline = Pipeline::default();
    let dispatcher = separately(&pipeline).with_queue(pipeline.clone());
    let report = pipeline.dispatch(&dispatcher, &batch).await.unwrap();

    assert_eq!(pipeline.take("delete"), ["other"]);
    assert_eq!(report.response().batch_item_failures.len(), 1);
}

#[tokio::test]
async fn by_choice_every_message_is_deleted_as_soon_as_it_has_succeeded() {
    let batch = batch(&[
        ("1", "a", 1),
        ("2", "fail", 1),
        ("3", "bad", 1),
        ("4", "b", 1),
    ]);
    let pipeline = Pipeline::default();
    let dispatcher = Dispatcher::new(pipeline.clone())
        .with_concurrency(1)
        .with_queue(pipeline.clone())
        .acknowledge(Acknowledge::All);
    assert!(pipeline.dispatch(&dispatcher, &batch).await.is_none());

    let journal = pipeline.journal();
    assert_eq!(journal[..3], ["begin 1", "end 1", "delete 1"]);
    assert_eq!(journal.last().unwrap(), "begin 3");
    assert_eq!(pipeline.take("delete"), ["1"]);
}

/// Notes which messages it is asked to postpone.
struct NoteFailed(Pipeline);

#[async_trait]
impl Backoff for NoteFailed {
    async fn postpone(
        &self,
        failed: &[FailedMessage<'_>],
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        for message in failed {
            self.0
                .note("postpone", message.context.message_id().unwrap().as_str());
        }

        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn unreached_messages_are_given_back_by_choice() {
    let batch = batch(&[
        ("failed", "fail", 1),
        ("cut", "slow/1", 1),
        ("waiting", "slow/2", 1),
    ]);

    let pipeline = Pipeline::default();
    let dispatcher = Dispatcher::new(pipeline.clone())
        .with_concurrency(1)
        .with_backoff(NoteFailed(pipeline.clone()))
        .with_queue(pipeline.clone());
    let payload = || pipeline.payload(&batch);

    let report = dispatcher.dispatch(payload(), after(1_200)).await.unwrap();
    assert_eq!(report.failed_messages(), 3);
    assert_eq!(pipeline.take("postpone"), ["failed", "cut", "waiting"]);

    let dispatcher = dispatcher.on_unreached(Unreached::GiveBack);
    drop(dispatcher.dispatch(payload(), after(1_200)).await.unwrap());
    let journal = pipeline.journal();
    assert_eq!(
        journal[3..],
        ["show cut", "show waiting", "postpone failed"]
    );
}

#[tokio::test]
async fn in_lambda_messages_that_came_back_are_kept_apart_by_default() {
    let batch = batch(&[("a", "a", 2), ("b", "b", 2)]);
    let pipeline = Pipeline::default();
    let mut dispatcher = Dispatcher::new(pipeline.clone());

    let report = pipeline.dispatch(&dispatcher, &batch).await;
    assert!(report.unwrap().is_success());

    let event = LambdaEvent::new(Payload::from(pipeline.payload(&batch)), Context::default());
    let response = dispatcher.call(event).await.unwrap();
    assert_eq!(response.batch_item_failures.len(), 1);

    let mut dispatcher = Dispatcher::new(pipeline.clone()).on_returned(Returned::Together);
    let event = LambdaEvent::new(Payload::from(pipeline.payload(&batch)), Context::default());
    let response = dispatcher.call(event).await.unwrap();
    assert!(response.batch_item_failures.is_empty());
}
