//! What one invocation brings: messages, their envelopes, and the notifications inside.
//!
//! These types are data. The reading makes them from a payload, and the dispatcher works through
//! them message by message.

mod context;
mod envelope;
mod messages;
mod notification;

pub use context::{
    InvocationId, MessageContext, MessageGroupId, MessageId, QueueArn, ReceiptHandle, TraceHeader,
};
pub use envelope::{Envelope, Envelopes};
pub use messages::{Content, Delivery, Message};
pub use notification::{Notification, ServiceName, TestEvent};
