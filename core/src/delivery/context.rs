//! What is known of the message that a record came in.

use std::time::Instant;

use crate::text::{Text, text_newtypes};

/// The delivery of a record: its message and the invocation that brought it.
///
/// A handler asks for it with an argument `&MessageContext`. Whatever a delivery does not have is
/// `None`: an S3 event that came straight to Lambda has no message id, a run in a terminal no
/// deadline.
#[derive(Debug, Clone, Default)]
pub struct MessageContext {
    pub(crate) message_id: Option<MessageId>,
    pub(crate) receipt_handle: Option<ReceiptHandle>,
    pub(crate) receive_count: Option<u32>,
    pub(crate) group_id: Option<MessageGroupId>,
    pub(crate) queue_arn: Option<QueueArn>,
    pub(crate) trace_header: Option<TraceHeader>,
    pub(crate) request_id: Option<InvocationId>,
    pub(crate) deadline: Option<Instant>,
}

text_newtypes! {
    /// The id of an SQS message, or of an SNS message that came straight to Lambda.
    MessageId;
    /// What SQS wants to see when a received message is deleted or hidden for longer.
    ReceiptHandle;
    /// The message group of an SQS message.
    MessageGroupId;
    /// The ARN of the queue that a message came from: `arn:aws:sqs:eu-central-1:123456789012:uploads`.
    QueueArn;
    /// A trace header of X-Ray: `Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1`.
    TraceHeader;
    /// Lambda's id of an invocation (`Lambda-Runtime-Aws-Request-Id`).
    InvocationId;
}

impl MessageContext {
    /// The context of a record without a message.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The id of the message.
    #[must_use]
    pub fn message_id(&self) -> Option<&MessageId> {
        self.message_id.as_ref()
    }

    /// The handle of this receive of the message.
    #[must_use]
    pub fn receipt_handle(&self) -> Option<&ReceiptHandle> {
        self.receipt_handle.as_ref()
    }

    /// How often SQS has handed out the message, this time included (`ApproximateReceiveCount`).
    #[must_use]
    pub fn receive_count(&self) -> Option<u32> {
        self.receive_count
    }

    /// The message group; standard queues may have one as well.
    #[must_use]
    pub fn group_id(&self) -> Option<&MessageGroupId> {
        self.group_id.as_ref()
    }

    /// The queue that the message came from.
    #[must_use]
    pub fn queue_arn(&self) -> Option<&QueueArn> {
        self.queue_arn.as_ref()
    }

    /// Whether the message came from a FIFO queue: its ARN ends in `.fifo`.
    #[must_use]
    pub fn is_fifo(&self) -> bool {
        self.queue_arn
            .as_ref()
            .is_some_and(|arn| arn.as_str().ends_with(".fifo"))
    }

    /// The trace header: the message's own (`AWSTraceHeader`), else that of the invocation.
    #[must_use]
    pub fn trace_header(&self) -> Option<&TraceHeader> {
        self.trace_header.as_ref()
    }

    /// Lambda's id of the invocation.
    #[must_use]
    pub fn request_id(&self) -> Option<&InvocationId> {
        self.request_id.as_ref()
    }

    /// When the invocation ends. `None` outside Lambda, and where an emulator sends no usable one.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// With this message id.
    #[must_use]
    pub fn with_message_id(mut self, id: impl Into<MessageId>) -> Self {
        self.message_id = Some(id.into());
        self
    }

    /// With this receipt handle.
    #[must_use]
    pub fn with_receipt_handle(mut self, handle: impl Into<ReceiptHandle>) -> Self {
        self.receipt_handle = Some(handle.into());
        self
    }

    /// With this number of receives.
    #[must_use]
    pub fn with_receive_count(mut self, count: u32) -> Self {
        self.receive_count = Some(count);
        self
    }

    /// With this message group.
    #[must_use]
    pub fn with_group_id(mut self, id: impl Into<MessageGroupId>) -> Self {
        self.group_id = Some(id.into());
        self
    }

    /// From this queue.
    #[must_use]
    pub fn with_queue_arn(mut self, arn: impl Into<QueueArn>) -> Self {
        self.queue_arn = Some(arn.into());
        self
    }

    /// With this trace header.
    #[must_use]
    pub fn with_trace_header(mut self, header: impl Into<TraceHeader>) -> Self {
        self.trace_header = Some(header.into());
        self
    }

    /// In this invocation.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<InvocationId>) -> Self {
        self.request_id = Some(id.into());
        self
    }

    /// With this deadline.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }
}

macro_rules! from_text {
    ($($name:ident)*) => {$(
        impl From<Text> for $name {
            fn from(text: Text) -> Self {
                Self::from_text(text)
            }
        }
    )*};
}

from_text! { MessageId ReceiptHandle MessageGroupId QueueArn TraceHeader }
