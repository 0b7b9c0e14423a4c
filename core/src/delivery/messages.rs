//! The messages of one payload.

use std::borrow::Cow;
use std::ops::Range;

use super::batch_job::BatchJob;
use super::context::MessageContext;
use super::envelope::{Envelope, Envelopes};
use super::notification::{OtherMessage, TestEvent};
use crate::record::key_memory::KeyMemory;
use crate::text::RawJson;
use crate::{Error, S3EventRecord};

/// The messages of one payload: an SQS or SNS batch, the tasks of a batch job, or one S3 or
/// EventBridge event that came by itself.
///
/// A task of an S3 Batch Operations job is a message with one record. The message id is the id of
/// the task, and its body a notification with the record.
///
/// Reading is total: any bytes give a delivery or an error, in time linear in their number and with
/// bounded recursion. Each body is read alone, so that one bad body costs one message.
///
/// # Examples
///
/// ```
/// use s3_dispatch_core::delivery::{Delivery, Envelope};
///
/// let payload = r#"{"Records": [{"messageId": "m-1", "eventSource": "aws:sqs", "body": "{}"}]}"#;
/// let delivery = Delivery::parse(payload)?;
///
/// assert_eq!(delivery.envelope(), Envelope::Sqs);
/// assert!(delivery.messages()[0].content.is_err());
/// # Ok::<_, s3_dispatch_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Delivery {
    envelope: Envelope,
    messages: Vec<Message>,
    records: Vec<S3EventRecord>,
    keys: KeyMemory,
    job: Option<Box<BatchJob>>,
}

/// One message of a [`Delivery`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Message {
    /// The message's id and what else its envelope says about it.
    pub context: MessageContext,
    /// The envelopes that were opened. When the content is an error, the last one is where reading
    /// stopped.
    pub envelopes: Envelopes,
    /// What the message holds, or why it cannot be read.
    pub content: Result<Content, Error>,
    body: Option<RawJson>,
}

/// What a readable message holds.
#[derive(Debug)]
#[non_exhaustive]
pub enum Content {
    /// Records: this part of [`Delivery::records`].
    Records(Range<usize>),
    /// A test notification.
    Test(TestEvent),
    /// No S3 event, but nothing that is wrong either.
    Other(OtherMessage),
}

/// The most messages that Lambda puts into one batch ("Using Lambda with Amazon SQS", AWS Lambda
/// Developer Guide, 2026).
const MAX_MESSAGES: usize = 10_000;

/// What was found in a message, without what its envelope says about it.
pub(crate) struct Opened {
    pub(crate) envelopes: Envelopes,
    pub(crate) content: Result<Content, Error>,
    pub(crate) body: Option<RawJson>,
}

impl Message {
    #[inline]
    pub(crate) fn new(context: MessageContext, opened: Opened) -> Self {
        let Opened {
            envelopes,
            content,
            body,
        } = opened;

        Self {
            context,
            envelopes,
            content,
            body,
        }
    }

    pub(crate) fn set_body(&mut self, body: RawJson) {
        self.body = Some(body);
    }

    /// The body as it was sent: for an SQS or SNS message what its sender published, for an event
    /// that came by itself the whole payload. For a task of a batch job, which is not in the form
    /// of an event, it is a notification with the record, so that it can be kept and read again.
    ///
    /// `None` when there is no body, or when it cannot be read as text.
    #[must_use]
    pub fn body(&self) -> Option<Cow<'_, str>> {
        self.body.as_ref().map(RawJson::as_sent)
    }
}

impl Delivery {
    /// An empty delivery, to which the reading adds messages.
    pub(crate) fn new(envelope: Envelope) -> Self {
        Self {
            envelope,
            messages: Vec::new(),
            records: Vec::new(),
            keys: KeyMemory::default(),
            job: None,
        }
    }

    /// What brought the payload: [`Envelope::Sqs`], [`Envelope::Sns`], [`Envelope::S3`],
    /// [`Envelope::EventBridge`] or [`Envelope::BatchOperations`].
    #[must_use]
    pub fn envelope(&self) -> Envelope {
        self.envelope
    }

    /// The job of S3 Batch Operations whose tasks these are. `None` for every other delivery.
    #[must_use]
    pub fn batch_job(&self) -> Option<&BatchJob> {
        self.job.as_deref()
    }

    /// The messages, in the order of the payload.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// The messages, so that the invocation can complete their contexts.
    pub fn messages_mut(&mut self) -> &mut [Message] {
        &mut self.messages
    }

    /// The records of all messages, in the order of the payload.
    #[must_use]
    pub fn records(&self) -> &[S3EventRecord] {
        &self.records
    }

    /// The records of one message. Empty if it is a test notification or cannot be read.
    #[must_use]
    pub fn records_of(&self, message: &Message) -> &[S3EventRecord] {
        match &message.content {
            Ok(Content::Records(range)) => self.records.get(range.clone()).unwrap_or_default(),
            _ => &[],
        }
    }

    pub(crate) fn records_mut(&mut self) -> &mut Vec<S3EventRecord> {
        &mut self.records
    }

    /// Where the reading puts records and their decoded keys.
    pub(crate) fn records_and_keys(&mut self) -> (&mut Vec<S3EventRecord>, &mut KeyMemory) {
        (&mut self.records, &mut self.keys)
    }

    pub(crate) fn set_batch_job(&mut self, job: BatchJob) {
        self.job = Some(Box::new(job));
    }

    /// Adds a message whose records were added last.
    pub(crate) fn push(&mut self, message: Message) {
        self.messages.push(message);
    }

    /// Adds the only message, which tells what brought the payload.
    pub(crate) fn push_single(&mut self, envelope: Envelope, opened: Opened) {
        self.envelope = envelope;
        self.push(Message::new(MessageContext::new(), opened));
    }

    /// Makes room for this many more messages with one record each, up to what a batch can have.
    pub(crate) fn make_room(&mut self, messages: usize) {
        let messages = messages.min(MAX_MESSAGES);
        self.messages.reserve(messages);
        self.records.reserve(messages);
    }
}
