//! How a worker treats a queue that fails, is empty or is full, and messages that end the process.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use s3_dispatch::delivery::ReceiptHandle;
use s3_dispatch::failure::{DeadLetter, DeadLetterError};
use s3_dispatch::queue::{Queue, QueueError, Receive, ReceiveRequest, Received};
use s3_dispatch::{
    DeadLetters, Dispatcher, ErrorKind, MessageContext, Routes, S3EventRecord, Worker,
    WorkerReport, async_trait,
};
use s3_dispatch_testing::{NotificationBuilder, RecordBuilder};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use crate::logs::{messages, with_log};
use crate::script::Script;

/// What X-Ray has put into each message.
const TRACE_HEADER: &str =
    "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

/// A queue in memory that waits only on Tokio's clock.
#[derive(Clone, Default)]
pub(crate) struct Memory(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    extended: Condvar,
}

#[derive(Default)]
pub(crate) struct State {
    /// By id.
    pub(crate) messages: BTreeMap<String, Message>,
    /// What each receive fails with.
    error: Option<fn() -> QueueError>,
    receives: Vec<Instant>,
    pub(crate) running: usize,
    most_running: usize,
    extensions: usize,
}

pub(crate) struct Message {
    pub(crate) visible_at: Option<Instant>,
    /// Only the receipt handle of the last receive is valid.
    pub(crate) receives: u32,
}

impl Memory {
    /// A queue with messages whose ids are also the keys of their objects.
    pub(crate) fn with_messages(ids: impl IntoIterator<Item = String>) -> Self {
        let queue = Self::default();
        for id in ids {
            queue.insert(id);
        }

        queue
    }

    /// Sends a message whose id is also the key of its object.
    pub(crate) fn insert(&self, id: impl Into<String>) {
        let message = Message {
            visible_at: None,
            receives: 0,
        };
        self.state().messages.insert(id.into(), message);
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }

    fn fail(&self, error: Option<fn() -> QueueError>) {
        self.state().error = error;
    }

    /// Waits until everything is deleted.
    pub(crate) async fn emptied(&self) {
        while !self.state().messages.is_empty() {
            sleep(Duration::from_millis(100)).await;
        }
    }

    fn take(&self, request: ReceiveRequest) -> Vec<Received> {
        let now = Instant::now();
        let mut state = self.state();
        let visible = state.messages.iter_mut();
        let visible = visible.filter(|(_, message)| message.visible_at.is_none_or(|at| at <= now));

        visible
            .take(request.most())
            .map(|(id, message)| {
                message.visible_at = Some(now + request.visibility());
                message.receives += 1;
                let context = MessageContext::new()
                    .with_message_id(id.as_str())
                    .with_receipt_handle(format!("{id} {}", message.receives))
                    .with_queue_arn("arn:aws:sqs:eu-central-1:000000000000:uploads")
                    .with_receive_count(message.receives)
                    .with_trace_header(TRACE_HEADER);
                let record = RecordBuilder::new("ObjectCreated:Put").with_key(id);
                Received::new(
                    context,
                    NotificationBuilder::new().with_record(record).to_json(),
                )
            })
            .collect()
    }
}

/// The id in a receipt handle, if it is that of the last receive.
fn id(state: &State, handle: &ReceiptHandle) -> Result<String, QueueError> {
    let (id, receive) = handle.as_str().split_once(' ').unwrap();
    let message = state.messages.get(id);
    if message.is_some_and(|message| message.receives.to_string() == receive) {
        return Ok(id.to_owned());
    }

    Err(QueueError::refused("the receipt handle has expired"))
}

#[async_trait]
impl Queue for Memory {
    async fn delete(&self, messages: &[&ReceiptHandle]) -> Vec<Result<(), QueueError>> {
        let mut state = self.state();
        let deleted = messages.iter().map(|handle| {
            let id = id(&state, handle)?;
            state.messages.remove(&id);
            Ok(())
        });

        deleted.collect()
    }

    async fn change_visibility(
        &self,
        messages: &[(&ReceiptHandle, Duration)],
    ) -> Vec<Result<(), QueueError>> {
        let mut state = self.state();
        state.extensions += 1;
        self.0.extended.notify_all();
        let changed = messages.iter().map(|(handle, time)| {
            let id = id(&state, handle)?;
            let message = state.messages.get_mut(&id).unwrap();
            message.visible_at = Some(Instant::now() + *time);
            Ok(())
        });

        changed.collect()
    }
}

#[async_trait]
impl Receive for Memory {
    async fn receive(&self, request: ReceiveRequest) -> Result<Vec<Received>, QueueError> {
        let error = {
            let mut state = self.state();
            state.receives.push(Instant::now());
            state.running += 1;
            state.most_running = state.most_running.max(state.running);
            state.error
        };
        let _running = Running(self);
        // A request takes a little while.
        sleep(Duration::from_millis(5)).await;
        if let Some(error) = error {
            return Err(error());
        }

        let end = Instant::now() + request.wait();
        loop {
            let taken = self.take(request);
            if !taken.is_empty() || Instant::now() >= end {
                return Ok(taken);
            }
            sleep(Duration::from_millis(100)).await;
        }
    }
}

struct Running<'q>(&'q Memory);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.state().running -= 1;
    }
}

fn nothing() -> Routes<()> {
    Routes::new(()).on_fn("*", async || Ok::<_, std::io::Error>(()))
}

async fn work(queue: &Memory, stop: impl Future<Output = ()>) -> WorkerReport {
    Worker::new(nothing(), queue.clone())
        .run(stop)
        .await
        .unwrap()
}

fn count(lines: &[Value], level: &str) -> usize {
    lines.iter().filter(|line| line["level"] == level).count()
}

#[tokio::test(start_paused = true)]
async fn receives_back_off_after_errors_which_are_logged_once_per_state() {
    let queue = Memory::default();
    let minutes = |minutes: u64| sleep(Duration::from_secs(60 * minutes));
    let fails = || QueueError::failed("the endpoint is down");

    let stop = async {
        queue.fail(Some(fails));
        minutes(10).await;
        let receives = queue.state().receives.len();
        // After half a minute, there is one within 15 to 30 seconds.
        assert!((20..=46).contains(&receives), "{receives}");

        queue.fail(None);
        minutes(2).await;
        queue.fail(Some(fails));
        minutes(5).await;
        let last: Vec<_> = queue
            .state()
            .receives
            .iter()
            .rev()
            .take(3)
            .copied()
            .collect();
        assert!(last[0] - last[1] >= Duration::from_secs(15));
    };
    let (_, lines) = with_log(work(&queue, stop)).await;

    assert_eq!(count(&lines, "ERROR"), 2, "{lines:#?}");
    let recovered = |line: &&Value| line.to_string().contains("received from again");
    assert_eq!(lines.iter().filter(recovered).count(), 1, "{lines:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_cannot_be_used_ends_the_worker_at_its_start() {
    let queue = Memory::default();
    queue.fail(Some(|| QueueError::unusable("the queue does not exist")));

    let worker = Worker::new(nothing(), queue.clone());
    let error = worker.run(std::future::pending()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Queue);
    assert_eq!(queue.state().receives.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_could_be_used_is_tried_again() {
    let queue = Memory::default();
    let stop = async {
        sleep(Duration::from_secs(60)).await;
        queue.fail(Some(|| {
            QueueError::unusable("the credentials have expired")
        }));
        sleep(Duration::from_secs(300)).await;
        queue.fail(None);
        queue.insert("late");
        queue.emptied().await;
    };

    assert_eq!(work(&queue, stop).await.deleted(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_worker_says_how_it_works_when_it_starts() {
    let queue = Memory::default();
    let worker = || Worker::new(nothing(), queue.clone()).with_drain(Duration::from_secs(5));
    let handlers = Dispatcher::new(nothing()).with_concurrency(50);

    for (worker, concurrency, in_flight, visibility) in [
        (worker(), 10, 30, "30s"),
        (worker().with_in_flight(40), 40, 40, "30s"),
        (
            Worker::new(handlers, queue.clone())
                .with_drain(Duration::from_secs(5))
                .with_visibility(Duration::from_millis(2_500)),
            50,
            110,
            "2.5s",
        ),
    ] {
        let (report, lines) = with_log(worker.run(std::future::ready(()))).await;
        assert!(report.is_ok());

        let lines = messages(&lines, "the worker receives messages");
        assert_eq!(lines.len(), 1);
        let expected = json!({
            "message": "the worker receives messages",
            "concurrency": concurrency,
            "in_flight": in_flight,
            "visibility": visibility,
            "drain": "5s"
        });
        assert_eq!(
            (&lines[0]["level"], &lines[0]["fields"]),
            (&json!("INFO"), &expected)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_worker_makes_three_requests_a_minute() {
    let queue = Memory::default();
    let report = work(&queue, sleep(Duration::from_secs(600))).await;

    assert_eq!(report.received(), 0);
    let receives = queue.state().receives.len();
    assert!((29..=31).contains(&receives), "{receives}");
}

#[tokio::test(start_paused = true)]
async fn full_receives_add_receivers_up_to_the_bound_and_empty_ones_take_them_away() {
    for receivers in [1, 3, 8] {
        let queue = Memory::with_messages((0..2_000).map(|index| format!("m{index:04}")));
        let dispatcher = Dispatcher::new(nothing()).with_concurrency(200);
        let worker = Worker::new(dispatcher, queue.clone()).with_receivers(receivers);

        let stop = async {
            queue.emptied().await;
            assert_eq!(queue.state().most_running, receivers);

            sleep(Duration::from_secs(200)).await;
            assert_eq!(queue.state().running, 1);
        };
        assert_eq!(worker.run(stop).await.unwrap().deleted(), 2_000);
    }
}

/// Runs workers that end whenever the killer begins, until only the killer is left. Returns the
/// receives of each message that succeeded.
async fn receives_beside_a_killer(seed: u64) -> Vec<u32> {
    let mut random = fastrand::Rng::with_seed(seed);
    let killer = random.usize(0..50);
    let ids: Vec<_> = (0..50)
        .map(|index| format!("{:016x}-{index}", random.u64(..)))
        .collect();
    let killer = ids[killer].clone();
    let queue = Memory::with_messages(ids);
    let done = Arc::new(Mutex::new(Vec::new()));

    // Each process that ends has received the killer once more.
    for _ in 0..12 {
        if queue.state().messages.len() == 1 {
            break;
        }

        let ended = Arc::new(Notify::new());
        let (at, notes, bad) = (Arc::clone(&ended), Arc::clone(&done), killer.clone());
        let handler = move |record: S3EventRecord, message: MessageContext| {
            let (at, notes, bad) = (Arc::clone(&at), Arc::clone(&notes), bad.clone());
            async move {
                if record.object.key == *bad {
                    at.notify_one();
                    std::future::pending::<()>().await;
                }
                sleep(Duration::from_millis(20)).await;
                notes.lock().unwrap().push(message.receive_count().unwrap());
                Ok::<_, std::io::Error>(())
            }
        };
        let worker = Worker::new(Routes::new(()).on_fn("*", handler), queue.clone());
        let mut run = pin!(worker.run(std::future::pending()));
        tokio::select! {
            _ = &mut run => {}
            () = ended.notified() => {}
        }
    }

    let done = done.lock().unwrap().clone();
    assert!(queue.state().messages.contains_key(&killer));
    done
}

#[tokio::test(start_paused = true)]
async fn a_message_that_ends_the_process_costs_only_itself() {
    let mut lost = 0;
    for seed in 0..300 {
        let receives = receives_beside_a_killer(seed).await;
        lost += receives.iter().filter(|count| **count > 5).count();
        assert!(receives.len() >= 49, "seed {seed}: {receives:?}");
    }

    assert_eq!(lost, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_handler_that_blocks_its_thread_delays_no_extension() {
    let queue = Memory::with_messages([String::from("blocks")]);
    let of_handler = queue.clone();
    let routes = Routes::new(()).on_fn("*", move || {
        let queue = of_handler.clone();
        async move {
            // Blocks the only thread of the runtime until its message was extended three times.
            let state = queue.state();
            let waited = queue
                .0
                .extended
                .wait_while(state, |state| state.extensions < 3);
            drop(waited.unwrap());
            Ok::<_, std::io::Error>(())
        }
    });

    let worker = Worker::new(routes, queue.clone()).with_visibility(Duration::from_secs(2));
    let report = worker.run(queue.emptied()).await.unwrap();
    assert_eq!((report.deleted(), report.lost()), (1, 0));
}

/// A sink that hangs at first, and stores the second letter.
#[derive(Default)]
struct HangsOnce {
    puts: Mutex<u32>,
    dropped_at: Mutex<Option<Instant>>,
}

/// Notes when it is dropped.
struct NotesDrop<'s>(&'s HangsOnce);

impl Drop for NotesDrop<'_> {
    fn drop(&mut self) {
        *self.0.dropped_at.lock().unwrap() = Some(Instant::now());
    }
}

#[async_trait]
impl DeadLetters for HangsOnce {
    async fn put(&self, _: &DeadLetter<'_>) -> Result<(), DeadLetterError> {
        let is_first = {
            let mut puts = self.puts.lock().unwrap();
            *puts += 1;
            *puts == 1
        };
        if is_first {
            let _noted = NotesDrop(self);
            std::future::pending::<()>().await;
        }

        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_sink_that_hangs_is_stopped_when_the_message_is_lost() {
    let queue = Memory::with_messages([String::from("permanent/1")]);
    let sink = Arc::new(HangsOnce::default());
    let dispatcher = Dispatcher::new(Script::default()).with_dead_letters(Arc::clone(&sink));
    let worker = Worker::new(dispatcher, queue.clone());

    let started = Instant::now();
    let stop = async {
        sleep(Duration::from_secs(1)).await;
        // Half of the visibility timeout later, the extension is refused.
        queue
            .state()
            .messages
            .get_mut("permanent/1")
            .unwrap()
            .receives += 1;
        timeout(Duration::from_secs(600), queue.emptied())
            .await
            .unwrap();
    };
    let report = worker.run(stop).await.unwrap();

    assert_eq!((report.lost(), report.deleted()), (1, 1));
    assert_eq!(*sink.puts.lock().unwrap(), 2);
    let dropped_at = sink.dropped_at.lock().unwrap().unwrap();
    let refused_at = started + Duration::from_secs(15);
    assert!(dropped_at - refused_at < Duration::from_secs(1));
}
