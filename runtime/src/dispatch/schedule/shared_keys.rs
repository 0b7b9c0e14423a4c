//! The keys that occur in several lanes of a FIFO queue.

use std::collections::HashMap;

use foldhash::quality::RandomState;
use s3_dispatch_core::delivery::Delivery;

use crate::dispatch::schedule::lanes::Steps;
use crate::dispatch::schedule::step::Work;

/// The records whose bucket and key occur in several lanes, numbered by key.
///
/// Lanes are message groups there, and a publisher may put events of one object into several
/// groups. Their records must not run side by side.
#[derive(Default)]
pub(crate) struct SharedKeys {
    key_of: HashMap<usize, usize, RandomState>,
    keys: usize,
}

impl SharedKeys {
    pub(super) fn new(delivery: &Delivery, steps: &Steps) -> Self {
        if steps.lanes.len() < 2 {
            return Self::default();
        }

        let mut records_of = HashMap::<_, Vec<(usize, usize)>, RandomState>::default();
        for (lane, range) in steps.lanes.iter().enumerate() {
            for step in &steps.steps[range.clone()] {
                if let Work::Route(index) = step.work {
                    let record = &delivery.records()[index];
                    let key = (record.bucket.name.as_str(), record.object.key.as_str());
                    records_of.entry(key).or_default().push((lane, index));
                }
            }
        }

        let mut shared = Self::default();
        for records in records_of.into_values() {
            if records.iter().all(|(lane, _)| *lane == records[0].0) {
                continue;
            }

            let key = shared.keys;
            shared.keys += 1;
            shared
                .key_of
                .extend(records.into_iter().map(|(_, record)| (record, key)));
        }

        shared
    }

    /// Returns the number of keys.
    pub(crate) fn len(&self) -> usize {
        self.keys
    }

    /// Returns the number of a record's key, or `None` if no other lane has that key.
    pub(crate) fn of_record(&self, record: usize) -> Option<usize> {
        if self.keys == 0 {
            return None;
        }

        self.key_of.get(&record).copied()
    }
}
