//! What one invocation brings: messages, their envelopes, and the notifications inside.
//!
//! These types are data. The reading makes them from a payload, and the dispatcher works through
//! them message by message.

pub(crate) mod context;
mod envelope;
mod messages;
mod batch_job;
pub(crate) mod backfilled_event;
pub(crate) mod notification;

pub use backfilled_event::BackfilledEvent;
pub use batch_job::{BatchInvocationId, BatchJob, BatchJobId, SchemaVersion};
pub use context::{
    InvocationId, MessageGroupId, MessageId, QueueArn, ReceiptHandle, TraceHeader, TraceParent,
};
pub use envelope::{Envelope, Envelopes};
pub(crate) use messages::Opened;
pub use messages::{Content, Delivery, Message};
pub use notification::{DetailType, OtherMessage, ServiceName, TestEvent, TopicArn};
