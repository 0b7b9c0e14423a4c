//! One run: processes that are polled one at a time, as the search says.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use s3_dispatch::{HistoryEntry, MessageContext, Outcome};

use crate::gate::{Gate, Place};
use crate::handler::{EFFECT, Handler};
use crate::plan::{End, Plan, TICK};
use crate::search::{self, Action, Actor, Move, Search};
use crate::store::Gated;

type Routing = Pin<Box<dyn Future<Output = Outcome>>>;

struct Process {
    state: State,
    woken: Arc<Woken>,
}

enum State {
    NotStarted,
    Running(Routing),
    /// It has succeeded, and its message is deleted.
    Done,
    /// It has failed or died, and its message comes again.
    Failed,
}

#[derive(Default)]
struct Woken {
    is_woken: AtomicBool,
    scheduler: Arc<AtomicWaker>,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.is_woken.store(true, Ordering::SeqCst);
        self.scheduler.wake();
    }
}

struct World<'p> {
    plan: &'p Plan,
    gate: Arc<Gate>,
    store: Gated,
    handler: Handler,
    processes: Vec<Process>,
    scheduler: Arc<AtomicWaker>,
    faults: usize,
    waits: usize,
}

/// Runs a plan once. Returns `None` if the run commutes with an earlier one.
pub(crate) async fn run(plan: &Plan, search: &mut Search) -> Option<End> {
    let mut world = World::new(plan);

    loop {
        world.poll_woken();
        let chosen = match search.repeat() {
            Some(known) => known,
            None => {
                let moves = world.moves();
                if moves.is_empty() {
                    break;
                }

                search.choose(|| world.state(), moves)?
            }
        };

        if chosen.action == Action::Settle {
            break;
        }

        world.make(&chosen).await;
    }

    world.settle(search).await
}

impl<'p> World<'p> {
    fn new(plan: &'p Plan) -> Self {
        let (gate, scheduler) = (Arc::<Gate>::default(), Arc::<AtomicWaker>::default());
        let process = |_| Process {
            state: State::NotStarted,
            woken: Arc::new(Woken {
                is_woken: AtomicBool::new(false),
                scheduler: Arc::clone(&scheduler),
            }),
        };

        Self {
            plan,
            store: Gated::new(Arc::clone(&gate), plan.store, plan.ahead),
            handler: Handler {
                gate: Arc::clone(&gate),
                effects: Arc::default(),
            },
            processes: (0..plan.sequencers.len()).map(process).collect(),
            gate,
            scheduler,
            faults: 0,
            waits: 0,
        }
    }

    /// A routing of the record of a process, by an instance of its own.
    fn routing(&self, process: usize) -> Routing {
        let router = (self.plan.router)(self.handler.clone(), self.store.clone());
        let record = self.plan.record(process);

        Box::pin(async move { router.route(&record, &MessageContext::new()).await })
    }

    /// Polls the processes that were woken, until each waits for something.
    fn poll_woken(&mut self) {
        for index in 0..self.processes.len() {
            let process = &mut self.processes[index];
            while process.woken.is_woken.swap(false, Ordering::SeqCst) {
                let State::Running(routing) = &mut process.state else {
                    continue;
                };

                // The pauses of `Exclusive` vary, but in each run in the same way.
                fastrand::seed(index as u64);
                self.gate.enter(index);
                let waker = Waker::from(Arc::clone(&process.woken));
                if let Poll::Ready(outcome) =
                    routing.as_mut().poll(&mut Context::from_waker(&waker))
                {
                    let is_done = outcome.is_success();
                    process.state = if is_done { State::Done } else { State::Failed };
                }
            }
        }
    }

    /// Everything that the rest of the run depends on.
    fn state(&self) -> search::State {
        let mut hasher = DefaultHasher::new();
        let processes = self.processes.iter().enumerate();
        let processes = processes.map(|(index, process)| match process.state {
            State::NotStarted => "not started".to_owned(),
            State::Running(_) => self.gate.describe(index),
            State::Done => "done".to_owned(),
            State::Failed => "failed".to_owned(),
        });

        processes.collect::<Vec<_>>().hash(&mut hasher);
        self.gate.describe_late().hash(&mut hasher);
        self.store
            .notes
            .lock()
            .unwrap()
            .describe()
            .hash(&mut hasher);
        format!("{:?}", self.handler.effects.lock().unwrap()).hash(&mut hasher);
        (self.faults, self.waits).hash(&mut hasher);

        hasher.finish()
    }

    fn moves(&self) -> Vec<Move> {
        let mut moves = Vec::new();
        let is_running = |process: &Process| matches!(process.state, State::Running(_));
        let is_alone = !self.processes.iter().any(is_running);
        let has_faults = self.faults < self.plan.faults;
        let waiting = self.gate.waiting();

        for (index, process) in self.processes.iter().enumerate() {
            let actor = Actor::Process(index);
            match process.state {
                State::NotStarted if is_alone || !self.plan.one_at_a_time => {
                    moves.push(one(actor, Action::Start));
                }
                State::Running(_) if has_faults => {
                    moves.push(one(actor, Action::Crash));
                }
                _ => {}
            }
        }

        for place in &waiting {
            moves.extend(self.moves_of(place, has_faults));
        }

        if self.plan.clocks_are_wrong && has_faults {
            let leases = 0..self.store.notes.lock().unwrap().claimed();
            moves.extend(leases.map(|lease| one(Actor::World, Action::ExpireEarly(lease))));
        }

        let is_step = |one: &Move| {
            let is_of_process = matches!(one.actor, Actor::Process(_));
            is_of_process && matches!(one.action, Action::Start | Action::Do(..))
        };
        let may_happen = moves.iter().any(is_step);
        let is_slow = |place: &Place| !place.is_call || place.is_late || place.what == "renew";
        let may_wait = self.waits < self.plan.waits
            && (!self.plan.only_handlers_are_slow || waiting.iter().all(is_slow));
        if !is_alone && (!may_happen || may_wait) {
            moves.push(one(Actor::World, Action::Wait));
        }

        // Only late requests and clocks are left.
        let is_over = |process: &Process| matches!(process.state, State::Done | State::Failed);
        if self.processes.iter().all(is_over) {
            if !waiting.is_empty() {
                moves.retain(|one| matches!(one.actor, Actor::Late(..)));
                moves.push(one(Actor::World, Action::Settle));
            } else {
                moves.clear();
            }
        }

        moves
    }

    fn moves_of(&self, place: &Place, has_faults: bool) -> Vec<Move> {
        let (what, number) = (place.what, place.number);
        if place.is_late {
            return vec![one(Actor::Late(place.process), Action::Do(what, number))];
        }

        let actor = Actor::Process(place.process);
        let mut moves = vec![one(actor, Action::Do(what, number))];
        if has_faults && place.is_call {
            moves.push(one(actor, Action::Lose(what, number)));
        }

        if has_faults && what == EFFECT {
            moves.push(one(actor, Action::Fail));
            moves.push(one(actor, Action::CrashAfterEffect));
        }

        moves
    }

    async fn make(&mut self, chosen: &Move) {
        match (chosen.actor, chosen.action) {
            (Actor::Process(process), Action::Start) => {
                self.gate.enter(process);
                self.processes[process].state = State::Running(self.routing(process));
                self.processes[process]
                    .woken
                    .is_woken
                    .store(true, Ordering::SeqCst);
            }
            (Actor::Process(process) | Actor::Late(process), Action::Do(_, number)) => {
                self.gate.act((process, number));
            }
            (Actor::Process(process), Action::Lose(_, number)) => {
                self.faults += 1;
                self.gate.fail((process, number));
            }
            (Actor::Process(process), Action::Fail) => {
                self.faults += 1;
                self.gate.fail(self.effect_of(process));
            }
            (Actor::Process(process), action) => {
                self.faults += 1;
                if action == Action::CrashAfterEffect {
                    self.gate.act(self.effect_of(process));
                }
                self.processes[process].state = State::Failed;
            }
            (_, Action::Wait) => self.wait().await,
            (_, Action::ExpireEarly(lease)) => {
                self.faults += 1;
                self.store.expire(lease);
            }
            (actor, action) => panic!("{actor:?} cannot {action:?}"),
        }
    }

    fn effect_of(&self, process: usize) -> (usize, usize) {
        let waiting = self.gate.waiting();
        let is_it = |place: &&Place| place.process == process && place.what == EFFECT;

        (process, waiting.iter().find(is_it).unwrap().number)
    }

    /// Lets time pass until a timer of a process rings.
    async fn wait(&mut self) {
        let moves_on = self.gate.waiting().iter().any(|place| !place.is_late);
        self.waits += usize::from(moves_on);

        let (processes, scheduler) = (&self.processes, &self.scheduler);
        let woken = std::future::poll_fn(|context| {
            scheduler.register(context.waker());
            let is_woken = |process: &Process| process.woken.is_woken.load(Ordering::SeqCst);
            if processes.iter().any(is_woken) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        });

        drop(tokio::time::timeout(TICK, woken).await);
    }

    /// What an audit would find of each record.
    async fn history(&self) -> Vec<HistoryEntry> {
        let router = (self.plan.router)(self.handler.clone(), self.store.clone());
        let records = (0..self.processes.len()).map(|process| self.plan.record(process));
        let records: Vec<_> = records.collect();

        match router.history() {
            Some(history) => history.look_up(&records).await.unwrap(),
            None => Vec::new(),
        }
    }

    /// Delivers again what has failed, in any order, when all leases have expired and nothing goes
    /// wrong any more.
    async fn settle(self, search: &mut Search) -> Option<End> {
        self.gate.open();
        let mut end = End {
            faults: self.faults,
            waits: self.waits,
            ..End::default()
        };

        let is_failed = |index: &usize| matches!(self.processes[*index].state, State::Failed);
        let mut failed: Vec<usize> = (0..self.processes.len()).filter(is_failed).collect();

        while !failed.is_empty() {
            let again = |index: &usize| one(Actor::World, Action::Redeliver(*index));
            let moves = failed.iter().map(again).collect();
            let state = || {
                let mut hasher = DefaultHasher::new();
                (self.state(), &failed, end.is_stuck).hash(&mut hasher);
                hasher.finish()
            };
            let chosen = search.choose(state, moves)?;
            let Action::Redeliver(process) = chosen.action else {
                unreachable!("only redeliveries are offered")
            };

            tokio::time::advance(Duration::from_secs(60 * 60)).await;
            end.is_stuck |= !self.routing(process).await.is_success();
            failed.retain(|index| *index != process);
        }

        end.completed_twice = self.store.notes.lock().unwrap().completed_twice();
        end.history = self.history().await;
        let effects: &Mutex<_> = &self.handler.effects;
        let effects = std::mem::take(&mut *effects.lock().unwrap());
        end.overlapped = effects.overlapped;
        end.effects = effects.sequencers;

        Some(end)
    }
}

fn one(actor: Actor, action: Action) -> Move {
    Move { actor, action }
}
