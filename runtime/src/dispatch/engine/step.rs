//! The units of work that wait in lanes.

/// The number of a lane, while it exists.
pub(crate) type LaneId = usize;

/// One unit of work in a lane.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    /// The number of the admission that brought the message, while that exists.
    pub(crate) admission: usize,
    /// The index of the message in its delivery.
    pub(crate) message: usize,
    pub(crate) work: Work,
    /// Stands for the bucket and key of the record. Two keys may have the same number: then they
    /// take turns too, which does no harm.
    pub(crate) key: u64,
    /// How many admissions came before that of the message.
    pub(crate) since: u64,
    /// The step is kept apart from others, and comes in this order among its like.
    pub(crate) apart: Option<u64>,
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
