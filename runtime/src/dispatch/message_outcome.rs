//! Whether a message succeeded, or why it failed.

/// Whether a message succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageOutcome {
    /// Each record was handled, skipped or stored by the dead-letter sink, or the message has no
    /// records. SQS deletes the message.
    Succeeded,
    /// The message stays in the queue and is delivered again.
    Failed(MessageFailure),
}

/// Why a message failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MessageFailure {
    /// Its body could not be read. It will fail again.
    Malformed,
    /// One of its records failed.
    RecordFailed,
    /// One of its records has no outcome: the deadline came, or an earlier message of its FIFO
    /// group or an earlier record of its key failed.
    NotReached,
    /// It came back without an answer, together with others, and only some of them were run; see
    /// [`Returned`](crate::dispatch::Returned).
    LeftOut,
}
