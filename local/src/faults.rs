//! What goes wrong on purpose.

/// Where on its way a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hop {
    /// From the bucket to the topic.
    Publish,
    /// From the topic to a queue.
    Deliver,
    /// From the queue to the event source mapping.
    Receive,
    /// From the mapping to the function and back.
    Invoke,
    /// From the mapping back to the queue.
    Delete,
}

/// What can go wrong there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// It is sent twice.
    Duplicate,
    /// It comes late.
    Delay,
    /// It comes after what was sent later.
    Reorder,
    /// It arrives, but the sender does not hear so, and sends it again.
    DropResponse,
    /// The function is killed in the middle of a batch.
    Kill,
    /// The function runs out of time.
    TimeOut,
    /// The function may not be invoked now.
    Throttle,
    /// A received message becomes visible again before its time.
    ExpireVisibility,
    /// What was handled cannot be deleted.
    RefuseDelete,
}
