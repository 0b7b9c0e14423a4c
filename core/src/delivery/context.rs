//! What is known about the message that a record came in.

use std::any::Any;
use std::sync::Arc;
use std::time::Instant;

use crate::S3EventRecord;
use crate::handling::class::Classifier;
use crate::text::text_newtypes;

/// The delivery of a record: its message, and the invocation that brought it.
///
/// A handler asks for it with an argument of type `&MessageContext`. Whatever a delivery does not
/// have is `None`: an S3 event that came straight to Lambda has no message id, and a run in a
/// terminal has no deadline.
///
/// Programs receive contexts. Tests and wrappers of routers can build them:
///
/// ```
/// use s3_dispatch_core::MessageContext;
///
/// let message = MessageContext::new()
///     .with_message_id("059f36b4-87a3-44ab-83d2-661975830a7d")
///     .with_receive_count(2);
///
/// assert_eq!(message.receive_count(), Some(2));
/// assert!(message.deadline().is_none());
/// ```
#[derive(Debug, Clone, Default)]
pub struct MessageContext {
    pub(crate) message_id: Option<MessageId>,
    pub(crate) receipt_handle: Option<ReceiptHandle>,
    pub(crate) receive_count: Option<u32>,
    pub(crate) group_id: Option<MessageGroupId>,
    pub(crate) queue_arn: Option<QueueArn>,
    pub(crate) trace_header: Option<TraceHeader>,
    pub(crate) trace_parent: Option<TraceParent>,
    pub(crate) request_id: Option<InvocationId>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) classifier: Option<Classifier>,
    pub(crate) own_function: Option<Arc<str>>,
    /// The trace that the dispatcher keeps for the message.
    pub(crate) trace: Option<Arc<dyn Any + Send + Sync>>,
}

text_newtypes! {
    /// The id of an SQS message, or of an SNS message that came straight to Lambda:
    /// `059f36b4-87a3-44ab-83d2-661975830a7d`.
    MessageId;
    /// The handle of one receive of a message. SQS asks for it to delete the message or to change
    /// its visibility timeout.
    ReceiptHandle;
    /// The message group of an SQS message.
    MessageGroupId;
    /// The ARN of the queue that a message came from:
    /// `arn:aws:sqs:eu-central-1:123456789012:uploads`.
    QueueArn;
    /// An X-Ray trace header: `Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1`.
    TraceHeader;
    /// A W3C trace context: `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`.
    TraceParent;
    /// Lambda's id of an invocation (`Lambda-Runtime-Aws-Request-Id`).
    InvocationId;
}

/// Reads SQS's `ApproximateReceiveCount`. A count above [`u32::MAX`] is read as that maximum, and
/// what is not a count as `None`.
pub fn parse_receive_count(text: &str) -> Option<u32> {
    // Most messages have been received once.
    if let [digit @ b'0'..=b'9'] = text.as_bytes() {
        return Some(u32::from(digit - b'0'));
    }

    let is_count = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_count.then(|| text.parse().unwrap_or(u32::MAX))
}

impl MessageContext {
    /// The context of a record that came without a message.
    ///
    /// # Examples
    ///
    /// ```
    /// # use s3_dispatch_core::MessageContext;
    /// assert!(MessageContext::new().message_id().is_none());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The id of the message. `None` when no queue or topic delivered the record.
    #[must_use]
    pub fn message_id(&self) -> Option<&MessageId> {
        self.message_id.as_ref()
    }

    /// The handle of this receive of the message. `None` when the record did not come from SQS.
    #[must_use]
    pub fn receipt_handle(&self) -> Option<&ReceiptHandle> {
        self.receipt_handle.as_ref()
    }

    /// How often SQS has handed out the message, including this time (`ApproximateReceiveCount`).
    ///
    /// The first receive is 1. `None` when the record did not come from SQS, or when the attribute
    /// is not a number.
    #[must_use]
    pub fn receive_count(&self) -> Option<u32> {
        self.receive_count
    }

    /// The message group (`MessageGroupId`). Messages of standard queues can have one as well.
    #[must_use]
    pub fn group_id(&self) -> Option<&MessageGroupId> {
        self.group_id.as_ref()
    }

    /// The queue that the message came from (`eventSourceARN`).
    #[must_use]
    pub fn queue_arn(&self) -> Option<&QueueArn> {
        self.queue_arn.as_ref()
    }

    /// Whether the message came from a FIFO queue, whose ARN ends in `.fifo`.
    #[must_use]
    pub fn is_fifo(&self) -> bool {
        self.queue_arn
            .as_ref()
            .is_some_and(|arn| arn.0.as_bytes().ends_with(b".fifo"))
    }

    /// The trace header: that of the message (`AWSTraceHeader`), or else that of the invocation.
    #[must_use]
    pub fn trace_header(&self) -> Option<&TraceHeader> {
        self.trace_header.as_ref()
    }

    /// The message attribute `traceparent`, in which producers with OpenTelemetry leave their trace
    /// context. `None` when the message does not have it, or did not come from SQS.
    ///
    /// "Trace Context", W3C Recommendation, level 2, section "Traceparent Header".
    #[must_use]
    pub fn trace_parent(&self) -> Option<&TraceParent> {
        self.trace_parent.as_ref()
    }

    /// Lambda's id of the invocation. `None` outside Lambda.
    #[must_use]
    pub fn request_id(&self) -> Option<&InvocationId> {
        self.request_id.as_ref()
    }

    /// When the invocation ends. `None` outside Lambda, and when an emulator sends no usable
    /// deadline.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The name of the Lambda function whose own writes are recognized. `None` elsewhere, and if no
    /// route [asks for it](crate::Route::skip_own_writes).
    #[must_use]
    pub fn own_function(&self) -> Option<&str> {
        self.own_function.as_deref()
    }

    /// Whether this function caused the event itself.
    ///
    /// The principal of what a function does is its role with the name of the function as the
    /// session: `AWS:AROAEXAMPLE:thumbnailer`. A function of the same name in another region or
    /// account looks the same.
    pub(crate) fn is_own(&self, record: &S3EventRecord) -> bool {
        let (Some(function), Some(principal)) = (&self.own_function, &record.principal_id) else {
            return false;
        };
        let session = principal.as_str().rsplit_once(':');

        session.is_some_and(|(role, session)| role.contains("AROA") && session == &**function)
    }

    /// Adds what only the invocation knows. A message that has its own trace header keeps it.
    ///
    /// The dispatcher completes every message, so this moves nothing, as the methods with `with_`
    /// do.
    #[doc(hidden)]
    pub fn complete(
        &mut self,
        deadline: Option<Instant>,
        request_id: Option<&InvocationId>,
        own_function: Option<&Arc<str>>,
        trace_header: Option<&TraceHeader>,
    ) {
        if deadline.is_some() {
            self.deadline = deadline;
        }

        if let Some(id) = request_id {
            self.request_id = Some(id.clone());
        }

        if let Some(function) = own_function {
            self.own_function = Some(Arc::clone(function));
        }

        if let (None, Some(header)) = (&self.trace_header, trace_header) {
            self.trace_header = Some(header.clone());
        }
    }

    /// Sets who is asked about the errors of handlers.
    #[doc(hidden)]
    pub fn set_classifier(&mut self, classifier: Classifier) {
        self.classifier = Some(classifier);
    }

    /// Sets what the tracing of the dispatcher knows about the message.
    #[doc(hidden)]
    pub fn set_trace(&mut self, trace: Arc<dyn Any + Send + Sync>) {
        self.trace = Some(trace);
    }

    /// What [`set_trace`](Self::set_trace) has set.
    #[doc(hidden)]
    #[must_use]
    pub fn trace(&self) -> Option<&(dyn Any + Send + Sync)> {
        self.trace.as_deref()
    }

    /// Sets the name of the function whose own writes are recognized.
    ///
    /// The dispatcher of `s3-dispatch` sets it in Lambda, for routes with
    /// [`skip_own_writes`](crate::Route::skip_own_writes).
    ///
    /// # Examples
    ///
    /// ```
    /// # use s3_dispatch_core::MessageContext;
    /// let message = MessageContext::new().with_own_function("thumbnailer");
    /// assert_eq!(message.own_function(), Some("thumbnailer"));
    /// ```
    #[must_use]
    pub fn with_own_function(mut self, name: impl Into<Arc<str>>) -> Self {
        self.own_function = Some(name.into());
        self
    }

    /// Sets the message id.
    ///
    /// # Examples
    ///
    /// ```
    /// # use s3_dispatch_core::MessageContext;
    /// let message = MessageContext::new().with_message_id("m-1");
    /// assert_eq!(message.message_id().unwrap(), "m-1");
    /// ```
    #[must_use]
    pub fn with_message_id(mut self, id: impl Into<MessageId>) -> Self {
        self.message_id = Some(id.into());
        self
    }

    /// Sets the receipt handle.
    ///
    /// # Examples
    ///
    /// ```
    /// # use s3_dispatch_core::MessageContext;
    /// let message = MessageContext::new().with_receipt_handle("AQEBwJnKyrHigUMZj6rYigCg");
    /// assert!(message.receipt_handle().is_some());
    /// ```
    #[must_use]
    pub fn with_receipt_handle(mut self, handle: impl Into<ReceiptHandle>) -> Self {
        self.receipt_handle = Some(handle.into());
        self
    }

    /// Sets how often the message was received, including this time.
    ///
    /// # Examples
    ///
    /// ```
    /// # use s3_dispatch_core::MessageContext;
    /// let message = MessageContext::new().with_receive_count(3);
    /// assert_eq!(message.receive_count(), Some(3));
    /// ```
    #[must_use]
    pub fn with_receive_count(mut self, count: u32) -> Self {
        self.receive_count = Some(count);
        self
    }

    /// Sets the message group.
    ///
    /// # Examples
    ///
    /// ```
    /// # use s3_dispatch_core::MessageContext;
    /// let message = MessageContext::new().with_group_id("tenant-7");
    /// assert_eq!(message.group_id().unwrap(), "tenant-7");
    /// ```
    #[must_use]
    pub fn with_group_id(mut self, id: impl Into<MessageGroupId>) -> Self {
        self.group_id = Some(id.into());
        self
    }

    /// Sets the queue that the message came from.
    ///
    /// # Examples
    ///
    /// ```
    /// # use s3_dispatch_core::MessageContext;
    /// let arn = "arn:aws:sqs:eu-central-1:123456789012:uploads.fifo";
    /// assert!(MessageContext::new().with_queue_arn(arn).is_fifo());
    /// ```
    #[must_use]
    pub fn with_queue_arn(mut self, arn: impl Into<QueueArn>) -> Self {
        self.queue_arn = Some(arn.into());
        self
    }

    /// Sets the trace header.
    ///
    /// # Examples
    ///
    /// ```
    /// # use s3_dispatch_core::MessageContext;
    /// let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1";
    /// let message = MessageContext::new().with_trace_header(header);
    /// assert_eq!(message.trace_header().unwrap(), header);
    /// ```
    #[must_use]
    pub fn with_trace_header(mut self, header: impl Into<TraceHeader>) -> Self {
        self.trace_header = Some(header.into());
        self
    }

    /// Sets the W3C trace context of the producer.
    ///
    /// # Examples
    ///
    /// ```
    /// # use s3_dispatch_core::MessageContext;
    /// let sent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    /// let message = MessageContext::new().with_trace_parent(sent);
    /// assert_eq!(message.trace_parent().unwrap(), sent);
    /// ```
    #[must_use]
    pub fn with_trace_parent(mut self, trace_parent: impl Into<TraceParent>) -> Self {
        self.trace_parent = Some(trace_parent.into());
        self
    }

    /// Sets the id of the invocation.
    ///
    /// # Examples
    ///
    /// ```
    /// # use s3_dispatch_core::MessageContext;
    /// let message = MessageContext::new().with_request_id("8476a536-e9f4-11e8-9739-2dfe598c3fcd");
    /// assert!(message.request_id().is_some());
    /// ```
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<InvocationId>) -> Self {
        self.request_id = Some(id.into());
        self
    }

    /// Sets when the invocation ends.
    ///
    /// # Examples
    ///
    /// ```
    /// # use s3_dispatch_core::MessageContext;
    /// use std::time::{Duration, Instant};
    ///
    /// let deadline = Instant::now() + Duration::from_secs(30);
    /// let message = MessageContext::new().with_deadline(deadline);
    /// assert_eq!(message.deadline(), Some(deadline));
    /// ```
    #[must_use]
    pub fn with_deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }
}
