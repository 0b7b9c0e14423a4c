//! Decides which records may run at the same time, and which must wait for each other.

use std::collections::HashMap;
use std::ops::Range;

use foldhash::quality::RandomState;
use s3_dispatch_core::S3EventRecord;
use s3_dispatch_core::delivery::{Content, Delivery};

use crate::dispatch::settings::Malformed;

/// The records of a batch, divided into lanes.
///
/// Lanes are independent of each other. Within a lane, one step runs after another. A lane is a
/// bucket and key on standard queues, and a message group on FIFO queues.
pub(crate) struct Schedule {
    steps: Vec<Step>,
    lanes: Vec<Range<usize>>,
    /// The queue is FIFO, so a lane must stop at its first failure.
    pub(crate) is_fifo: bool,
}

/// One unit of work in a lane.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    /// The index of the message in the delivery.
    pub(crate) message: usize,
    pub(crate) work: Work,
}

/// What a step does.
#[derive(Clone, Copy)]
pub(crate) enum Work {
    /// Routes the record with this index in the delivery.
    Route(usize),
    /// Fails, because the message cannot be read.
    Fail,
    /// Does nothing. The message has no records, but must wait for its turn in the group.
    Wait,
}

impl Schedule {
    pub(crate) fn new(delivery: &Delivery, on_malformed: Malformed) -> Self {
        let is_fifo = delivery
            .messages()
            .iter()
            .any(|message| message.context.is_fifo());
        let steps = if is_fifo {
            group_steps(delivery, on_malformed)
        } else {
            key_steps(delivery)
        };

        Self {
            lanes: steps.lanes,
            steps: steps.steps,
            is_fifo,
        }
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    pub(crate) fn lanes(&self) -> usize {
        self.lanes.len()
    }

    pub(crate) fn lane(&self, index: usize) -> Option<&[Step]> {
        self.lanes
            .get(index)
            .map(|range| &self.steps[range.clone()])
    }
}

/// Steps sorted by lane, with the lanes in the order of their first step.
struct Steps {
    steps: Vec<Step>,
    lanes: Vec<Range<usize>>,
}

impl Steps {
    /// Sorts steps by the number of their lane, and keeps the order within each lane.
    fn by_lane(mut numbered: Vec<(usize, Step)>) -> Self {
        numbered.sort_by_key(|(lane, _)| *lane);
        let mut lanes: Vec<Range<usize>> = Vec::new();

        for (index, (lane, _)) in numbered.iter().enumerate() {
            match lanes.last_mut() {
                Some(last) if numbered[last.start].0 == *lane => last.end = index + 1,
                _ => lanes.push(index..index + 1),
            }
        }

        Self {
            steps: numbered.into_iter().map(|(_, step)| step).collect(),
            lanes,
        }
    }
}

/// Makes a lane of each bucket and key.
fn key_steps(delivery: &Delivery) -> Steps {
    let records = delivery.records();
    let mut lane_of = HashMap::with_capacity_and_hasher(records.len(), RandomState::default());
    let mut numbered = Vec::with_capacity(records.len());

    for (message, range) in with_records(delivery) {
        for record in range {
            let S3EventRecord { bucket, object, .. } = &records[record];
            let next = lane_of.len();
            let lane = *lane_of
                .entry((bucket.name.as_str(), object.key.as_str()))
                .or_insert(next);

            numbered.push((
                lane,
                Step {
                    message,
                    work: Work::Route(record),
                },
            ));
        }
    }

    let mut steps = Steps::by_lane(numbered);
    for lane in steps.lanes.iter().filter(|lane| lane.len() > 1) {
        sort_by_sequencer(&mut steps.steps[lane.clone()], records);
    }

    steps
}

/// Sorts the steps that have a reliable sequencer, within the positions that these steps hold. The
/// other steps keep their positions.
fn sort_by_sequencer(lane: &mut [Step], records: &[S3EventRecord]) {
    let sequencer = |step: &Step| match step.work {
        Work::Route(record) => records[record].reliable_sequencer(),
        Work::Fail | Work::Wait => None,
    };
    let places: Vec<usize> = (0..lane.len())
        .filter(|index| sequencer(&lane[*index]).is_some())
        .collect();
    let mut sorted: Vec<Step> = places.iter().map(|index| lane[*index]).collect();

    sorted.sort_by(|left, right| {
        let order = sequencer(left)
            .zip(sequencer(right))
            .and_then(|(left, right)| left.compare(right));
        order.unwrap_or(std::cmp::Ordering::Equal)
    });

    for (place, step) in places.into_iter().zip(sorted) {
        lane[place] = step;
    }
}

/// Makes a lane of each message group.
fn group_steps(delivery: &Delivery, on_malformed: Malformed) -> Steps {
    let mut lane_of = HashMap::new();
    let mut numbered = Vec::with_capacity(delivery.records().len());

    for (index, message) in delivery.messages().iter().enumerate() {
        let next = lane_of.len();
        let lane = *lane_of.entry(message.context.group_id()).or_insert(next);
        let step = |work| {
            let message = index;
            (lane, Step { message, work })
        };

        match &message.content {
            Ok(Content::Records(range)) if !range.is_empty() => {
                numbered.extend(range.clone().map(Work::Route).map(step));
            }
            Err(_) if on_malformed == Malformed::Fail => numbered.push(step(Work::Fail)),
            _ => numbered.push(step(Work::Wait)),
        }
    }

    Steps::by_lane(numbered)
}

/// Returns the messages that have records, with the range of those records.
fn with_records(delivery: &Delivery) -> impl Iterator<Item = (usize, Range<usize>)> {
    delivery
        .messages()
        .iter()
        .enumerate()
        .filter_map(|(index, message)| match &message.content {
            Ok(Content::Records(range)) => Some((index, range.clone())),
            _ => None,
        })
}
