//! The engine as drivers and runners share it.

use std::ops::Deref;
use std::sync::{Mutex, MutexGuard, PoisonError};

use foldhash::quality::RandomState;
use s3_dispatch_core::Outcome;
use s3_dispatch_core::delivery::Delivery;
use tokio::sync::Notify;

use crate::dispatch::engine::admission::Division;
use crate::dispatch::engine::outcomes::Outcomes;
#[cfg(feature = "worker")]
use crate::dispatch::engine::state::Held;
use crate::dispatch::engine::state::{Begun, Queue, State};
use crate::dispatch::engine::step::{LaneId, Step};
use crate::dispatch::settings::{FailedKey, Malformed};

/// Holds messages until they are settled, and decides which of their steps may run.
///
/// `D` is a handle of a delivery, such as a reference.
pub(crate) struct Engine<D> {
    state: Mutex<State<D>>,
    /// A lane may run now that nobody may know of.
    resumed: Notify,
    numbers: RandomState,
}

impl<D: Deref<Target = Delivery> + Clone> Engine<D> {
    /// An engine for one delivery, which runs until it ends or is dropped.
    pub(crate) fn for_one_batch() -> Self {
        Self::new(false)
    }

    /// An engine whose messages can be taken away, and which tells when they end.
    #[cfg(feature = "worker")]
    pub(crate) fn continuous() -> Self {
        Self::new(true)
    }

    fn new(is_continuous: bool) -> Self {
        Self {
            state: Mutex::new(State::new(is_continuous)),
            resumed: Notify::new(),
            numbers: RandomState::default(),
        }
    }

    /// Puts the records of a delivery into lanes. `apart` says which messages are kept apart, and
    /// in which order.
    ///
    /// Returns the number of the admission, and the lanes that did not exist before, those whose
    /// messages have been received most often first. They run as soon as they are
    /// [offered](Self::offer).
    pub(crate) fn admit(
        &self,
        delivery: D,
        on_malformed: Malformed,
        apart: impl Fn(usize) -> Option<u64>,
    ) -> (usize, Vec<LaneId>) {
        let mut state = self.state();
        let (admission, since) = state.add_delivery(delivery.clone());

        let mut messages = delivery.messages().iter();
        let division = Division {
            is_fifo: messages.any(|message| message.context.is_fifo()),
            delivery: &delivery,
            admission,
            since,
            on_malformed,
            numbers: &self.numbers,
        };
        let lanes = state.add_steps(&division, apart);

        (admission, lanes)
    }

    /// Lets lanes run that do not run yet, in this order.
    pub(crate) fn offer(&self, lanes: Vec<LaneId>) {
        self.state().offer(lanes);
    }

    /// Keeps the steps that wait in these lanes apart, and lets them run in this order.
    pub(crate) fn set_apart(&self, lanes: &[LaneId], order: u64) {
        let mut state = self.state();
        for lane in lanes {
            state.lanes.change(*lane, |steps| {
                steps.iter_mut().for_each(|step| step.apart = Some(order));
            });
        }
    }

    /// Calls a function with each step that waits in a lane.
    pub(crate) fn each_step(&self, lane: LaneId, mut function: impl FnMut(&Step)) {
        self.state().lanes.steps(lane).for_each(&mut function);
    }

    /// Returns how many lanes may run now.
    pub(crate) fn ready(&self, queue: Queue) -> usize {
        self.state().ready(queue)
    }

    /// Returns whether any of these lanes has a step that waits or runs.
    pub(crate) fn has_any(&self, lanes: &[LaneId]) -> bool {
        let state = self.state();
        lanes.iter().any(|lane| state.lanes.contains(*lane))
    }

    /// Waits until a lane may run that nobody may know of, such as one that waited for its key.
    pub(crate) async fn resumed(&self) {
        self.resumed.notified().await;
    }

    /// Takes a lane to run. Whoever takes it gives it to [`next`](Self::next).
    #[cfg(feature = "worker")]
    pub(crate) fn take(&self, queue: Queue) -> Option<LaneId> {
        self.state().take(queue)
    }

    /// Begins a step: the next one of the lane that ran last, or of another one from this queue.
    ///
    /// It gives the lane back that ran last if that one is empty, waits for a key, or makes room
    /// for another. `None` if no lane may run.
    pub(crate) fn next(
        &self,
        lane: Option<LaneId>,
        queue: Option<Queue>,
        failed_key: FailedKey,
    ) -> Option<Begun<D>> {
        self.change(|state| state.next(lane, queue, failed_key))
    }

    /// Gives a step its outcome. Returns whether it was the last step of its message, no record of
    /// the message needs a retry, and the message is still ours.
    pub(crate) fn finish(&self, step: &Step, outcome: Option<Outcome>) -> bool {
        self.with_outcomes(step.admission, |outcomes| outcomes.finish(step, outcome))
    }

    /// Ends a step that began. If its lane may not continue after it, the steps that wait in the
    /// lane are held back, always on a FIFO queue, and as chosen on a standard queue.
    pub(crate) fn end(&self, lane: LaneId, step: &Step, may_continue: bool, choice: FailedKey) {
        self.change(|state| state.end(lane, step, may_continue, choice));
    }

    /// Gives a step its outcome, and ends it.
    pub(crate) fn finish_and_end(
        &self,
        lane: LaneId,
        step: &Step,
        outcome: Option<Outcome>,
        choice: FailedKey,
    ) {
        let may_continue = !matches!(outcome, Some(Outcome::Failed(_)));

        self.change(|state| {
            state.outcomes(step.admission).finish(step, outcome);
            state.end(lane, step, may_continue, choice);
        });
    }

    /// Calls a function with the outcomes of an admission.
    pub(crate) fn with_outcomes<T>(
        &self,
        admission: usize,
        function: impl FnOnce(&mut Outcomes) -> T,
    ) -> T {
        function(self.state().outcomes(admission))
    }

    /// The outcomes of the only admission.
    pub(crate) fn into_outcomes(self) -> Outcomes {
        let state = self.state.into_inner();
        let mut state = state.unwrap_or_else(PoisonError::into_inner);

        state.admissions.remove(0).outcomes
    }

    fn change<T>(&self, change: impl FnOnce(&mut State<D>) -> T) -> T {
        let mut state = self.state();
        let changed = change(&mut state);
        let has_resumed = std::mem::take(&mut state.has_resumed);
        drop(state);

        if has_resumed {
            self.resumed.notify_one();
        }

        changed
    }

    fn state(&self) -> MutexGuard<'_, State<D>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a driver needs whose messages come and go.
#[cfg(feature = "worker")]
impl<D: Deref<Target = Delivery> + Clone> Engine<D> {
    /// Takes a message away: what runs of it is dropped, and no other step of it begins.
    pub(crate) fn withdraw(&self, held: Held) {
        self.state().withdraw(held);
    }

    /// Takes away every message of which no step has begun, and returns them.
    pub(crate) fn withdraw_waiting(&self) -> Vec<(Held, D)> {
        let mut state = self.state();
        let mut withdrawn = Vec::new();

        for (admission, admitted) in &mut state.admissions {
            let outcomes = &mut admitted.outcomes;
            for message in 0..admitted.delivery.messages().len() {
                if outcomes.withdraw_if_waiting(message) {
                    let held = Held { admission, message };
                    withdrawn.push((held, admitted.delivery.clone()));
                }
            }
        }

        withdrawn
    }

    /// Takes out the messages that have ended: none of their steps waits or runs.
    pub(crate) fn take_ended(&self) -> Vec<Held> {
        std::mem::take(&mut self.state().ended)
    }

    /// Settles a message that has ended. Calls a function with its delivery and outcomes, and
    /// returns both if it was the last message of its admission, which is forgotten then.
    pub(crate) fn settle<T>(
        &self,
        held: Held,
        function: impl FnOnce(&D, &Outcomes) -> T,
    ) -> (T, Option<(D, Outcomes)>) {
        let mut state = self.state();
        let admitted = &mut state.admissions[held.admission];
        let result = function(&admitted.delivery, &admitted.outcomes);

        admitted.unsettled -= 1;
        if admitted.unsettled > 0 {
            return (result, None);
        }

        let admitted = state.admissions.remove(held.admission);
        (result, Some((admitted.delivery, admitted.outcomes)))
    }

    /// Returns whether no message is held.
    pub(crate) fn is_empty(&self) -> bool {
        self.state().admissions.is_empty()
    }
}
