//! Decides which records may run at the same time, which must wait for each other, and which are
//! kept apart because they may end the process.

mod step;
mod lanes;
mod returned;
mod shared_keys;

use std::ops::Range;

use s3_dispatch_core::delivery::Delivery;

use crate::dispatch::settings::Malformed;

pub(super) use returned::{Separation, Unit};
pub(super) use shared_keys::SharedKeys;
pub(super) use step::{Step, Work};

/// The records of a batch, divided into lanes.
///
/// Lanes are independent of each other. Within a lane, one step runs after another. A lane is a
/// bucket and key on standard queues, and a message group on FIFO queues. The lanes whose messages
/// have been received most often come first.
///
/// Most lanes run side by side. Those of messages that came back without an answer may be kept
/// apart: they run one by one afterwards, or some of them are left out.
pub(crate) struct Schedule {
    steps: Vec<Step>,
    lanes: Vec<Range<usize>>,
    /// How many lanes, from the first on, run side by side.
    side_by_side: usize,
    /// The lanes that run one by one afterwards.
    one_by_one: Vec<Unit>,
    /// The messages that are left for another receive.
    left_out: Vec<usize>,
    /// Keys that occur in several lanes of a FIFO queue.
    shared_keys: SharedKeys,
    /// The queue is FIFO, so a lane must stop at its first failure.
    pub(crate) is_fifo: bool,
}

impl Schedule {
    pub(crate) fn new(
        delivery: &Delivery,
        on_malformed: Malformed,
        separation: Separation<'_>,
    ) -> Self {
        let messages = delivery.messages();
        let is_fifo = messages.iter().any(|message| message.context.is_fifo());

        let mut steps = if is_fifo {
            lanes::group_steps(delivery, on_malformed)
        } else {
            lanes::key_steps(delivery)
        };
        steps.put_most_received_first(delivery);
        let shared_keys = if is_fifo {
            SharedKeys::new(delivery, &steps)
        } else {
            SharedKeys::default()
        };

        let separated = returned::separate(&mut steps, delivery, separation);

        Self {
            steps: steps.steps,
            lanes: steps.lanes,
            side_by_side: separated.side_by_side,
            one_by_one: separated.one_by_one,
            left_out: separated.left_out,
            shared_keys,
            is_fifo,
        }
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns the number of lanes that run side by side. They are the first ones.
    pub(crate) fn side_by_side(&self) -> usize {
        self.side_by_side
    }

    /// Returns what runs one by one after all other lanes.
    pub(crate) fn one_by_one(&self) -> &[Unit] {
        &self.one_by_one
    }

    /// Returns the messages that are left for another receive.
    pub(crate) fn left_out(&self) -> &[usize] {
        &self.left_out
    }

    /// Returns whether messages came back without an answer and are kept apart.
    pub(crate) fn is_separated(&self) -> bool {
        !self.one_by_one.is_empty() || !self.left_out.is_empty()
    }

    pub(crate) fn shared_keys(&self) -> &SharedKeys {
        &self.shared_keys
    }

    pub(crate) fn lane(&self, index: usize) -> Option<&[Step]> {
        self.lanes
            .get(index)
            .map(|range| &self.steps[range.clone()])
    }
}
