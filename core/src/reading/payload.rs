//! Reads whole payloads and single bodies: the entrance to the reading.

use bytes::Bytes;
use bytestring::ByteString;

use super::batch::{explain_batch, read_sqs_batch};
use super::body::{Body, BodyReader};
use super::job::explain_job;
use super::json::{self, GiveUp, Mode, Path, Scanned, Scanner, Source, Span};
use super::mistake::{missing_body, missing_message_id};
use crate::delivery::{Delivery, Envelope, Envelopes, Message};
use crate::record::key_memory::KeyMemory;
use crate::text::RawJson;
use crate::{Error, ErrorKind, MessageContext, Notification, S3EventRecord};

impl Delivery {
    /// Reads the payload of any delivery.
    ///
    /// # Errors
    ///
    /// When the bytes are not UTF-8 or not JSON, when they are not a delivery of S3 events, when an
    /// SQS message has no id, or when a task of a batch job lacks its id, its bucket or its key, or
    /// has the id of another one. The error has a path, and a retry does not help. A body that
    /// cannot be read is not an error here, but the content of its
    /// [`Message`](crate::delivery::Message).
    pub fn parse(payload: impl Into<Bytes>) -> Result<Self, Error> {
        let source = source(payload.into())?;
        if let Ok(delivery) = read_sqs_batch(&source).or_else(|_| read_single(&source)) {
            return Ok(delivery);
        }

        explain(&source, Mode::Silent)
    }

    /// Reads a payload in explaining mode only.
    pub(crate) fn parse_explaining(payload: Bytes) -> Result<Self, Error> {
        explain(&source(payload)?, Mode::Explaining)
    }

    /// Makes an SQS batch of messages that were deserialized already.
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
            let path = Path::Index(&records, index);

            if !has_id(&context) {
                return Err(missing_message_id(&path, "messageId"));
            }

            let body = body.map(ByteString::from);
            delivery.push_sqs_message(
                context,
                body.ok_or_else(|| missing_body(&path, "body")),
                &path,
            );
        }

        Ok(delivery)
    }

    /// Makes an SQS batch of received messages, whose bodies are the texts that their senders
    /// published.
    ///
    /// Each body is read as in the batch that Lambda would make of the same messages, with the same
    /// result, and without being copied. What is wrong with one message is the content of that
    /// [`Message`](crate::delivery::Message) and affects no other: a body that is not UTF-8 or not
    /// an S3 event, or a missing message id.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::Bytes;
    /// use s3_dispatch_core::delivery::{Delivery, Envelope};
    /// use s3_dispatch_core::{ErrorKind, MessageContext};
    ///
    /// let body = r#"{"Records": [{
    ///     "eventName": "ObjectCreated:Put",
    ///     "eventSource": "aws:s3",
    ///     "s3": {"bucket": {"name": "holiday"}, "object": {"key": "my+photo.jpg", "size": 1024}}
    /// }]}"#;
    ///
    /// let delivery = Delivery::from_messages([
    ///     (MessageContext::new().with_message_id("m-1"), Bytes::from(body)),
    ///     (MessageContext::new().with_message_id("m-2"), Bytes::from_static(b"\xff")),
    /// ]);
    ///
    /// let [first, second] = delivery.messages() else { panic!("not two messages") };
    /// assert_eq!(first.envelopes.outermost(), Some(Envelope::Sqs));
    /// assert_eq!(first.body().unwrap(), body);
    /// assert_eq!(delivery.records_of(first)[0].object.key, "my photo.jpg");
    /// assert_eq!(second.content.as_ref().unwrap_err().kind(), ErrorKind::InvalidUtf8);
    /// ```
    #[must_use]
    pub fn from_messages(messages: impl IntoIterator<Item = (MessageContext, Bytes)>) -> Self {
        let messages = messages.into_iter();
        let mut delivery = Self::new(Envelope::Sqs);
        delivery.make_room(messages.size_hint().0);

        for (index, (context, body)) in messages.enumerate() {
            let records = Path::Member(&Path::Root, "Records");
            let path = Path::Index(&records, index);
            let body = utf8(body, &Path::Member(&path, "body"));
            delivery.push_sqs_message(context, body, &path);
        }

        delivery
    }

    /// Reads the body of a message and adds the message. Without an id, it cannot be read.
    fn push_sqs_message(
        &mut self,
        context: MessageContext,
        body: Result<ByteString, Error>,
        path: &Path<'_>,
    ) {
        let envelopes = Envelopes::default().and(Envelope::Sqs);
        let mut reader = BodyReader::new(self.records_and_keys(), envelopes, Mode::Silent);
        let read = body.and_then(|body| reader.read_document(body, &Path::Member(path, "body"), 0));
        let read = if has_id(&context) {
            read
        } else {
            Err(missing_message_id(path, "messageId"))
        };

        let opened = reader.finish(read);
        self.push(Message::new(context, opened));
    }
}

fn has_id(context: &MessageContext) -> bool {
    context
        .message_id()
        .is_some_and(|id| !id.as_str().is_empty())
}

impl Notification {
    /// Reads the body of one message: S3's own JSON, the same inside SNS messages, or an
    /// EventBridge event.
    ///
    /// Unknown fields and event names are accepted. Of duplicate JSON keys the last one counts.
    ///
    /// # Errors
    ///
    /// When the bytes are not UTF-8 or not JSON, hold no S3 event, or lack a bucket, a key or an
    /// event name. The error has a path, and a retry does not help.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::Notification;
    ///
    /// let json = r#"{"Records": [{
    ///     "eventName": "ObjectCreated:Put",
    ///     "eventSource": "aws:s3",
    ///     "s3": {"bucket": {"name": "holiday"}, "object": {"key": "my+photo.jpg", "size": 1024}}
    /// }]}"#;
    ///
    /// match Notification::parse(json)? {
    ///     Notification::Records(records) => assert_eq!(records[0].object.key, "my photo.jpg"),
    ///     Notification::Test(_) => panic!("this is not a test notification"),
    ///     _ => panic!("this version knows two kinds of notifications"),
    /// }
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    pub fn parse(body: impl Into<Bytes>) -> Result<Self, Error> {
        let (mut records, mut keys) = (Vec::new(), KeyMemory::default());
        let place = (&mut records, &mut keys);
        let mut reader = BodyReader::new(place, Envelopes::default(), Mode::Silent);

        match reader.read_document(utf8(body.into(), &Path::Root)?, &Path::Root, 0)? {
            Body::Records => Ok(Self::Records(records)),
            Body::Test(test) => Ok(Self::Test(*test)),
            Body::Other(other) => Ok(Self::Other(other)),
        }
    }
}

fn source(payload: Bytes) -> Result<Source, Error> {
    Source::new(utf8(payload, &Path::Root)?, &Path::Root)
}

fn utf8(bytes: Bytes, path: &Path<'_>) -> Result<ByteString, Error> {
    ByteString::try_from(bytes)
        .map_err(|_| Error::new(ErrorKind::InvalidUtf8, "the bytes are not UTF-8").at(path))
}

/// Reads one event that came by itself, in silent mode.
fn read_single(source: &Source) -> Scanned<Delivery> {
    let mut delivery = Delivery::new(Envelope::S3);
    let envelopes = Envelopes::default();
    let mut reader = BodyReader::new(delivery.records_and_keys(), envelopes, Mode::Silent);
    reader.read_all_silently(source, 0)?;

    reader.raw = Some(RawJson::from(trimmed(source).as_text(source)));
    let opened = reader.finish(Ok(Body::Records));
    let envelope = opened.envelopes.outermost().unwrap_or(Envelope::S3);
    let records = delivery.records();

    if envelope == Envelope::S3 && (records.is_empty() || records.iter().any(may_be_message)) {
        return Err(GiveUp::Other);
    }

    delivery.push_single(envelope, opened);
    Ok(delivery)
}

/// Whether an entry of `Records` may be a message of a batch that also has all fields of a record.
fn may_be_message(record: &S3EventRecord) -> bool {
    let raw = record.raw_json();

    record
        .event_source
        .as_ref()
        .is_some_and(|source| source == "aws:sqs")
        || raw.contains(r#""Sns""#)
        || raw.contains('\\')
}

/// Reads any payload in explaining mode.
fn explain(source: &Source, bodies: Mode) -> Result<Delivery, Error> {
    json::check(source, &Path::Root)?;
    let mut scanner = Scanner::<0>::new(source, trimmed(source).start(), Mode::Explaining);

    if let Some(delivery) = explain_batch(&scanner, &Path::Root, bodies)? {
        return Ok(delivery);
    }

    let mut delivery = Delivery::new(Envelope::S3);
    let envelopes = Envelopes::default();
    let mut reader = BodyReader::new(delivery.records_and_keys(), envelopes, Mode::Explaining);
    reader.raw = Some(RawJson::from(trimmed(source).as_text(source)));
    let read = reader.explain(&mut scanner, &Path::Root, 0);
    let opened = reader.finish(read);

    let Some(envelope) = opened.envelopes.outermost() else {
        let error = opened.content.expect_err("what is read has an envelope");
        let scanner = Scanner::<0>::new(source, trimmed(source).start(), Mode::Explaining);
        return explain_job(&scanner, &Path::Root)?.ok_or(error);
    };

    delivery.push_single(envelope, opened);
    Ok(delivery)
}

/// A document without the whitespace around it.
fn trimmed(source: &Source) -> Span {
    let text = source.as_str();
    let start = text.len() - text.trim_ascii_start().len();

    Span::new(start, text.trim_ascii_end().len().max(start))
}
