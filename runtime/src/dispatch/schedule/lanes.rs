//! Divides the records of a batch into lanes, within which they must wait for each other.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::Range;

use foldhash::quality::RandomState;
use s3_dispatch_core::S3EventRecord;
use s3_dispatch_core::delivery::{Content, Delivery};

use crate::dispatch::schedule::step::{Step, Work};
use crate::dispatch::settings::Malformed;

/// Steps sorted by lane, with the lanes in the order of their first step.
pub(super) struct Steps {
    pub(super) steps: Vec<Step>,
    pub(super) lanes: Vec<Range<usize>>,
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

    /// Puts the lanes into this order, given by their numbers.
    pub(super) fn sort_lanes(&mut self, order: &[usize]) {
        self.lanes = order.iter().map(|lane| self.lanes[*lane].clone()).collect();
    }

    /// Sorts the lanes by how often one of their messages has been received. What is not reached in
    /// time after its last receive is lost to the dead-letter queue.
    pub(super) fn put_most_received_first(&mut self, delivery: &Delivery) {
        let messages = delivery.messages();
        let received = |index: usize| messages[index].context.receive_count().unwrap_or(0);

        // Most batches are received for the first time.
        if (1..messages.len()).all(|index| received(index) == received(0)) {
            return;
        }

        let Self { steps, lanes } = self;
        lanes.sort_by_cached_key(|lane| {
            let counts = steps[lane.clone()]
                .iter()
                .map(|step| received(step.message));
            Reverse(counts.max())
        });
    }
}

/// Makes a lane of each bucket and key.
pub(super) fn key_steps(delivery: &Delivery) -> Steps {
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
pub(super) fn group_steps(delivery: &Delivery, on_malformed: Malformed) -> Steps {
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
