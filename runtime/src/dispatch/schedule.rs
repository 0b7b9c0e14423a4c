//! Which records may run side by side, and which must wait for each other.

use std::collections::HashMap;
use std::ops::Range;

use foldhash::quality::RandomState;
use s3_dispatch_core::{Content, Delivery, Message, S3EventRecord};

use crate::Malformed;

/// The records of a batch in lanes. Lanes are independent; within a lane one step follows the
/// other.
///
/// A lane is a bucket and key on standard queues, a message group on FIFO queues.
pub(crate) struct Schedule {
    steps: Vec<Step>,
    lanes: Vec<Range<usize>>,
    /// The queue is FIFO: nothing of a group may succeed after its first failure.
    pub(crate) is_fifo: bool,
}

#[derive(Clone, Copy)]
pub(crate) struct Step {
    /// The message's place in the delivery.
    pub(crate) message: usize,
    pub(crate) work: Work,
}

#[derive(Clone, Copy)]
pub(crate) enum Work {
    /// Answer the record at this place in the delivery.
    Record(usize),
    /// Fail: the message could not be read.
    Fail,
    /// Nothing, but the message must wait for its turn.
    Pass,
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

/// Steps sorted by lane; lanes in the order of their first step.
struct Steps {
    steps: Vec<Step>,
    lanes: Vec<Range<usize>>,
}

impl Steps {
    /// Sorts by lane and keeps the order within each.
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

fn key_steps(delivery: &Delivery) -> Steps {
    let records = delivery.records();
    let mut lane_of = HashMap::with_capacity_and_hasher(records.len(), RandomState::default());
    let mut numbered = Vec::with_capacity(records.len());

    for (message, range) in readable(delivery) {
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
                    work: Work::Record(record),
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

/// Puts the steps whose sequencers can be trusted into their order, at the places they take up; the
/// others stay as they arrived.
fn sort_by_sequencer(lane: &mut [Step], records: &[S3EventRecord]) {
    let sequencer = |step: &Step| match step.work {
        Work::Record(record) => records[record].reliable_sequencer(),
        Work::Fail | Work::Pass => None,
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

fn group_steps(delivery: &Delivery, on_malformed: Malformed) -> Steps {
    let mut lane_of = HashMap::new();
    let mut numbered = Vec::with_capacity(delivery.records().len());

    for (
        message,
        Message {
            context, content, ..
        },
    ) in delivery.messages().iter().enumerate()
    {
        let next = lane_of.len();
        let lane = *lane_of.entry(context.group_id()).or_insert(next);

        match content {
            Ok(Content::Records(range)) if !range.is_empty() => {
                numbered.extend(range.clone().map(|record| {
                    (
                        lane,
                        Step {
                            message,
                            work: Work::Record(record),
                        },
                    )
                }));
            }
            Err(_) if on_malformed == Malformed::Fail => numbered.push((
                lane,
                Step {
                    message,
                    work: Work::Fail,
                },
            )),
            _ => numbered.push((
                lane,
                Step {
                    message,
                    work: Work::Pass,
                },
            )),
        }
    }

    Steps::by_lane(numbered)
}

fn readable(delivery: &Delivery) -> impl Iterator<Item = (usize, Range<usize>)> {
    delivery
        .messages()
        .iter()
        .enumerate()
        .filter_map(|(index, message)| match &message.content {
            Ok(Content::Records(range)) => Some((index, range.clone())),
            _ => None,
        })
}
