//! The units of work that a schedule consists of.

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
