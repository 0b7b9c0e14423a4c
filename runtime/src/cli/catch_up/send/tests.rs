//! Sending to a model of a queue that fails in every way.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use proptest::collection::vec;
use proptest::prelude::*;
use s3_dispatch_core::MessageContext;
use s3_dispatch_testing::{NotificationBuilder, RecordBuilder};
use tokio::time::{Instant, sleep};

use super::outgoing::{MOST_BYTES, MOST_MESSAGES, Outgoing};
use super::target::Target;
use super::{Stopped, send};
use crate::cli::catch_up::source::{Item, Settled, Source, SourceError};
use crate::cli::catch_up::tally::Tally;
use crate::queue::QueueError;

/// A message of a test: its group, its size, and what is wrong with it.
#[derive(Debug, Clone, Copy)]
struct Planned {
    group: u8,
    bytes: usize,
    flaw: Flaw,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    /// Its entry is refused.
    Entry,
    /// The whole call is refused.
    Call,
}

/// In percent of the calls or entries.
#[derive(Debug, Clone, Copy, Default)]
struct Faults {
    throttled: u8,
    lost_answers: u8,
    hangs: u8,
    fails_entries: u8,
    short_answers: u8,
}

struct Model {
    is_fifo: bool,
    faults: Faults,
    plan: Vec<Planned>,
    state: Mutex<State>,
}

struct State {
    random: fastrand::Rng,
    /// The numbers of the messages that arrived, in order.
    arrived: Vec<u64>,
    /// The numbers that a FIFO queue has seen.
    seen: HashSet<u64>,
    calls: Vec<Instant>,
    running: usize,
    most_running: usize,
    is_gone: bool,
}

impl Model {
    fn new(is_fifo: bool, faults: Faults, plan: Vec<Planned>, seed: u64) -> Self {
        Self {
            is_fifo,
            faults,
            plan,
            state: Mutex::new(State {
                random: fastrand::Rng::with_seed(seed),
                arrived: Vec::new(),
                seen: HashSet::new(),
                calls: Vec::new(),
                running: 0,
                most_running: 0,
                is_gone: false,
            }),
        }
    }

    fn flaw(&self, message: &Outgoing) -> Flaw {
        self.plan[message.number as usize].flaw
    }

    fn accept(&self, state: &mut State, number: u64) {
        if !self.is_fifo || state.seen.insert(number) {
            state.arrived.push(number);
        }
    }
}

impl State {
    fn happens(&mut self, percent: u8) -> bool {
        percent > 0 && self.random.u8(0..100) < percent
    }
}

#[async_trait]
impl Target for Model {
    fn is_fifo(&self) -> bool {
        self.is_fifo
    }

    async fn send(
        &self,
        messages: &[&Outgoing],
    ) -> Result<Vec<Result<(), QueueError>>, QueueError> {
        let bytes: usize = messages.iter().map(|message| message.bytes()).sum();
        assert!((1..=MOST_MESSAGES).contains(&messages.len()));
        assert!(bytes <= MOST_BYTES, "{bytes}");

        let (is_throttled, hangs, is_lost, is_short) = {
            let mut state = self.state.lock().unwrap();
            state.calls.push(Instant::now());
            state.running += 1;
            state.most_running = state.most_running.max(state.running);
            (
                state.happens(self.faults.throttled),
                state.happens(self.faults.hangs),
                state.happens(self.faults.lost_answers),
                state.happens(self.faults.short_answers),
            )
        };
        let _running = Running(self);
        sleep(Duration::from_millis(10)).await;
        if self.state.lock().unwrap().is_gone {
            return Err(QueueError::unusable("there is no such queue"));
        }
        if is_throttled {
            return Err(QueueError::failed("too many requests"));
        }
        if messages.iter().any(|one| self.flaw(one) == Flaw::Call) {
            return Err(QueueError::refused("an attribute has no type"));
        }

        let mut results = Vec::new();
        for message in messages {
            let mut state = self.state.lock().unwrap();
            results.push(if self.flaw(message) == Flaw::Entry {
                Err(QueueError::refused("a character is not allowed"))
            } else if state.happens(self.faults.fails_entries) {
                Err(QueueError::failed("an internal failure"))
            } else {
                self.accept(&mut state, message.number);
                Ok(())
            });
        }

        if hangs {
            std::future::pending::<()>().await;
        }
        if is_lost {
            return Err(QueueError::failed("the connection was reset"));
        }
        if is_short {
            results.pop();
        }
        Ok(results)
    }
}

struct Running<'m>(&'m Model);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.state.lock().unwrap().running -= 1;
    }
}

/// Gives out the planned messages, and notes what became of them.
struct Plan {
    plan: Vec<Planned>,
    given: Mutex<usize>,
    settled: Mutex<BTreeMap<u64, Vec<Settled>>>,
    /// After this many messages it fails.
    fails_after: Option<usize>,
    is_stopped: Mutex<bool>,
}

impl Plan {
    fn new(plan: &[Planned]) -> Self {
        Self {
            plan: plan.to_vec(),
            given: Mutex::new(0),
            settled: Mutex::default(),
            fails_after: None,
            is_stopped: Mutex::new(false),
        }
    }

    fn numbers(&self, wanted: Settled) -> BTreeSet<u64> {
        let settled = self.settled.lock().unwrap();
        let numbers = settled.iter().filter(|(_, all)| all.contains(&wanted));

        numbers.map(|(number, _)| *number).collect()
    }
}

#[async_trait]
impl Source for Plan {
    async fn next(&self, most: usize) -> Result<Vec<Item>, SourceError> {
        sleep(Duration::from_millis(1)).await;
        let mut given = self.given.lock().unwrap();
        if *self.is_stopped.lock().unwrap() {
            return Ok(Vec::new());
        }
        if self.fails_after.is_some_and(|after| *given >= after) {
            return Err("the listing broke off".into());
        }

        let first = *given;
        *given = (first + most.min(7)).min(self.plan.len());
        let items = (first..*given).map(|index| {
            let planned = self.plan[index];
            let context = MessageContext::new()
                .with_message_id(format!("m-{index}"))
                .with_group_id(format!("group {}", planned.group));
            Item::new(index as u64, context, "x".repeat(planned.bytes))
        });

        Ok(items.collect())
    }

    fn settled(&self, number: u64, settled: Settled) {
        let mut all = self.settled.lock().unwrap();
        all.entry(number).or_default().push(settled);
    }

    fn stop(&self) {
        *self.is_stopped.lock().unwrap() = true;
    }
}

fn in_paused_time<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();

    runtime.unwrap().block_on(future)
}

fn plain(messages: usize) -> Vec<Planned> {
    let planned = |index: usize| Planned {
        group: (index % 5) as u8,
        bytes: 100,
        flaw: Flaw::None,
    };

    (0..messages).map(planned).collect()
}

fn planned() -> impl Strategy<Value = Planned> {
    let bytes = prop_oneof![
        8 => 1..2_000_usize,
        1 => Just(0),
        1 => 200_000..400_000_usize,
        1 => Just(MOST_BYTES),
        1 => Just(MOST_BYTES + 1),
    ];
    let flaw = prop_oneof![
        20 => Just(Flaw::None),
        1 => Just(Flaw::Entry),
        1 => Just(Flaw::Call),
    ];

    (0..4_u8, bytes, flaw).prop_map(|(group, bytes, flaw)| Planned { group, bytes, flaw })
}

fn faults() -> impl Strategy<Value = Faults> {
    let share = || prop_oneof![2 => Just(0_u8), 1 => 1..30_u8];

    (share(), share(), share(), share(), share()).prop_map(
        |(throttled, lost_answers, hangs, fails_entries, short_answers)| Faults {
            throttled,
            lost_answers,
            hangs,
            fails_entries,
            short_answers,
        },
    )
}

/// Whether a queue would ever take a message.
fn can_arrive(planned: Planned) -> bool {
    planned.flaw == Flaw::None && (1..=MOST_BYTES).contains(&planned.bytes)
}

/// What must be true of every run, however it ended.
fn check(model: &Model, source: &Plan, tally: &Tally) {
    let settled = source.settled.lock().unwrap().clone();
    let given = *source.given.lock().unwrap();
    assert_eq!(settled.len(), given, "{settled:?}");
    assert!(settled.values().all(|all| all.len() == 1), "{settled:?}");

    let state = model.state.lock().unwrap();
    let arrived: BTreeSet<_> = state.arrived.iter().copied().collect();
    let done = source.numbers(Settled::Done);
    assert!(done.is_subset(&arrived), "{done:?} {arrived:?}");
    let count = |wanted| source.numbers(wanted).len() as u64;
    let counts = tally.so_far();
    assert_eq!(
        (counts.sent, counts.failed, counts.left),
        (
            count(Settled::Done),
            count(Settled::Failed),
            count(Settled::Left)
        )
    );

    if model.is_fifo {
        assert_eq!(arrived.len(), state.arrived.len(), "{:?}", state.arrived);
        for group in 0..5 {
            let of_group = |number: &&u64| model.plan[**number as usize].group == group;
            let order: Vec<_> = state.arrived.iter().filter(of_group).collect();
            assert!(order.is_sorted(), "{order:?}");
        }
    }
}

async fn run(model: &Model, source: &Plan) -> (Result<(), Stopped>, Tally) {
    let tally = Tally::default();
    let sent = send(source, model, &tally, std::future::pending()).await;

    (sent, tally)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..<_>::default() })]

    #[test]
    fn every_message_is_settled_once_and_what_is_done_has_arrived(
        plan in vec(planned(), 0..60),
        faults in faults(),
        is_fifo: bool,
        seed: u64,
    ) {
        in_paused_time(async {
            let model = Model::new(is_fifo, faults, plan.clone(), seed);
            let source = Plan::new(&plan);
            let (sent, tally) = run(&model, &source).await;
            assert!(sent.is_ok(), "{sent:?}");
            assert_eq!(*source.given.lock().unwrap(), plan.len());
            check(&model, &source, &tally);

            let done = source.numbers(Settled::Done);
            assert!(done.iter().all(|number| can_arrive(plan[*number as usize])));
        });
    }

    #[test]
    fn without_faults_everything_arrives_that_can(
        plan in vec(planned(), 0..80),
        seed: u64,
    ) {
        in_paused_time(async {
            let model = Model::new(false, Faults::default(), plan.clone(), seed);
            let source = Plan::new(&plan);
            let (_, tally) = run(&model, &source).await;
            check(&model, &source, &tally);

            let expected = (0..plan.len()).filter(|index| can_arrive(plan[*index]));
            let expected: BTreeSet<_> = expected.map(|index| index as u64).collect();
            assert_eq!(source.numbers(Settled::Done), expected);
        });
    }

    #[test]
    fn a_stop_at_any_moment_loses_nothing(
        plan in vec(planned(), 1..120),
        faults in faults(),
        is_fifo: bool,
        after in 0..4_000_u64,
        seed: u64,
    ) {
        in_paused_time(async {
            let model = Model::new(is_fifo, faults, plan.clone(), seed);
            let source = Plan::new(&plan);
            let tally = Tally::default();
            let stop = sleep(Duration::from_millis(after));
            assert!(send(&source, &model, &tally, stop).await.is_ok());
            check(&model, &source, &tally);
        });
    }
}

#[tokio::test(start_paused = true)]
async fn calls_are_full_and_several_run_at_once() {
    let model = Model::new(false, Faults::default(), plain(1_000), 0);
    let source = Plan::new(&model.plan);
    let (_, tally) = run(&model, &source).await;

    assert_eq!(tally.so_far().sent, 1_000);
    let state = model.state.lock().unwrap();
    assert!(state.most_running > 4, "{}", state.most_running);
    assert!(state.calls.len() <= 105, "{}", state.calls.len());
}

/// Each waits at least half of its pause, and the pauses grow.
#[tokio::test(start_paused = true)]
async fn a_queue_that_throttles_is_asked_less_and_less_often() {
    let faults = Faults {
        throttled: 100,
        ..Faults::default()
    };
    let model = Model::new(false, faults, plain(3), 0);
    let source = Plan::new(&model.plan);
    let (sent, tally) = run(&model, &source).await;
    assert!(sent.is_ok());
    assert_eq!(tally.so_far().failed, 3);

    let calls = model.state.lock().unwrap().calls.clone();
    assert_eq!(calls.len(), 8);
    for (index, pair) in calls.windows(2).enumerate() {
        let least = Duration::from_millis(100 << index).min(Duration::from_secs(5));
        assert!(pair[1] - pair[0] >= least, "{index}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_cannot_be_used_ends_the_run_and_leaves_the_rest() {
    let model = Model::new(false, Faults::default(), plain(500), 0);
    let source = Plan::new(&model.plan);
    let gone = async {
        sleep(Duration::from_millis(40)).await;
        model.state.lock().unwrap().is_gone = true;
    };

    let ((sent, tally), ()) = futures_util::future::join(run(&model, &source), gone).await;
    assert!(matches!(sent, Err(Stopped::Queue(error)) if error.is_unusable()));
    check(&model, &source, &tally);
    let counts = tally.so_far();
    assert!(
        counts.sent > 0 && counts.left > 0 && counts.failed == 0,
        "{counts}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_source_that_breaks_off_ends_the_run_after_what_it_gave() {
    let model = Model::new(false, Faults::default(), plain(500), 0);
    let source = Plan {
        fails_after: Some(42),
        ..Plan::new(&model.plan)
    };
    let (sent, tally) = run(&model, &source).await;

    assert!(matches!(sent, Err(Stopped::Source(_))));
    assert_eq!(tally.so_far().sent, 42);
    check(&model, &source, &tally);
}

/// What waits behind a refused message of its group does not overtake it.
#[tokio::test(start_paused = true)]
async fn on_a_fifo_queue_a_refusal_fails_the_rest_of_its_group() {
    let mut plan = plain(50);
    plan[12].flaw = Flaw::Entry;
    let model = Model::new(true, Faults::default(), plan, 0);
    let source = Plan::new(&model.plan);
    let (_, tally) = run(&model, &source).await;
    check(&model, &source, &tally);

    let failed = source.numbers(Settled::Failed);
    let expected = (12..50).step_by(5).map(|number| number as u64);
    assert_eq!(failed, expected.collect());
}

#[track_caller]
fn check_group(own: Option<&str>, is_fifo: bool, expected: Option<&str>) {
    let record = RecordBuilder::new("ObjectCreated:Put").with_bucket("holiday");
    let record = record.with_key("my photo.jpg");
    let body = NotificationBuilder::new().with_record(record).to_json();
    let mut context = MessageContext::new().with_message_id("m-1");
    if let Some(group) = own {
        context = context.with_group_id(group);
    }

    let outgoing = Outgoing::new(Item::new(0, context, body), is_fifo).unwrap();
    assert_eq!(outgoing.group.as_deref(), expected);
}

#[test]
fn a_message_for_a_fifo_queue_has_the_group_of_its_object_unless_it_has_one() {
    check_group(None, true, Some("holiday/my photo.jpg"));
    check_group(Some("tenant-7"), true, Some("tenant-7"));
    check_group(Some("tenant-7"), false, Some("tenant-7"));
    check_group(None, false, None);
}
