//! Reads one message of an SQS batch, whose body is read where it is.

use bytestring::ByteString;

use super::body::{Body, BodyReader};
use super::json::{GiveUp, Mode, Path, Read, Scanned, Scanner, Span, Texts};
use super::mistake::{Refusal, lone_surrogate, missing_body, missing_message_id, not_a_text};
use crate::MessageContext;
use crate::delivery::context::parse_receive_count;
use crate::delivery::{Delivery, Envelope, Envelopes, Message, MessageId, Opened};
use crate::text::FromText;

/// A message whose members are being read.
struct OpenMessage<'m> {
    delivery: &'m mut Delivery,
    path: &'m Path<'m>,
    names: &'static MessageNames,
    mode: Mode,
    /// The mode in which bodies are read first.
    bodies: Mode,
    message_id: Span,
    receipt_handle: Span,
    queue_arn: Span,
    attributes: Attributes,
    trace_parent: Span,
    /// The body, once it was read.
    opened: Option<Opened>,
    /// How many records the delivery had before this message.
    first: usize,
}

#[derive(Clone, Copy, Default)]
struct Attributes {
    receive_count: Span,
    trace_header: Span,
    group_id: Span,
}

#[derive(Clone, Copy)]
pub(super) enum MessageMember {
    MessageId,
    ReceiptHandle,
    Body,
    Attributes,
    MessageAttributes,
    QueueArn,
    /// A member that a batch of another service would have.
    Foreign,
    /// A string that nobody needs.
    Unread,
    Skip,
}

/// What the members of a message are called.
pub(super) struct MessageNames {
    id: &'static str,
    body: &'static str,
    members: &'static [(&'static str, MessageMember)],
}

/// The names in an event of Lambda, in the order of "Using Lambda with Amazon SQS", AWS Lambda
/// Developer Guide, 2026.
pub(super) const LAMBDA_NAMES: MessageNames = MessageNames {
    id: "messageId",
    body: "body",
    members: LAMBDA_MEMBERS,
};

/// The names in what SQS answers, such as the output of `aws sqs receive-message`
/// ("ReceiveMessage", Amazon SQS API Reference, 2026).
pub(super) const SQS_NAMES: MessageNames = MessageNames {
    id: "MessageId",
    body: "Body",
    members: &[
        ("MessageId", MessageMember::MessageId),
        ("ReceiptHandle", MessageMember::ReceiptHandle),
        ("MD5OfBody", MessageMember::Skip),
        ("Body", MessageMember::Body),
        ("Attributes", MessageMember::Attributes),
        ("MD5OfMessageAttributes", MessageMember::Skip),
        ("MessageAttributes", MessageMember::MessageAttributes),
    ],
};

const LAMBDA_MEMBERS: &[(&str, MessageMember)] = &[
    ("messageId", MessageMember::MessageId),
    ("receiptHandle", MessageMember::ReceiptHandle),
    ("body", MessageMember::Body),
    ("attributes", MessageMember::Attributes),
    ("messageAttributes", MessageMember::MessageAttributes),
    ("md5OfBody", MessageMember::Skip),
    ("eventSource", MessageMember::Unread),
    ("eventSourceARN", MessageMember::QueueArn),
    ("awsRegion", MessageMember::Skip),
    ("s3", MessageMember::Foreign),
    ("Sns", MessageMember::Foreign),
];

/// The index of `attributes`, which follows the body.
const AFTER_BODY: usize = 3;

#[derive(Clone, Copy)]
enum Attribute {
    ReceiveCount,
    TraceHeader,
    GroupId,
    Skip,
}

const ATTRIBUTES: &[(&str, Attribute)] = &[
    ("ApproximateReceiveCount", Attribute::ReceiveCount),
    ("AWSTraceHeader", Attribute::TraceHeader),
    ("SentTimestamp", Attribute::Skip),
    ("MessageGroupId", Attribute::GroupId),
    ("SenderId", Attribute::Skip),
    ("ApproximateFirstReceiveTimestamp", Attribute::Skip),
];

/// The message attribute that is read: what OpenTelemetry's instrumentation of a producer sets.
const MESSAGE_ATTRIBUTES: &[(&str, ())] = &[("traceparent", ())];

/// The value of a message attribute, as Lambda and as SQS call it.
const STRING_VALUE: &[(&str, ())] = &[("stringValue", ()), ("StringValue", ())];

/// Reads a message into a delivery. A mistake in its body is the message's content, not an error.
pub(super) fn read_message(
    scanner: &mut Scanner<'_, 0>,
    delivery: &mut Delivery,
    path: &Path<'_>,
    names: &'static MessageNames,
    bodies: Mode,
) -> Result<(), Refusal> {
    let first = delivery.records().len();
    let mut message = OpenMessage {
        delivery,
        path,
        names,
        mode: scanner.mode(),
        bodies,
        message_id: Span::default(),
        receipt_handle: Span::default(),
        queue_arn: Span::default(),
        attributes: Attributes::default(),
        trace_parent: Span::default(),
        opened: None,
        first,
    };

    scanner.forget_texts();
    let start = scanner.rest();

    if message.read_typical_head(scanner).is_some() {
        message.read_body(scanner)?;
        message.read_tail(scanner)?;
    } else {
        scanner.go_back_to(start);
        message.message_id = Span::default();
        message.receipt_handle = Span::default();
        let members = scanner.fields(names.members, |scanner, member| {
            message.read(scanner, member)
        });

        if members.is_err() && message.mode == Mode::Explaining {
            return Err(Refusal::Mistake(lone_surrogate(path)));
        }

        members?;
    }

    message.finish(&scanner.texts()?)
}

impl OpenMessage<'_> {
    fn read(&mut self, scanner: &mut Scanner<'_, 0>, member: MessageMember) -> Scanned<()> {
        match member {
            MessageMember::MessageId => self.message_id = scanner.value(Read::Text)?,
            MessageMember::ReceiptHandle => {
                self.receipt_handle = scanner.value(Read::TextOrSkip)?
            }
            MessageMember::Body => self.read_body(scanner)?,
            MessageMember::Attributes => self.read_attributes(scanner)?,
            MessageMember::MessageAttributes => self.read_message_attributes(scanner)?,
            MessageMember::QueueArn => self.queue_arn = scanner.value(Read::TextOrSkip)?,
            // Whether this is an SQS message is known only in explaining mode.
            MessageMember::Foreign if self.mode == Mode::Silent => return Err(GiveUp::Other),
            MessageMember::Unread if self.mode == Mode::Silent => {
                if scanner.value(Read::TextOrSkip)?.is_lone_surrogate() {
                    return Err(GiveUp::Other);
                }
            }
            MessageMember::Foreign | MessageMember::Unread | MessageMember::Skip => {
                scanner.skip()?;
            }
        }

        Ok(())
    }

    /// Compares with what Lambda writes before the body.
    fn read_typical_head(&mut self, scanner: &mut Scanner<'_, 0>) -> Option<()> {
        self.message_id = scanner.text_after(r#"{"messageId":""#)?;
        self.receipt_handle = scanner.text_after(r#"","receiptHandle":""#)?;
        scanner.literal(br#"","body":"#).ok()
    }

    fn read_tail(&mut self, scanner: &mut Scanner<'_, 0>) -> Scanned<()> {
        let start = scanner.rest();
        if self.read_typical_tail(scanner).is_some() {
            return Ok(());
        }

        scanner.go_back_to(start);
        if scanner.has_another(b'}')? {
            scanner.rest_of_fields(LAMBDA_MEMBERS, AFTER_BODY, |scanner, member| {
                self.read(scanner, member)
            })?;
        }

        Ok(())
    }

    /// Compares with what Lambda writes after the body, for a standard queue and without a trace
    /// header.
    fn read_typical_tail(&mut self, scanner: &mut Scanner<'_, 0>) -> Option<()> {
        let receive_count = scanner.text_after(r#","attributes":{"ApproximateReceiveCount":""#)?;
        let _sent = scanner.text_after(r#"","SentTimestamp":""#)?;
        let _sender = scanner.text_after(r#"","SenderId":""#)?;
        let _received = scanner.text_after(r#"","ApproximateFirstReceiveTimestamp":""#)?;
        let _md5 = scanner.text_after(r#""},"messageAttributes":{},"md5OfBody":""#)?;
        let queue_arn = scanner.text_after(r#"","eventSource":"aws:sqs","eventSourceARN":""#)?;
        let _region = scanner.text_after(r#"","awsRegion":""#)?;
        scanner.literal(br#""}"#).ok()?;

        self.attributes.receive_count = receive_count;
        self.queue_arn = queue_arn;

        Some(())
    }

    /// What cannot be read of the attributes is left out: it must not cost a message that can be
    /// handled.
    fn read_attributes(&mut self, scanner: &mut Scanner<'_, 0>) -> Scanned<()> {
        self.attributes = Attributes::default();
        if scanner.peek() != b'{' {
            return scanner.skip();
        }

        let before = scanner.rest();
        let mut attributes = Attributes::default();
        let read = scanner.fields(ATTRIBUTES, |scanner, attribute| {
            match attribute {
                Attribute::ReceiveCount => {
                    attributes.receive_count = scanner.value(Read::TextOrRaw)?;
                }
                Attribute::TraceHeader => {
                    attributes.trace_header = scanner.value(Read::TextOrSkip)?;
                }
                Attribute::GroupId => attributes.group_id = scanner.value(Read::TextOrSkip)?,
                Attribute::Skip => scanner.skip()?,
            }

            Ok(())
        });

        match read {
            Ok(()) => self.attributes = attributes,
            Err(_) if self.mode == Mode::Explaining => {
                scanner.wrong_type(before)?;
            }
            Err(give_up) => return Err(give_up),
        }

        Ok(())
    }

    /// What cannot be read of the message attributes is left out too. Any producer may set any.
    fn read_message_attributes(&mut self, scanner: &mut Scanner<'_, 0>) -> Scanned<()> {
        self.trace_parent = Span::default();
        if scanner.peek() != b'{' {
            return scanner.skip();
        }

        let before = scanner.rest();
        let mut trace_parent = Span::default();
        let read = scanner.fields(MESSAGE_ATTRIBUTES, |scanner, ()| {
            trace_parent = Span::default();
            if scanner.peek() != b'{' {
                return scanner.skip();
            }

            scanner.fields(STRING_VALUE, |scanner, ()| {
                trace_parent = scanner.value(Read::TextOrSkip)?;
                Ok(())
            })
        });

        match read {
            Ok(()) => self.trace_parent = trace_parent,
            Err(_) if self.mode == Mode::Explaining => {
                scanner.wrong_type(before)?;
            }
            Err(give_up) => return Err(give_up),
        }

        Ok(())
    }

    /// Reads the body. That of a duplicate is forgotten.
    fn read_body(&mut self, scanner: &mut Scanner<'_, 0>) -> Scanned<()> {
        if self.opened.is_some() {
            self.delivery.records_mut().truncate(self.first);
        }

        let path = Path::Member(self.path, self.names.body);
        let mut reader = sqs_body_reader(self.delivery, self.bodies);

        if self.mode == Mode::Silent {
            match reader.read_in_place(scanner) {
                Ok(()) => {
                    self.opened = Some(reader.finish(Ok(Body::Records)));
                    return Ok(());
                }
                Err(GiveUp::Escapes) => {}
                Err(GiveUp::Other) => reader.mode = Mode::Explaining,
            }
        }

        let read = match scanner.detached_text() {
            Some(document) => reader.read_document(ByteString::from(document), &path, 0),
            None => {
                let mut value = Scanner::new(scanner.source, scanner.position(), Mode::Explaining);

                if scanner.value(Read::Raw)?.is_empty() {
                    Err(missing_body(self.path, self.names.body))
                } else {
                    reader.explain_message(&mut value, &path, 0)
                }
            }
        };

        self.opened = Some(reader.finish(read));
        Ok(())
    }

    fn finish(&mut self, texts: &Texts<'_>) -> Result<(), Refusal> {
        let message_id = match self.message_id.text(texts) {
            Ok(Some(id)) => MessageId::from_text(id),
            _ if self.mode == Mode::Silent => return Err(Refusal::GiveUp(GiveUp::Other)),
            Ok(None) => {
                return Err(Refusal::Mistake(missing_message_id(
                    self.path,
                    self.names.id,
                )));
            }
            Err(_) => {
                let path = Path::Member(self.path, self.names.id);
                return Err(Refusal::Mistake(not_a_text(self.message_id, &path)));
            }
        };

        let receive_count = self.attributes.receive_count.content(texts).ok();
        let receive_count = receive_count.and_then(parse_receive_count);

        let context = MessageContext {
            message_id: Some(message_id),
            receipt_handle: optional(self.receipt_handle, texts),
            receive_count,
            group_id: optional(self.attributes.group_id, texts),
            queue_arn: optional(self.queue_arn, texts),
            trace_header: optional(self.attributes.trace_header, texts),
            trace_parent: optional(self.trace_parent, texts),
            ..MessageContext::default()
        };

        let opened = self.opened.take().unwrap_or_else(|| {
            let reader = sqs_body_reader(self.delivery, self.bodies);
            reader.finish(Err(missing_body(self.path, self.names.body)))
        });

        self.delivery.push(Message::new(context, opened));
        Ok(())
    }
}

fn sqs_body_reader(delivery: &mut Delivery, mode: Mode) -> BodyReader<'_> {
    let envelopes = Envelopes::default().and(Envelope::Sqs);
    BodyReader::new(delivery.records_and_keys(), envelopes, mode)
}

fn optional<T: FromText>(span: Span, texts: &Texts<'_>) -> Option<T> {
    span.sound_text(texts).map(T::from_text)
}
