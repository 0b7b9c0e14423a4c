//! Replays of a model of a dead-letter queue that fails, with real handlers and a real worker.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::types::MessageAttributeValue;
use proptest::collection::vec;
use proptest::prelude::*;
use s3_dispatch_core::delivery::ReceiptHandle;
use s3_dispatch_core::{EventPattern, HandlerError, MessageContext, ObjectKey, Route, Routes};
use s3_dispatch_testing::{NotificationBuilder, RecordBuilder};
use tokio::time::{Instant, sleep, timeout};

use super::queue::LetterQueue;
use super::{DeadLetterQueue, Selection};
use crate::Dispatcher;
use crate::cli::catch_up::here::Here;
use crate::cli::catch_up::tally::{Counts, Tally};
use crate::cli::replay::filter::{Condition, Filter};
use crate::queue::{Queue, QueueError, ReceiveRequest, Received};

/// What the handler of a letter does, which its key says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    Succeeds,
    /// After this many seconds.
    Takes(u64),
    Fails,
    /// It asks to be tried again after a while.
    AsksForLater,
    FailsForGood,
    CannotBeRead,
}

/// In percent.
#[derive(Debug, Clone, Copy, Default)]
struct Faults {
    receives: u8,
    deletions: u8,
    lost_deletions: u8,
    changes: u8,
}

/// The queue as one process uses it.
#[derive(Clone)]
struct Model {
    state: Arc<Mutex<State>>,
    /// Whether the process was killed. What still runs of it receives nothing.
    is_killed: Arc<AtomicBool>,
}

struct State {
    letters: BTreeMap<usize, Letter>,
    faults: Faults,
    random: fastrand::Rng,
    is_fifo: bool,
    /// How often each letter was received.
    receives: Vec<u32>,
    deleted: Vec<usize>,
    /// How often the handler of each letter began.
    runs: Vec<u32>,
}

struct Letter {
    plan: Plan,
    visible_at: Instant,
    receive: u32,
}

impl State {
    fn happens(&mut self, percent: u8) -> bool {
        percent > 0 && self.random.u8(0..100) < percent
    }

    /// The letter of a receipt handle, if it is that of the last receive.
    fn find(&self, handle: &ReceiptHandle) -> Option<usize> {
        let (index, receive) = handle.as_str().split_once(' ').unwrap();
        let index = index.parse().unwrap();
        let letter = self.letters.get(&index)?;

        (letter.receive.to_string() == receive).then_some(index)
    }
}

impl Model {
    fn new(plans: &[Plan], faults: Faults, is_fifo: bool, seed: u64) -> Self {
        let letter = |plan: &Plan| Letter {
            plan: *plan,
            visible_at: Instant::now(),
            receive: 0,
        };

        let state = State {
            letters: plans.iter().map(letter).enumerate().collect(),
            faults,
            random: fastrand::Rng::with_seed(seed),
            is_fifo,
            receives: vec![0; plans.len()],
            deleted: Vec::new(),
            runs: vec![0; plans.len()],
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            is_killed: Arc::default(),
        }
    }

    /// The same queue as another process uses it.
    fn of_another_process(&self) -> Self {
        Self {
            state: Arc::clone(&self.state),
            is_killed: Arc::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn take(
        &self,
        request: ReceiveRequest,
    ) -> Vec<(Received, HashMap<String, MessageAttributeValue>)> {
        let now = Instant::now();
        let mut state = self.state();
        let mut order: Vec<usize> = state.letters.keys().copied().collect();
        let mut blocked = Vec::new();
        if state.is_fifo {
            let hidden = order
                .iter()
                .filter(|index| state.letters[index].visible_at > now);
            blocked = hidden.map(|index| index % 3).collect();
        } else {
            state.random.shuffle(&mut order);
        }
        let most = match state.happens(30) {
            true => 1.max(request.most() / 2),
            false => request.most(),
        };

        let mut taken = Vec::new();
        for index in order {
            let is_blocked = state.is_fifo && blocked.contains(&(index % 3));
            if taken.len() < most && state.letters[&index].visible_at <= now && !is_blocked {
                taken.push(describe(&mut state, index, now + request.visibility()));
            }
        }

        taken
    }
}

fn describe(
    state: &mut State,
    index: usize,
    visible_at: Instant,
) -> (Received, HashMap<String, MessageAttributeValue>) {
    state.receives[index] += 1;
    let suffix = if state.is_fifo { ".fifo" } else { "" };
    let letter = state.letters.get_mut(&index).unwrap();
    letter.receive += 1;
    letter.visible_at = visible_at;

    let context = MessageContext::new()
        .with_message_id(format!("id-{index}"))
        .with_receipt_handle(format!("{index} {}", letter.receive))
        .with_receive_count(letter.receive)
        .with_group_id(format!("group {}", index % 3))
        .with_queue_arn(format!(
            "arn:aws:sqs:eu-central-1:000000000000:dead{suffix}"
        ));
    let key = match letter.plan {
        Plan::Succeeds => format!("takes/0/{index}"),
        Plan::Takes(seconds) => format!("takes/{seconds}/{index}"),
        Plan::Fails => format!("fails/{index}"),
        Plan::AsksForLater => format!("later/{index}"),
        Plan::FailsForGood => format!("for-good/{index}"),
        Plan::CannotBeRead => String::new(),
    };
    let record = RecordBuilder::new("ObjectCreated:Put").with_key(&*key);
    let body = match key.is_empty() {
        true => "not JSON".to_owned(),
        false => NotificationBuilder::new().with_record(record).to_json(),
    };
    let error = MessageAttributeValue::builder()
        .data_type("String")
        .string_value(format!("error {}", index % 2))
        .build();

    let attributes = HashMap::from([("Error".to_owned(), error.unwrap())]);
    (Received::new(context, body), attributes)
}

#[async_trait]
impl Queue for Model {
    async fn delete(&self, messages: &[&ReceiptHandle]) -> Vec<Result<(), QueueError>> {
        sleep(Duration::from_millis(7)).await;
        let mut state = self.state();
        let faults = state.faults;
        let deleted = messages.iter().map(|handle| {
            if state.happens(faults.deletions) {
                return Err(QueueError::failed("scripted"));
            }
            if let Some(index) = state.find(handle) {
                state.letters.remove(&index);
                state.deleted.push(index);
            }
            match state.happens(faults.lost_deletions) {
                true => Err(QueueError::failed("scripted")),
                false => Ok(()),
            }
        });

        deleted.collect()
    }

    async fn change_visibility(
        &self,
        messages: &[(&ReceiptHandle, Duration)],
    ) -> Vec<Result<(), QueueError>> {
        sleep(Duration::from_millis(7)).await;
        let mut state = self.state();
        let faults = state.faults;
        let changed = messages.iter().map(|(handle, time)| {
            if state.happens(faults.changes) {
                return Err(QueueError::failed("scripted"));
            }
            let Some(index) = state.find(handle) else {
                return Err(QueueError::refused("the receipt handle has expired"));
            };
            let letter = state.letters.get_mut(&index).unwrap();
            if letter.visible_at <= Instant::now() {
                return Err(QueueError::refused("the message is not in flight"));
            }
            letter.visible_at = Instant::now() + *time;
            Ok(())
        });

        changed.collect()
    }
}

#[async_trait]
impl LetterQueue for Model {
    async fn letters(
        &self,
        request: ReceiveRequest,
    ) -> Result<Vec<(Received, HashMap<String, MessageAttributeValue>)>, QueueError> {
        sleep(Duration::from_millis(7)).await;
        let fails = {
            let mut state = self.state();
            let percent = state.faults.receives;
            state.happens(percent)
        };
        if fails {
            return Err(QueueError::failed("scripted"));
        }

        let end = Instant::now() + request.wait();
        loop {
            if self.is_killed.load(Ordering::SeqCst) {
                return std::future::pending().await;
            }
            let taken = self.take(request);
            if !taken.is_empty() || Instant::now() >= end {
                return Ok(taken);
            }
            sleep(Duration::from_millis(250)).await;
        }
    }

    async fn hidden(&self) -> Result<u64, QueueError> {
        let now = Instant::now();
        let state = self.state();
        let hidden = state
            .letters
            .values()
            .filter(|letter| letter.visible_at > now);

        Ok(hidden.count() as u64)
    }
}

fn routes(model: &Model) -> Routes<()> {
    let model = model.clone();
    Routes::new(()).on_fn("*", move |key: ObjectKey| {
        let model = model.clone();
        async move {
            let index: usize = key.as_str().rsplit('/').next().unwrap().parse().unwrap();
            model.state().runs[index] += 1;
            match key.as_str().split('/').collect::<Vec<_>>()[..] {
                ["fails", _] => Err(HandlerError::retry("it failed")),
                ["for-good", _] => Err(HandlerError::permanent("it failed")),
                ["later", _] => {
                    let later = Duration::from_secs(1);
                    Err(HandlerError::retry("it failed").with_retry_after(later))
                }
                ["takes", seconds, _] => {
                    sleep(Duration::from_secs(seconds.parse().unwrap())).await;
                    Ok(())
                }
                _ => unreachable!("no such key"),
            }
        }
    })
}

#[derive(Default)]
struct Replay {
    only: Vec<&'static str>,
    routes: Vec<Route>,
    limit: Option<u64>,
}

const ALL: Replay = Replay {
    only: Vec::new(),
    routes: Vec::new(),
    limit: None,
};

impl Replay {
    async fn run(&self, model: &Model, stop: impl Future<Output = ()>) -> Counts {
        let tally = Arc::new(Tally::default());
        let only = self.only.iter().map(|text| Condition::parse(text).unwrap());
        let selection = Selection {
            filter: Filter::new(only.collect()),
            routes: self.routes.clone(),
            limit: self.limit,
            tally: Arc::clone(&tally),
        };
        let letters = DeadLetterQueue::new(model.clone(), selection);
        let here = Here {
            drain: Duration::from_secs(5),
            prints_failures: false,
        };

        let dispatcher = Dispatcher::new(routes(model));
        let run = here.run(dispatcher, Arc::new(letters), Arc::clone(&tally), stop);
        assert!(run.await.is_ok());
        tally.so_far()
    }

    async fn all(&self, model: &Model) -> Counts {
        self.run(model, std::future::pending()).await
    }
}

fn in_paused_time<T>(seed: u64, future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();

    fastrand::seed(seed);
    runtime.unwrap().block_on(future)
}

fn plan() -> impl Strategy<Value = Plan> {
    prop_oneof![
        4 => Just(Plan::Succeeds),
        2 => (1..100_u64).prop_map(Plan::Takes),
        1 => Just(Plan::Fails),
        1 => Just(Plan::AsksForLater),
        1 => Just(Plan::FailsForGood),
        1 => Just(Plan::CannotBeRead),
    ]
}

fn faults() -> impl Strategy<Value = Faults> {
    let share = || prop_oneof![2 => Just(0_u8), 1 => 1..25_u8];

    (share(), share(), share(), share()).prop_map(
        |(receives, deletions, lost_deletions, changes)| Faults {
            receives,
            deletions,
            lost_deletions,
            changes,
        },
    )
}

fn succeeds(plan: Plan) -> bool {
    matches!(plan, Plan::Succeeds | Plan::Takes(_))
}

/// What must be true after every run, however it ended: only what succeeded is gone, and the rest
/// can be received.
fn check(model: &Model, plans: &[Plan]) {
    let state = model.state();
    for (index, plan) in plans.iter().enumerate() {
        let is_gone = !state.letters.contains_key(&index);
        let has_succeeded = succeeds(*plan) && state.runs[index] > 0;
        assert!(!is_gone || has_succeeded, "{index}: {plan:?}");
    }
}

fn check_visible(model: &Model) {
    let now = Instant::now();
    let state = model.state();
    let mut letters = state.letters.values();
    assert!(letters.all(|letter| letter.visible_at <= now));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..<_>::default() })]

    #[test]
    fn what_succeeds_is_deleted_and_the_rest_stays_as_it_was(
        plans in vec(plan(), 0..60),
        seed: u64,
    ) {
        in_paused_time(seed, async {
            let model = Model::new(&plans, Faults::default(), false, seed);
            let counts = ALL.all(&model).await;
            check(&model, &plans);
            check_visible(&model);

            let state = model.state();
            let done = plans.iter().filter(|plan| succeeds(**plan)).count();
            assert_eq!(state.deleted.len(), done);
            // Nothing is tried twice, and nothing is received twice.
            assert!(state.runs.iter().all(|runs| *runs <= 1), "{:?}", state.runs);
            assert!(state.receives.iter().all(|count| *count == 1), "{:?}", state.receives);
            let unreadable = plans.iter().filter(|plan| **plan == Plan::CannotBeRead).count();
            assert_eq!((counts.handled, counts.unreadable), (done as u64, unreadable as u64));
            assert_eq!(counts.failed, (plans.len() - done - unreadable) as u64);
            assert_eq!(counts.left, 0);
        });
    }

    #[test]
    fn with_faults_nothing_is_lost_and_the_run_ends(
        plans in vec(plan(), 0..40),
        faults in faults(),
        is_fifo: bool,
        seed: u64,
    ) {
        in_paused_time(seed, async {
            let model = Model::new(&plans, faults, is_fifo, seed);
            let hours = Duration::from_secs(10 * 60 * 60);
            assert!(timeout(hours, ALL.all(&model)).await.is_ok(), "it does not end");
            check(&model, &plans);
        });
    }

    #[test]
    fn after_a_kill_a_second_run_does_the_rest(
        plans in vec(plan(), 1..40),
        after in 0..60_000_u64,
        is_fifo: bool,
        seed: u64,
    ) {
        in_paused_time(seed, async {
            let model = Model::new(&plans, Faults::default(), is_fifo, seed);
            let killed = model.of_another_process();
            drop(timeout(Duration::from_millis(after), ALL.all(&killed)).await);
            killed.is_killed.store(true, Ordering::SeqCst);
            check(&model, &plans);

            ALL.all(&model).await;
            check(&model, &plans);
            check_visible(&model);
            let left: Vec<_> = model.state().letters.keys().copied().collect();
            let stays = |index: &usize| match is_fifo {
                true => (index % 3..=*index).step_by(3).any(|ahead| !succeeds(plans[ahead])),
                false => !succeeds(plans[*index]),
            };
            assert_eq!(left, (0..plans.len()).filter(stays).collect::<Vec<_>>());
        });
    }

    #[test]
    fn after_a_stop_everything_is_visible_at_once(
        plans in vec(plan(), 1..40),
        after in 0..60_000_u64,
        is_fifo: bool,
        seed: u64,
    ) {
        in_paused_time(seed, async {
            let model = Model::new(&plans, Faults::default(), is_fifo, seed);
            let stopped = sleep(Duration::from_millis(after));
            ALL.run(&model, stopped).await;
            check(&model, &plans);
            check_visible(&model);
        });
    }

    #[test]
    fn a_group_stops_at_its_first_failure(plans in vec(plan(), 0..30), seed: u64) {
        in_paused_time(seed, async {
            let model = Model::new(&plans, Faults::default(), true, seed);
            ALL.all(&model).await;
            check(&model, &plans);
            check_visible(&model);

            let state = model.state();
            for group in 0..3 {
                let of_group = (group..plans.len()).step_by(3);
                let first = of_group.clone().find(|index| !succeeds(plans[*index]));
                for index in of_group {
                    let is_before = first.is_none_or(|first| index < first);
                    assert_eq!(is_before, state.deleted.contains(&index), "{index}");
                }
            }
        });
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_filter_leaves_out_stays_as_it_was() {
    let plans = [Plan::Succeeds; 40];
    let model = Model::new(&plans, Faults::default(), false, 0);
    let only = vec!["error=error 1"];
    let replay = Replay {
        only,
        ..Replay::default()
    };
    let counts = replay.all(&model).await;

    assert_eq!((counts.handled, counts.filtered, counts.left), (20, 20, 0));
    assert!(counts.is_success());
    assert!(model.state().deleted.iter().all(|index| index % 2 == 1));
    check_visible(&model);
}

#[tokio::test(start_paused = true)]
async fn a_limit_leaves_the_rest_untouched() {
    let plans = [Plan::Succeeds; 40];
    let model = Model::new(&plans, Faults::default(), false, 0);
    let replay = Replay {
        limit: Some(13),
        ..Replay::default()
    };
    let counts = replay.all(&model).await;

    assert_eq!(counts.handled, 13);
    let received: u32 = model.state().receives.iter().sum();
    assert_eq!((received, model.state().letters.len()), (13, 27));
}

#[tokio::test(start_paused = true)]
async fn an_empty_queue_ends_the_run_after_one_long_poll() {
    let model = Model::new(&[], Faults::default(), false, 0);
    let started = Instant::now();
    ALL.all(&model).await;

    assert!(started.elapsed() < Duration::from_secs(6));
}

/// Whoever names the queue of another program loses nothing.
#[tokio::test(start_paused = true)]
async fn what_no_route_takes_stays_as_it_was() {
    let mut plans = vec![Plan::Succeeds; 20];
    plans[7] = Plan::Fails;
    plans[8] = Plan::CannotBeRead;
    let model = Model::new(&plans, Faults::default(), false, 0);
    let routes = vec![Route::new(EventPattern::ANY).with_prefix("fails/")];
    let replay = Replay {
        routes,
        ..Replay::default()
    };
    let counts = replay.all(&model).await;

    let expected = (0, 1, 1, 18);
    let found = (
        counts.handled,
        counts.failed,
        counts.unreadable,
        counts.left,
    );
    assert_eq!(found, expected);
    assert_eq!(model.state().letters.len(), 20);
    check_visible(&model);
}
