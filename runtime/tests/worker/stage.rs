//! What everybody in a trial shares: the queue's messages, the journal, and the dice.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::fleet::{Faults, Fleet};
use crate::journal::{Journal, Moment};

/// Where a trial takes place.
#[derive(Clone)]
pub(crate) struct Stage(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) fleet: Fleet,
    state: Mutex<State>,
    /// Messages may be visible that were not.
    pub(crate) changed: Notify,
    /// All trouble is over.
    pub(crate) healed: watch::Sender<bool>,
    begin: Instant,
}

pub(crate) struct State {
    pub(crate) journal: Journal,
    pub(crate) messages: Vec<QueueMessage>,
    random: fastrand::Rng,
    now: Duration,
}

/// A message at the queue.
#[derive(Debug, Clone)]
pub(crate) struct QueueMessage {
    pub(crate) visible_at: Duration,
    /// The receipt of its last receive.
    pub(crate) receipt: Option<usize>,
    pub(crate) count: u32,
    pub(crate) gone: Option<Gone>,
    pub(crate) gone_at: Option<Moment>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gone {
    Deleted,
    DeadLetter,
}

impl Stage {
    pub(crate) fn new(fleet: &Fleet) -> Self {
        let mut random = fastrand::Rng::with_seed(fleet.seed);
        let mut arrivals: Vec<_> = (0..fleet.world.messages.len())
            .map(|_| fleet.spread.mul_f64(random.f64()))
            .collect();
        arrivals.sort();
        let messages = arrivals.into_iter().map(|visible_at| QueueMessage {
            visible_at,
            receipt: None,
            count: 0,
            gone: None,
            gone_at: None,
        });

        Self(Arc::new(Shared {
            state: Mutex::new(State {
                journal: Journal::default(),
                messages: messages.collect(),
                random,
                now: Duration::ZERO,
            }),
            fleet: fleet.clone(),
            changed: Notify::new(),
            healed: watch::Sender::new(false),
            begin: Instant::now(),
        }))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.now = self.begin.elapsed();

        state
    }

    pub(crate) fn is_healed(&self) -> bool {
        *self.healed.borrow()
    }

    /// The faults that occur now.
    pub(crate) fn faults(&self) -> Faults {
        if self.is_healed() {
            return Faults::default();
        }

        self.fleet.faults
    }

    /// When a time of the journal is.
    pub(crate) fn instant(&self, at: Duration) -> Instant {
        self.begin + at
    }

    /// Whether a queue that gives each message out once gives no more: every message was given
    /// out, or is behind one of its group that was, and stays for good. Notes when that was first.
    pub(crate) fn has_given_all(&self) -> bool {
        let mut state = self.state();
        let is_over = |index: usize| {
            state.messages[index].count > 0
                || self.is_held_up(&state, index, |message| message.visible_at <= state.now)
        };
        let has_given_all = (0..state.messages.len()).all(is_over);

        if has_given_all && state.journal.given_all.is_none() {
            state.journal.given_all = Some(state.moment());
        }
        has_given_all
    }

    /// Whether a message is behind one of its group on a FIFO queue that was given out, is still
    /// there, and fits.
    pub(crate) fn is_held_up(
        &self,
        state: &State,
        index: usize,
        fits: impl Fn(&QueueMessage) -> bool,
    ) -> bool {
        let world = &self.fleet.world;
        let group = |index: usize| world.messages[index].group;
        let holds_up = |ahead: usize| {
            let message = &state.messages[ahead];
            let is_there = message.count > 0 && message.gone.is_none();
            group(ahead) == group(index) && is_there && fits(message)
        };

        world.is_fifo && (0..index).any(holds_up)
    }

    /// Whether every message was deleted, or is in the dead-letter queue.
    pub(crate) fn is_empty(&self) -> bool {
        let state = self.state();
        state.messages.iter().all(|message| message.gone.is_some())
    }
}

impl std::ops::Deref for Stage {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl State {
    pub(crate) fn now(&self) -> Duration {
        self.now
    }

    pub(crate) fn moment(&mut self) -> Moment {
        self.journal.moments += 1;
        Moment {
            number: self.journal.moments,
            at: self.now,
        }
    }

    /// Notes that a message left the queue.
    pub(crate) fn remove(&mut self, index: usize, gone: Gone) {
        let moment = self.moment();
        let message = &mut self.messages[index];
        message.gone = Some(gone);
        message.gone_at = Some(moment);
    }

    /// Whether something happens that happens in this many of a hundred cases.
    pub(crate) fn happens(&mut self, percent: u8) -> bool {
        percent > 0 && self.random.u8(0..100) < percent
    }

    /// A share, from 0 to 1.
    pub(crate) fn share(&mut self) -> f64 {
        self.random.f64()
    }

    pub(crate) fn shuffle<T>(&mut self, slice: &mut [T]) {
        self.random.shuffle(slice);
    }
}
