//! Queues, with the rules of SQS.

pub(crate) mod message;
pub(crate) mod stored;
pub(crate) mod deduplication;
pub(crate) mod queue;
pub(crate) mod snapshot;
