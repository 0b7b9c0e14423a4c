//! A worker over messages that end: it returns once everything has ended that it received.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use s3_dispatch::delivery::ReceiptHandle;
use s3_dispatch::queue::{Queue, QueueError, Receive, ReceiveRequest, Received};
use s3_dispatch::{
    Dispatcher, ErrorKind, HandlerError, MessageContext, ObjectKey, Routes, Worker, WorkerReport,
    async_trait,
};
use s3_dispatch_testing::{NotificationBuilder, RecordBuilder};
use tokio::time::{Instant, sleep};

/// Gives each message out once, and says when it has given out the last.
#[derive(Clone, Default)]
struct Finite(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    keys: VecDeque<&'static str>,
    /// What the next receives fail with.
    errors: VecDeque<fn() -> QueueError>,
    /// From now on, every change of a visibility is refused.
    refuses: bool,
    /// The next look whether it has ended panics.
    panics: bool,
    receives: usize,
    deleted: Vec<String>,
    /// The times for which messages were hidden last.
    hidden: BTreeMap<String, Duration>,
}

impl Finite {
    fn new(keys: impl IntoIterator<Item = &'static str>) -> Self {
        let finite = Self::default();
        finite.state().keys.extend(keys);

        finite
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

#[async_trait]
impl Queue for Finite {
    async fn delete(&self, messages: &[&ReceiptHandle]) -> Vec<Result<(), QueueError>> {
        let deleted = messages.iter().map(|handle| handle.to_string());
        self.state().deleted.extend(deleted);

        messages.iter().map(|_| Ok(())).collect()
    }

    async fn change_visibility(
        &self,
        messages: &[(&ReceiptHandle, Duration)],
    ) -> Vec<Result<(), QueueError>> {
        let mut state = self.state();
        for (handle, time) in messages {
            state.hidden.insert(handle.to_string(), *time);
        }

        let answer = || match state.refuses {
            true => Err(QueueError::refused("the message is somebody else's")),
            false => Ok(()),
        };
        messages.iter().map(|_| answer()).collect()
    }
}

#[async_trait]
impl Receive for Finite {
    async fn receive(&self, request: ReceiveRequest) -> Result<Vec<Received>, QueueError> {
        let mut state = self.state();
        state.receives += 1;
        if let Some(error) = state.errors.pop_front() {
            return Err(error());
        }

        let count = request.most().min(state.keys.len());
        let received = state.keys.drain(..count).map(|key| {
            let context = MessageContext::new()
                .with_message_id(key)
                .with_receipt_handle(key);
            let record = RecordBuilder::new("ObjectCreated:Put").with_key(key);
            Received::new(
                context,
                NotificationBuilder::new().with_record(record).to_json(),
            )
        });

        Ok(received.collect())
    }

    fn has_ended(&self) -> bool {
        let mut state = self.state();
        if std::mem::take(&mut state.panics) {
            drop(state);
            std::panic::resume_unwind(Box::new("scripted"));
        }

        state.keys.is_empty()
    }
}

/// Handlers that do what the key says: they fail, or take this many seconds.
fn routes() -> Routes<()> {
    Routes::new(()).on_fn("*", async |key: ObjectKey| match key.as_str() {
        "fails" => Err(HandlerError::retry("it failed")),
        "returns" => Err(HandlerError::retry("it failed").with_retry_after(Duration::from_secs(9))),
        seconds => {
            let seconds = seconds.split('/').next().unwrap().parse().unwrap();
            sleep(Duration::from_secs(seconds)).await;
            Ok(())
        }
    })
}

fn worker(queue: &Finite) -> Worker<Routes<()>, Finite> {
    Worker::new(routes(), queue.clone()).with_drain(Duration::from_secs(1))
}

async fn run(queue: &Finite) -> WorkerReport {
    worker(queue).run(std::future::pending()).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn it_waits_without_a_limit_for_what_runs() {
    let queue = Finite::new(["1/a", "10000/b", "36000/c"]);
    let started = Instant::now();
    let report = run(&queue).await;

    assert_eq!((report.received(), report.deleted()), (3, 3), "{report:?}");
    let elapsed = started.elapsed().as_secs();
    assert_eq!(elapsed, 36_000);
    assert_eq!(queue.state().receives, 1);
}

#[tokio::test(start_paused = true)]
async fn it_waits_for_what_has_not_begun() {
    let keys = ["5/a", "5/b", "5/c", "5/d", "5/e"];
    let queue = Finite::new(keys.into_iter().cycle().take(500));
    let dispatcher = Dispatcher::new(routes()).with_concurrency(2);
    let worker = Worker::new(dispatcher, queue.clone());
    let report = worker.run(std::future::pending()).await.unwrap();

    assert_eq!((report.deleted(), report.handled()), (500, 500));
    assert_eq!(queue.state().deleted.len(), 500);
}

#[tokio::test(start_paused = true)]
async fn an_empty_queue_that_has_ended_ends_the_worker_at_once() {
    let queue = Finite::default();
    let started = Instant::now();
    let report = run(&queue).await;

    assert_eq!(report, WorkerReport::default());
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn what_failed_is_counted_and_not_waited_for() {
    let queue = Finite::new(["fails", "1/a", "returns", "1/b"]);
    let started = Instant::now();
    let report = run(&queue).await;

    assert_eq!((report.deleted(), report.returned()), (2, 2), "{report:?}");
    assert_eq!(queue.state().hidden["returns"], Duration::from_secs(9));
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_lost_lease_does_not_keep_it_from_its_end() {
    let queue = Finite::new(["1/a", "20/b", "3600/c"]);
    queue.state().refuses = true;
    let started = Instant::now();
    let report = run(&queue).await;

    // At half of the visibility timeout.
    assert_eq!((report.deleted(), report.lost()), (1, 2), "{report:?}");
    let elapsed = started.elapsed().as_secs();
    assert!((15..=16).contains(&elapsed), "{elapsed}");
    assert_eq!(queue.state().deleted, ["1/a"]);
}

#[tokio::test(start_paused = true)]
async fn a_receive_that_fails_is_tried_again_and_is_not_the_end() {
    let busy: fn() -> QueueError = || QueueError::failed("the disk is busy");
    let queue = Finite::new(["1/a"]);
    queue.state().errors = VecDeque::from([busy; 5]);
    let report = run(&queue).await;
    assert_eq!(report.deleted(), 1, "{report:?}");

    let queue = Finite::default();
    queue
        .state()
        .errors
        .push_back(|| QueueError::unusable("there is no such file"));
    let error = worker(&queue).run(std::future::pending()).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Queue);
}

#[tokio::test(start_paused = true)]
async fn a_look_that_panics_is_a_receive_that_failed() {
    let queue = Finite::default();
    queue.state().panics = true;
    let report = run(&queue).await;

    assert_eq!(report.received(), 0);
    assert_eq!(queue.state().receives, 2);
}

#[tokio::test(start_paused = true)]
async fn a_stop_meanwhile_drains_as_always() {
    let queue = Finite::new(["1/a", "2/b", "3600/c", "5/d"]);
    let dispatcher = Dispatcher::new(routes()).with_concurrency(3);
    let worker = Worker::new(dispatcher, queue.clone()).with_drain(Duration::from_secs(5));

    let started = Instant::now();
    let stop = sleep(Duration::from_millis(1_500));
    // The fourth handler begins when the first has ended.
    let report = worker.run(stop).await.unwrap();
    assert_eq!(
        (report.deleted(), report.handed_back()),
        (3, 1),
        "{report:?}"
    );
    assert_eq!(queue.state().hidden["3600/c"], Duration::ZERO);

    let elapsed = started.elapsed().as_secs();
    assert!((6..=8).contains(&elapsed), "{elapsed}");
}
