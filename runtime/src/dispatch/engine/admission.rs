//! Divides a delivery into steps, and says to which lane each belongs.

use std::hash::BuildHasher;
use std::ops::Range;

use foldhash::quality::RandomState;
use s3_dispatch_core::S3EventRecord;
use s3_dispatch_core::delivery::{Content, Delivery, Message};

use crate::dispatch::engine::step::{Step, Work};
use crate::dispatch::settings::Malformed;

/// A step, and where it belongs.
pub(super) struct Assigned {
    /// The number of its lane.
    pub(super) lane: u64,
    /// How often its message has been received.
    pub(super) received: u32,
    pub(super) step: Step,
}

/// How a delivery is divided.
pub(super) struct Division<'d> {
    pub(super) delivery: &'d Delivery,
    pub(super) admission: usize,
    pub(super) since: u64,
    /// The lanes are message groups, not keys.
    pub(super) is_fifo: bool,
    pub(super) on_malformed: Malformed,
    /// Makes numbers of keys and groups.
    pub(super) numbers: &'d RandomState,
}

impl Division<'_> {
    /// Calls `add` with each step, in the order of the delivery. `apart` says which messages are
    /// kept apart.
    pub(super) fn divide(
        &self,
        apart: impl Fn(usize) -> Option<u64>,
        mut add: impl FnMut(Assigned),
    ) {
        for (index, message) in self.delivery.messages().iter().enumerate() {
            let received = message.context.receive_count().unwrap_or(0);
            let apart = apart(index);
            let group = || self.numbers.hash_one(message.context.group_id());
            let group = self.is_fifo.then(group);

            let step = |work, key| Step {
                admission: self.admission,
                message: index,
                work,
                key,
                since: self.since,
                apart,
            };
            let records = records_of(message);

            if let (Some(lane), true) = (group, records.is_empty()) {
                let work = match message.content {
                    Err(_) if self.on_malformed == Malformed::Fail => Work::Fail,
                    _ => Work::Wait,
                };
                let step = step(work, 0);
                add(Assigned {
                    lane,
                    received,
                    step,
                });
            }

            for record in records {
                let S3EventRecord { bucket, object, .. } = &self.delivery.records()[record];
                let key = (bucket.name.as_str(), object.key.as_str());
                let key = self.numbers.hash_one(key);

                let lane = group.unwrap_or(key);
                let step = step(Work::Route(record), key);
                add(Assigned {
                    lane,
                    received,
                    step,
                });
            }
        }
    }
}

/// Returns where the records of a message are in its delivery.
fn records_of(message: &Message) -> Range<usize> {
    match &message.content {
        Ok(Content::Records(range)) => range.clone(),
        _ => 0..0,
    }
}

/// Sorts the steps that have a reliable sequencer, within the positions that these steps hold. The
/// other steps keep their positions.
pub(super) fn sort_by_sequencer<'d>(
    lane: &mut [Step],
    record_of: impl Fn(&Step) -> Option<&'d S3EventRecord>,
) {
    let sequencer = |step: &Step| record_of(step)?.reliable_sequencer();
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
