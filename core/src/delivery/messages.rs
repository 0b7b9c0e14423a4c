//! The payload of one invocation, whatever brought it.

use std::borrow::Cow;
use std::convert::Infallible;
use std::ops::Range;

use bytes::Bytes;
use bytestring::ByteString;

use super::envelope::{Envelope, Envelopes};
use crate::delivery::{MessageGroupId, MessageId, QueueArn, ReceiptHandle, TestEvent, TraceHeader};
use crate::reading::body::{Body, BodyReader};
use crate::reading::json::{self, Node, Path};
use crate::reading::scan;
use crate::text::RawJson;
use crate::text::Source;
use crate::{Error, ErrorKind, MessageContext, S3EventRecord};

/// The messages of one payload: a batch of SQS or SNS, or one S3 or EventBridge event that came by
/// itself.
///
/// The reader is total: any bytes give a delivery or an error, in time linear in their number and
/// without recursion. Each body is read alone, so that one bad body costs one message.
#[derive(Debug)]
pub struct Delivery {
    envelope: Envelope,
    messages: Vec<Message>,
    records: Vec<S3EventRecord>,
    /// The fast reading shall not be asked.
    is_plain: bool,
}

/// One message of a [`Delivery`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Message {
    /// The message's id and the like.
    pub context: MessageContext,
    /// The envelopes that were opened, as far as that went.
    pub envelopes: Envelopes,
    /// What the message holds, or why it could not be read.
    pub content: Result<Content, Error>,
    body: Option<RawJson>,
}

impl Message {
    /// The body as it was sent: of an SQS or SNS message what its sender published, of an event
    /// that came by itself the whole payload. `None` when there is none that can be read as
    /// text.
    #[must_use]
    pub fn body(&self) -> Option<Cow<'_, str>> {
        self.body.as_ref().map(RawJson::as_sent)
    }
}

/// What a readable message holds.
#[derive(Debug)]
#[non_exhaustive]
pub enum Content {
    /// Records: this part of [`Delivery::records`].
    Records(Range<usize>),
    /// A test notification.
    Test(TestEvent),
}

impl Delivery {
    /// Reads the payload of any delivery.
    ///
    /// # Errors
    ///
    /// When the bytes are not UTF-8 or not JSON, are no delivery of S3 events at all, or when an
    /// SQS message has no id. The error has a path. A body that cannot be read is no error
    /// here, but that of its [`Message`].
    pub fn parse(payload: impl Into<Bytes>) -> Result<Self, Error> {
        let source = Source::new(utf8(payload.into())?, &Path::Root)?;
        if let Ok(batch) = scan::read_sqs_batch(&source) {
            return Ok(batch);
        }

        if let Ok(single) = scan_single(&source) {
            return Ok(single);
        }

        read_any(&source, false)
    }

    /// As [`parse`](Self::parse), without the fast reading.
    pub(crate) fn parse_plainly(payload: Bytes) -> Result<Self, Error> {
        read_any(&Source::new(utf8(payload)?, &Path::Root)?, true)
    }

    pub(crate) fn new(envelope: Envelope) -> Self {
        Self {
            envelope,
            messages: Vec::new(),
            records: Vec::new(),
            is_plain: false,
        }
    }

    /// Makes a batch of SQS out of messages that were taken apart already.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingMessageId`] when a message has no id.
    pub fn from_sqs_messages(
        messages: impl IntoIterator<Item = (MessageContext, Option<String>)>,
    ) -> Result<Self, Error> {
        let mut delivery = Self::new(Envelope::Sqs);
        for (index, (context, body)) in messages.into_iter().enumerate() {
            let records = Path::Member(&Path::Root, "Records");
            let message = Path::Index(&records, index);

            if context.message_id().is_none_or(|id| id.as_str().is_empty()) {
                return Err(missing_message_id(&message));
            }

            let path = Path::Member(&message, "body");
            delivery.push(context, Envelope::Sqs, |reader| match body {
                Some(body) => reader.read_document(ByteString::from(body), &path, 0),
                None => Err(missing_body(&path)),
            });
        }

        Ok(delivery)
    }

    /// What brought the payload: [`Envelope::Sqs`], [`Envelope::Sns`], [`Envelope::S3`] or
    /// [`Envelope::EventBridge`].
    #[must_use]
    pub fn envelope(&self) -> Envelope {
        self.envelope
    }

    /// The messages, in the order of the payload.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// The messages, to complete what is known of them.
    pub fn messages_mut(&mut self) -> &mut [Message] {
        &mut self.messages
    }

    /// The records of all messages, in the order of the payload.
    #[must_use]
    pub fn records(&self) -> &[S3EventRecord] {
        &self.records
    }

    /// The records of one message; none if it is a test notification or could not be read.
    #[must_use]
    pub fn records_of(&self, message: &Message) -> &[S3EventRecord] {
        match &message.content {
            Ok(Content::Records(range)) => self.records.get(range.clone()).unwrap_or_default(),
            _ => &[],
        }
    }

    fn push(
        &mut self,
        context: MessageContext,
        envelope: Envelope,
        read: impl FnOnce(&mut BodyReader<'_>) -> Result<Body, Error>,
    ) {
        let Ok(()) = self.try_push(context, envelope, |reader| {
            Ok::<_, Infallible>(read(reader))
        });
    }

    /// Adds a message, unless that is given up: then what it held stays behind.
    pub(crate) fn try_push<E>(
        &mut self,
        context: MessageContext,
        envelope: Envelope,
        read: impl FnOnce(&mut BodyReader<'_>) -> Result<Result<Body, Error>, E>,
    ) -> Result<(), E> {
        let first = self.records.len();
        let envelopes = Envelopes::default().and(envelope);

        let mut reader = if self.is_plain {
            BodyReader::plain(&mut self.records, envelopes)
        } else {
            BodyReader::new(&mut self.records, envelopes)
        };

        let read = read(&mut reader)?;
        let BodyReader {
            envelopes, body, ..
        } = reader;

        let content = match read {
            Ok(Body::Records) => Ok(Content::Records(first..self.records.len())),
            Ok(Body::Test(test)) => Ok(Content::Test(test)),
            Err(error) => {
                self.records.truncate(first);
                Err(error)
            }
        };

        self.messages.push(Message {
            context,
            envelopes,
            content,
            body,
        });

        Ok(())
    }

    /// Forgets the last message.
    pub(crate) fn pop(&mut self) {
        let last = self.messages.pop();
        if let Some(Ok(Content::Records(range))) = last.map(|message| message.content) {
            self.records.truncate(range.start);
        }
    }

    /// Expects so many more messages of one record each.
    pub(crate) fn make_room(&mut self, messages: usize) {
        let messages = messages.min(MOST_MESSAGES);
        self.messages.reserve(messages);
        self.records.reserve(messages);
    }
}

pub(crate) fn utf8(bytes: Bytes) -> Result<ByteString, Error> {
    ByteString::try_from(bytes)
        .map_err(|_| Error::new(ErrorKind::InvalidUtf8, "the bytes are not UTF-8").at(Path::Root))
}

/// "Using Lambda with Amazon SQS", AWS Lambda Developer Guide, 2026.
const MOST_MESSAGES: usize = 10_000;

fn read_any(source: &Source, is_plain: bool) -> Result<Delivery, Error> {
    json::check(source, &Path::Root)?;
    let root = Node::root(source, &Path::Root);

    if root.is_object() {
        let batch = root
            .members(["Records"])?
            .get("Records", |records| read_batch(records, is_plain))?
            .flatten();
        if let Some(batch) = batch {
            return Ok(batch);
        }
    }

    read_single(root)
}

/// `None` when these are not the records of a batch, but S3's own.
fn read_batch(records: Node<'_, '_>, is_plain: bool) -> Result<Option<Delivery>, Error> {
    if !records.is_array() {
        return Err(records.error(ErrorKind::InvalidField, "expected an array"));
    }

    let messages = records.count()?;
    if messages == 0 {
        return Ok(Some(Delivery::new(Envelope::Sqs)));
    }

    let mut envelope = None;
    let mut stray = Ok(());

    records.each_element(|_, element| {
        if envelope.is_none() {
            // What one element hides does not decide about the others.
            envelope = batch_envelope(element).unwrap_or_default();
        }

        if stray.is_ok() && !element.is_object() {
            stray = Err(element.error(ErrorKind::InvalidField, "expected a message"));
        }

        Ok(())
    })?;

    let Some(envelope) = envelope else {
        return Ok(None);
    };

    stray?;
    // As many as a batch can have; what claims more must prove it.
    let room = messages.min(MOST_MESSAGES);

    let mut delivery = Delivery {
        envelope,
        messages: Vec::with_capacity(room),
        records: Vec::new(),
        is_plain,
    };

    records.each_element(|_, element| {
        if envelope == Envelope::Sqs {
            read_sqs_message(element, &mut delivery)
        } else {
            read_sns_record(element, &mut delivery);
            Ok(())
        }
    })?;

    Ok(Some(delivery))
}

/// Judged without the message id, so that a message that lacks it is still known for one.
fn batch_envelope(element: Node<'_, '_>) -> Result<Option<Envelope>, Error> {
    if !element.is_object() {
        return Ok(None);
    }

    let members = element.members([
        "s3",
        "Sns",
        "eventSource",
        "messageId",
        "receiptHandle",
        "body",
    ])?;

    let source = members.get("eventSource", |source| {
        if source.is_string() {
            source.str()
        } else {
            Ok("".into())
        }
    })?;

    let looks_like_a_message =
        members.has("messageId") || members.has("receiptHandle") || members.has("body");

    Ok(
        if source.as_deref() == Some("aws:sqs") || (looks_like_a_message && !members.has("s3")) {
            Some(Envelope::Sqs)
        } else if members.has("Sns") {
            Some(Envelope::Sns)
        } else {
            None
        },
    )
}

fn read_sqs_message(element: Node<'_, '_>, delivery: &mut Delivery) -> Result<(), Error> {
    let members = element.members([
        "messageId",
        "receiptHandle",
        "body",
        "attributes",
        "eventSourceARN",
    ])?;

    let id = members.text("messageId", MessageId::from_text)?;
    let mut context =
        MessageContext::new().with_message_id(id.ok_or_else(|| missing_message_id(element.path))?);

    // What is not understood of these is left out: it must not cost a message that can be handled.
    if let Ok(Some(handle)) = members.text("receiptHandle", ReceiptHandle::from_text) {
        context = context.with_receipt_handle(handle);
    }

    if let Ok(Some(arn)) = members.text("eventSourceARN", QueueArn::from_text) {
        context = context.with_queue_arn(arn);
    }

    let attributes = members.get("attributes", |attributes| {
        let attributes = attributes.members([
            "ApproximateReceiveCount",
            "AWSTraceHeader",
            "MessageGroupId",
        ])?;

        if let Ok(Some(count)) = attributes.u64("ApproximateReceiveCount") {
            context = context
                .clone()
                .with_receive_count(u32::try_from(count).unwrap_or(u32::MAX));
        }

        if let Ok(Some(header)) = attributes.text("AWSTraceHeader", TraceHeader::from_text) {
            context = context.clone().with_trace_header(header);
        }

        if let Ok(Some(group)) = attributes.text("MessageGroupId", MessageGroupId::from_text) {
            context = context.clone().with_group_id(group);
        }

        Ok(())
    });

    drop(attributes);
    delivery.push(context, Envelope::Sqs, |reader| {
        let body = members.get("body", |body| reader.read_message(body, 0))?;
        body.ok_or_else(|| missing_body(&Path::Member(element.path, "body")))
    });

    Ok(())
}

fn read_sns_record(element: Node<'_, '_>, delivery: &mut Delivery) {
    let id = |sns: Node<'_, '_>| {
        sns.members(["MessageId"])?
            .text("MessageId", MessageId::from_text)
    };
    let members = element.members(["Sns"]);
    let mut context = MessageContext::new();

    if let Ok(Some(Some(id))) = members
        .as_ref()
        .map(|members| members.get("Sns", id).ok().flatten())
    {
        context = context.with_message_id(id);
    }

    delivery.push(context, Envelope::Sns, |reader| {
        let members = members?;
        let body = members.get("Sns", |sns| {
            let sns = sns.members(["Message"])?;
            let body = sns.get("Message", |message| reader.read_message(message, 1))?;
            body.ok_or_else(|| sns.missing("Message"))
        })?;

        body.ok_or_else(|| members.missing("Sns"))
    });
}

/// One notification that came by itself.
fn scan_single(source: &Source) -> scan::Scanned<Delivery> {
    let mut delivery = Delivery::new(Envelope::S3);
    let mut reader = BodyReader::new(&mut delivery.records, Envelopes::default());
    scan::read_document(&mut reader, source, 0)?;
    let envelopes = reader.envelopes;
    let envelope = envelopes.outermost().unwrap_or(Envelope::S3);

    if envelope == Envelope::S3
        && (delivery.records.is_empty() || delivery.records.iter().any(may_be_message))
    {
        return Err(scan::Unusual::Other);
    }

    delivery.envelope = envelope;
    let body = Some(RawJson::from(source.text(source.as_str().trim_ascii())));
    let content = Ok(Content::Records(0..delivery.records.len()));

    delivery.messages.push(Message {
        context: MessageContext::new(),
        envelopes,
        content,
        body,
    });

    Ok(delivery)
}

/// Whether this could be a message of a batch with all that a record has.
fn may_be_message(record: &S3EventRecord) -> bool {
    let raw = record.raw_json();
    record
        .event_source
        .as_ref()
        .is_some_and(|source| source == "aws:sqs")
        || raw.contains(r#""Sns""#)
        || raw.contains('\\')
}

/// An event that came by itself is one message without an id.
fn read_single(root: Node<'_, '_>) -> Result<Delivery, Error> {
    let mut delivery = Delivery::new(Envelope::S3);
    let mut reader = BodyReader::plain(&mut delivery.records, Envelopes::default());
    let read = reader.read(root, 0);
    let envelopes = reader.envelopes;

    let content = match (read, envelopes.outermost()) {
        (Err(error), None) => return Err(error),
        (Err(error), Some(_)) => {
            delivery.records.clear();
            Err(error)
        }
        (Ok(Body::Records), _) => Ok(Content::Records(0..delivery.records.len())),
        (Ok(Body::Test(test)), _) => Ok(Content::Test(test)),
    };

    delivery.envelope = envelopes.outermost().unwrap_or(Envelope::S3);

    delivery.messages.push(Message {
        context: MessageContext::new(),
        envelopes,
        content,
        body: Some(RawJson::from(root.raw())),
    });

    Ok(delivery)
}

fn missing_message_id(message: &Path<'_>) -> Error {
    let path = Path::Member(message, "messageId");
    Error::new(ErrorKind::MissingMessageId, "an SQS message has no id").at(path)
}

pub(crate) fn missing_body(path: &Path<'_>) -> Error {
    Error::new(ErrorKind::MissingField, "an SQS message has no body").at(path)
}
