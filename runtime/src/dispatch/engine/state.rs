//! Which messages are held, which of their steps may run, and what came of them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Deref;

use futures_util::future::{AbortHandle, AbortRegistration};
use s3_dispatch_core::delivery::Delivery;
use slab::Slab;

use crate::dispatch::engine::admission::{Assigned, Division, sort_by_sequencer};
use crate::dispatch::engine::key_turns::KeyTurns;
use crate::dispatch::engine::lanes::Lanes;
use crate::dispatch::engine::outcomes::Outcomes;
use crate::dispatch::engine::step::{LaneId, Step, Work};
use crate::dispatch::settings::FailedKey;

/// The messages that were admitted and are not settled, with everything that is known about them.
pub(super) struct State<D> {
    pub(super) lanes: Lanes,
    turns: KeyTurns,
    /// The lanes that may run side by side, oldest first.
    side_by_side: VecDeque<LaneId>,
    /// The lanes that may run apart from others, in their order.
    apart: BTreeMap<(u64, u64), LaneId>,
    pub(super) admissions: Slab<Admitted<D>>,
    /// How many deliveries have been admitted.
    admitted: u64,
    /// How many lanes were put among those that run apart.
    put_apart: u64,
    /// The messages of which no step waits or runs, until somebody takes them.
    pub(super) ended: Vec<Held>,
    /// A lane may run now that nobody may know of.
    pub(super) has_resumed: bool,
    is_continuous: bool,
}

/// The lanes that may run now.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Queue {
    /// Those that run side by side.
    SideBySide,
    /// Those that are kept apart.
    Apart,
}

/// A message that an engine holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    /// The number of its admission.
    pub(crate) admission: usize,
    /// Its index in its delivery.
    pub(crate) message: usize,
}

/// A step that begins.
pub(crate) struct Begun<D> {
    pub(crate) lane: LaneId,
    pub(crate) step: Step,
    pub(crate) delivery: D,
    /// `None` if its message cannot be taken away.
    pub(crate) registration: Option<AbortRegistration>,
}

/// A delivery of which not all messages are settled.
pub(super) struct Admitted<D> {
    pub(super) delivery: D,
    pub(super) outcomes: Outcomes,
    #[cfg(feature = "worker")]
    pub(super) unsettled: usize,
    running: Vec<Running>,
}

/// A step that runs and can be stopped.
#[cfg_attr(
    not(feature = "worker"),
    expect(dead_code, reason = "only a worker stops steps")
)]
struct Running {
    message: usize,
    lane: LaneId,
    handle: AbortHandle,
}

impl<D: Deref<Target = Delivery> + Clone> State<D> {
    /// If it is continuous, messages can be taken away, and those that have ended are noted.
    pub(super) fn new(is_continuous: bool) -> Self {
        Self {
            lanes: Lanes::default(),
            turns: KeyTurns::default(),
            side_by_side: VecDeque::new(),
            apart: BTreeMap::new(),
            admissions: Slab::new(),
            admitted: 0,
            put_apart: 0,
            ended: Vec::new(),
            has_resumed: false,
            is_continuous,
        }
    }

    /// Adds a delivery without its steps. Returns its number, and how many came before it.
    pub(super) fn add_delivery(&mut self, delivery: D) -> (usize, u64) {
        let before = self.admitted;
        self.admitted += 1;

        let admission = self.admissions.insert(Admitted {
            outcomes: Outcomes::new(&delivery),
            #[cfg(feature = "worker")]
            unsettled: delivery.messages().len(),
            running: Vec::new(),
            delivery,
        });

        (admission, before)
    }

    /// Puts the steps of a delivery into lanes. Returns the lanes that did not exist before, those
    /// whose messages have been received most often first.
    pub(super) fn add_steps(
        &mut self,
        division: &Division<'_>,
        apart: impl Fn(usize) -> Option<u64>,
    ) -> Vec<LaneId> {
        let is_fifo = division.is_fifo;
        let records = division.delivery.records().len();
        let mut new = Vec::with_capacity(records);
        let mut unsorted = Vec::new();
        self.lanes.reserve(records);

        division.divide(apart, |assigned| {
            let Assigned {
                lane,
                received,
                step,
            } = assigned;
            self.outcomes(step.admission).add_step(step.message);
            if is_fifo {
                self.turns.add(&step);
            }

            let (lane, is_new) = self.lanes.add(lane, step, received);
            if is_new {
                new.push(lane);
            } else if !is_fifo {
                unsorted.push(lane);
            }
        });

        unsorted.sort_unstable();
        unsorted.dedup();
        for lane in unsorted {
            self.sort_by_sequencer(lane);
        }

        if self.is_continuous {
            self.note_without_steps(division);
        }
        self.put_most_received_first(division.delivery, &mut new);

        new
    }

    fn sort_by_sequencer(&mut self, lane: LaneId) {
        let admissions = &self.admissions;
        let record_of = |step: &Step| match step.work {
            Work::Route(record) => Some(&admissions[step.admission].delivery.records()[record]),
            Work::Fail | Work::Wait => None,
        };

        self.lanes
            .change(lane, |steps| sort_by_sequencer(steps, record_of));
    }

    /// Notes the messages for which there is nothing to do.
    fn note_without_steps(&mut self, division: &Division<'_>) {
        let admission = division.admission;
        let outcomes = &self.admissions[admission].outcomes;
        let messages = 0..division.delivery.messages().len();
        let ended = messages.filter(|message| outcomes.has_ended(*message));

        self.ended
            .extend(ended.map(|message| Held { admission, message }));
    }

    /// Sorts new lanes by how often one of their messages has been received. What is not reached in
    /// time after its last receive is lost to the dead-letter queue.
    fn put_most_received_first(&self, delivery: &Delivery, lanes: &mut [LaneId]) {
        let messages = delivery.messages();
        let received = |index: usize| messages[index].context.receive_count().unwrap_or(0);

        // Most deliveries are received for the first time.
        if (1..messages.len()).all(|index| received(index) == received(0)) {
            return;
        }

        lanes.sort_by_key(|lane| Reverse(self.lanes.received(*lane)));
    }

    /// Lets lanes run that nobody runs.
    pub(super) fn offer(&mut self, lanes: Vec<LaneId>) {
        let are_alike = lanes.iter().all(|lane| {
            let first = self.lanes.first(*lane);
            first.is_some_and(|first| first.apart.is_none())
        });

        if are_alike && self.side_by_side.is_empty() {
            self.side_by_side = lanes.into();
        } else {
            lanes.into_iter().for_each(|lane| self.enqueue(lane));
        }
    }

    /// Lets a lane run that nobody runs.
    fn enqueue(&mut self, lane: LaneId) {
        let Some(first) = self.lanes.first(lane) else {
            return;
        };

        match first.apart {
            None => self.side_by_side.push_back(lane),
            Some(order) => {
                self.put_apart += 1;
                self.apart.insert((order, self.put_apart), lane);
            }
        }
    }

    /// Returns how many lanes may run now.
    pub(super) fn ready(&self, queue: Queue) -> usize {
        match queue {
            Queue::SideBySide => self.side_by_side.len(),
            Queue::Apart => self.apart.len(),
        }
    }

    pub(super) fn take(&mut self, queue: Queue) -> Option<LaneId> {
        let lane = match queue {
            Queue::SideBySide => self.side_by_side.pop_front()?,
            Queue::Apart => self.apart.pop_first()?.1,
        };
        self.lanes.begin_turn(lane);

        Some(lane)
    }

    /// Begins the next step of this lane, or of one that is taken from this queue.
    pub(super) fn next(
        &mut self,
        lane: Option<LaneId>,
        queue: Option<Queue>,
        failed_key: FailedKey,
    ) -> Option<Begun<D>> {
        let mut lane = match lane {
            Some(lane) => lane,
            None => self.take(queue?)?,
        };

        loop {
            let begun = self.begin(lane, failed_key);
            if begun.is_some() {
                return begun;
            }

            lane = self.take(queue?)?;
        }
    }

    /// Begins the next step of a lane that was taken. `None` gives the lane back: it is empty, or
    /// waits for a key, or it is another lane's turn.
    fn begin(&mut self, lane: LaneId, failed_key: FailedKey) -> Option<Begun<D>> {
        loop {
            let Some(step) = self.lanes.first(lane).copied() else {
                self.lanes.remove(lane, self.is_continuous);
                return None;
            };

            if self.outcomes(step.admission).is_withdrawn(step.message) {
                self.skip_withdrawn(lane);
            } else if self.is_anothers_turn(lane, &step) {
                self.enqueue(lane);
                self.has_resumed |= step.apart.is_some();
                return None;
            } else if failed_key == FailedKey::HoldBack && self.turns.follows_a_failure(&step) {
                self.hold_back(lane);
            } else if self.turns.begin(&step, lane) {
                self.lanes.begin_first(lane);
                return Some(self.begun(lane, step));
            } else {
                return None;
            }
        }
    }

    /// Returns whether a lane that has run a step makes room for others: for one whose next message
    /// came before its own, or because its next step is kept apart and the last was not.
    fn is_anothers_turn(&self, lane: LaneId, step: &Step) -> bool {
        let Some(last) = self.lanes.last_apart(lane) else {
            return false;
        };
        let next = self.side_by_side.front();
        let next = next.and_then(|lane| self.lanes.first(*lane));

        step.apart != last
            || step.apart.is_none() && next.is_some_and(|next| next.since < step.since)
    }

    fn begun(&mut self, lane: LaneId, step: Step) -> Begun<D> {
        let is_continuous = self.is_continuous;
        let admitted = &mut self.admissions[step.admission];
        admitted.outcomes.begin(step.message);

        let registration = is_continuous.then(|| {
            let (handle, registration) = AbortHandle::new_pair();
            let message = step.message;
            admitted.running.push(Running {
                message,
                lane,
                handle,
            });
            registration
        });

        Begun {
            lane,
            step,
            delivery: admitted.delivery.clone(),
            registration,
        }
    }

    pub(super) fn end(&mut self, lane: LaneId, step: &Step, may_continue: bool, choice: FailedKey) {
        let admitted = &mut self.admissions[step.admission];
        admitted.running.retain(|running| running.lane != lane);

        let next = self.turns.end(step);
        self.resume(next);

        if !may_continue {
            self.turns.note_failure(step, self.admitted);
            if self.turns.are_needed() || choice == FailedKey::HoldBack {
                self.hold_back(lane);
            }
        }

        self.close(step);
    }

    /// Holds back every step that waits in a lane, because one before them failed.
    fn hold_back(&mut self, lane: LaneId) {
        while let Some(step) = self.lanes.first(lane).copied() {
            self.outcomes(step.admission).hold_back(step.message);
            self.drop_first(lane);
        }
    }

    /// Passes over a message that was taken away before it began. What waits behind it in its group
    /// must not run before it comes again.
    fn skip_withdrawn(&mut self, lane: LaneId) {
        if self.turns.are_needed() {
            self.hold_back(lane);
        } else {
            self.drop_first(lane);
        }
    }

    /// Drops the next step of a lane, without an outcome.
    fn drop_first(&mut self, lane: LaneId) {
        if let Some(step) = self.lanes.remove_first(lane) {
            let next = self.turns.remove(&step);
            self.resume(next);
            self.close(&step);
        }
    }

    /// Lets a lane run that has waited for a key.
    fn resume(&mut self, lane: Option<LaneId>) {
        if let Some(lane) = lane {
            self.enqueue(lane);
            self.has_resumed = true;
        }
    }

    /// Notes that a step neither waits nor runs anymore.
    fn close(&mut self, step: &Step) {
        let is_last = self.outcomes(step.admission).close_step(step.message);

        if is_last && self.is_continuous {
            self.ended.push(Held {
                admission: step.admission,
                message: step.message,
            });
        }
    }

    pub(super) fn outcomes(&mut self, admission: usize) -> &mut Outcomes {
        &mut self.admissions[admission].outcomes
    }

    /// Stops what runs of a message, and lets no other step of it begin.
    #[cfg(feature = "worker")]
    pub(super) fn withdraw(&mut self, held: Held) {
        let Some(admitted) = self.admissions.get_mut(held.admission) else {
            return;
        };

        admitted.outcomes.withdraw(held.message);
        let running = admitted.running.iter();
        running
            .filter(|running| running.message == held.message)
            .for_each(|running| running.handle.abort());
    }
}
