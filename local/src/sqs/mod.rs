//! Queues with the rules of SQS.
//!
//! Visibility timeouts, dead-letter queues, message groups and deduplication decide when a message
//! arrives again, so they are modelled here exactly. The pipeline sends into the queues, and event
//! source mappings receive from them.

mod attributes;
mod changes;
mod deduplication;
pub(crate) mod endpoint;
mod message;
mod order;
mod queue;
mod receipt;
mod receiving;
mod snapshot;
pub(crate) mod stored;

pub use self::attributes::{AttributeValue, MessageAttribute};
pub(crate) use self::attributes::{MessageAttributes, md5_of_attributes};
pub(crate) use self::deduplication::SeenId;
pub(crate) use self::message::{Accepted, sequence_number};
pub use self::message::{
    Deletion, Message, Receive, Received, Redriven, SendRefusal, Sent, VisibilityRefusal,
};
pub use self::queue::Queue;
pub use self::receipt::Receipt;
pub use self::snapshot::{QueueSnapshot, QueuedMessage, Visibility};
