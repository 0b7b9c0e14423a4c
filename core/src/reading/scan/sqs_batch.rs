//! A batch of SQS, as Lambda sends it.

use bytestring::ByteString;

use super::body::read_body;
use super::span::Texts;
use super::{Field, Scanned, Scanner, Span, Unusual};
use crate::MessageContext;
use crate::delivery::Envelope;
use crate::delivery::{Delivery, missing_body};
use crate::delivery::{MessageGroupId, MessageId, QueueArn, ReceiptHandle, TraceHeader};
use crate::reading::body::{Body, BodyReader};
use crate::reading::json::{Node, Path};
use crate::text::RawJson;
use crate::text::Source;

/// Reads the whole payload. A body that is unusual costs only itself.
pub(crate) fn read_sqs_batch(source: &Source) -> Scanned<Delivery> {
    let mut scanner = Scanner::new(source, 0);
    let mut batch = Batch {
        delivery: Delivery::new(Envelope::Sqs),
        has_records: false,
    };
    scanner.whitespace();
    scanner.object(Batch::FIELDS, &mut batch)?;
    scanner.whitespace();

    if batch.has_records && scanner.rest().is_empty() {
        Ok(batch.delivery)
    } else {
        Err(Unusual::Other)
    }
}

struct Batch {
    delivery: Delivery,
    has_records: bool,
}

impl Batch {
    const FIELDS: &[Field<Self, 0>] = &[("Records", Self::read_messages)];

    fn read_messages(&mut self, scanner: &mut Scanner<'_, 0>) -> Scanned<()> {
        if std::mem::replace(&mut self.has_records, true) {
            self.delivery = Delivery::new(Envelope::Sqs);
        }

        scanner.array(|scanner| {
            let start = scanner.position();
            read_message(scanner, &mut self.delivery)?;

            if self.delivery.messages().len() == 1 {
                self.delivery.make_room(
                    scanner.rest().len() / (scanner.position() - start).max(LEAST_MESSAGE),
                );
            }

            Ok(())
        })
    }
}

/// What is shorter than this with its attributes holds no record. If there are more messages, room
/// is made as they come.
const LEAST_MESSAGE: usize = 600;

/// One message, whose body is read where it stands.
struct MessagePart<'b> {
    delivery: &'b mut Delivery,
    message_id: Span,
    receipt_handle: Span,
    has_body: bool,
    attributes: Option<Attributes>,
    queue_arn: Span,
}

#[derive(Clone, Copy, Default)]
struct Attributes {
    receive_count: Span,
    trace_header: Span,
    group_id: Span,
}

impl Attributes {
    const FIELDS: &[Field<Self, 0>] = &[
        ("ApproximateReceiveCount", |attributes, scanner| {
            scanner.text_or_raw(&mut attributes.receive_count)
        }),
        ("AWSTraceHeader", |attributes, scanner| {
            scanner.text_or_skip(&mut attributes.trace_header)
        }),
        ("SentTimestamp", |_, scanner| scanner.skip()),
        ("MessageGroupId", |attributes, scanner| {
            scanner.text_or_skip(&mut attributes.group_id)
        }),
        ("SenderId", |_, scanner| scanner.skip()),
        ("ApproximateFirstReceiveTimestamp", |_, scanner| {
            scanner.skip()
        }),
    ];
}

/// In the order of "Using Lambda with Amazon SQS", AWS Lambda Developer Guide, 2026.
fn message_fields<'b>() -> [Field<MessagePart<'b>, 0>; 11] {
    [
        ("messageId", |message, scanner| {
            scanner.text(&mut message.message_id)
        }),
        ("receiptHandle", |message, scanner| {
            scanner.text_or_skip(&mut message.receipt_handle)
        }),
        ("body", MessagePart::read_body),
        ("attributes", MessagePart::read_attributes),
        ("messageAttributes", |_, scanner| scanner.skip()),
        ("md5OfBody", |_, scanner| scanner.skip()),
        ("eventSource", |_, scanner| scanner.readable()),
        ("eventSourceARN", |message, scanner| {
            scanner.text_or_skip(&mut message.queue_arn)
        }),
        ("awsRegion", |_, scanner| scanner.skip()),
        // Perhaps no message of SQS.
        ("s3", |_, _| Err(Unusual::Other)),
        ("Sns", |_, _| Err(Unusual::Other)),
    ]
}

fn read_message(scanner: &mut Scanner<'_, 0>, delivery: &mut Delivery) -> Scanned<()> {
    let mut message = MessagePart {
        delivery,
        message_id: Span::default(),
        receipt_handle: Span::default(),
        has_body: false,
        attributes: None,
        queue_arn: Span::default(),
    };

    scanner.forget_texts();
    let start = scanner.rest();

    if message.read_head_as_written(scanner).is_some() {
        message.read_body(scanner)?;
        message.read_tail(scanner)?;
    } else {
        scanner.go_on_at(start);
        message.message_id = Span::default();
        message.receipt_handle = Span::default();
        scanner.object(&message_fields(), &mut message)?;
    }

    let context = message.context(&scanner.texts()?)?;
    if !message.has_body {
        // As of one that is `null`.
        message.read_body(&mut Scanner::new(&Source::from("null".to_owned()), 0))?;
    }

    if let Some(message) = delivery.messages_mut().last_mut() {
        message.context = context;
    }

    Ok(())
}

impl MessagePart<'_> {
    fn read_body(&mut self, scanner: &mut Scanner<'_, 0>) -> Scanned<()> {
        if std::mem::replace(&mut self.has_body, true) {
            self.delivery.pop();
        }

        let (records, index) = (
            Path::Member(&Path::Root, "Records"),
            self.delivery.messages().len(),
        );
        let message = Path::Index(&records, index);
        let path = Path::Member(&message, "body");

        self.delivery
            .try_push(MessageContext::new(), Envelope::Sqs, |reader| {
                match read_in_place(scanner, reader) {
                    Ok(()) => return Ok(Ok(Body::Records)),
                    Err(Unusual::Escapes) => {}
                    Err(Unusual::Other) => reader.is_plain = true,
                }

                if let Some(document) = scanner.text_of_its_own() {
                    return Ok(reader.read_document(ByteString::from(document), &path, 0));
                }

                let start = scanner.position();
                scanner.skip()?;
                let body = Span::new(start, scanner.position()).as_written(scanner.source);
                let read = Node::part(scanner.source, body, &path)
                    .nullable(|body| reader.read_message(body, 0));

                Ok(read.and_then(|read| read.ok_or_else(|| missing_body(&path))))
            })
    }

    /// Compares with what Lambda writes before the body.
    fn read_head_as_written(&mut self, scanner: &mut Scanner<'_, 0>) -> Option<()> {
        self.message_id = scanner.text_behind(r#"{"messageId":""#)?;
        self.receipt_handle = scanner.text_behind(r#"","receiptHandle":""#)?;
        scanner.literal(br#"","body":"#).ok()
    }

    /// Compares with what Lambda writes behind it, for a queue that is not FIFO and without a trace
    /// header.
    fn read_tail_as_written(&mut self, scanner: &mut Scanner<'_, 0>) -> Option<()> {
        let receive_count = scanner.text_behind(r#","attributes":{"ApproximateReceiveCount":""#)?;
        let _sent = scanner.text_behind(r#"","SentTimestamp":""#)?;
        let _sender = scanner.text_behind(r#"","SenderId":""#)?;
        let _received = scanner.text_behind(r#"","ApproximateFirstReceiveTimestamp":""#)?;
        let _md5 = scanner.text_behind(r#""},"messageAttributes":{},"md5OfBody":""#)?;
        let _source = scanner.text_behind(r#"","eventSource":""#)?;
        let queue_arn = scanner.text_behind(r#"","eventSourceARN":""#)?;
        let _region = scanner.text_behind(r#"","awsRegion":""#)?;
        scanner.literal(br#""}"#).ok()?;
        self.attributes = Some(Attributes {
            receive_count,
            ..Attributes::default()
        });
        self.queue_arn = queue_arn;

        Some(())
    }

    fn read_tail(&mut self, scanner: &mut Scanner<'_, 0>) -> Scanned<()> {
        let start = scanner.rest();
        if self.read_tail_as_written(scanner).is_some() {
            return Ok(());
        }

        scanner.go_on_at(start);
        let fields = message_fields();
        let due = fields
            .iter()
            .position(|(name, _)| *name == "attributes")
            .unwrap_or_default();

        if scanner.another(b'}')? {
            scanner.rest_of_object(&fields, due, self)
        } else {
            Ok(())
        }
    }

    fn read_attributes(&mut self, scanner: &mut Scanner<'_, 0>) -> Scanned<()> {
        // What is not understood is left out, as with each of them.
        if scanner.peek() == b'{' {
            return scanner.optional_object(Attributes::FIELDS, &mut self.attributes);
        }

        self.attributes = None;
        scanner.skip()
    }

    fn context(&self, texts: &Texts<'_>) -> Scanned<MessageContext> {
        let attributes = self.attributes.unwrap_or_default();
        let count = attributes
            .receive_count
            .content(texts)
            .ok()
            .and_then(|count| count.parse::<u64>().ok());

        Ok(MessageContext {
            message_id: Some(
                self.message_id
                    .read(texts, MessageId::from_text)?
                    .ok_or(Unusual::Other)?,
            ),
            receipt_handle: self
                .receipt_handle
                .read(texts, ReceiptHandle::from_text)
                .unwrap_or_default(),
            receive_count: count.map(|count| u32::try_from(count).unwrap_or(u32::MAX)),
            group_id: attributes
                .group_id
                .read(texts, MessageGroupId::from_text)
                .unwrap_or_default(),
            queue_arn: self
                .queue_arn
                .read(texts, QueueArn::from_text)
                .unwrap_or_default(),
            trace_header: attributes
                .trace_header
                .read(texts, TraceHeader::from_text)
                .unwrap_or_default(),
            ..MessageContext::default()
        })
    }
}

/// Reads a body that is a string; what was read of an unusual one is taken back.
fn read_in_place(scanner: &mut Scanner<'_, 0>, reader: &mut BodyReader<'_>) -> Scanned<()> {
    let (before, outside) = (reader.checkpoint(), scanner.rest());
    let read = scanner.enter_string().and_then(|start| {
        let end = read_body::<1>(scanner.source, start, reader, 0)?;
        reader.body = Some(RawJson::new(
            Span::new(start, end).as_text(scanner.source),
            1,
        ));

        scanner.leave_string(end - start)
    });

    if read.is_err() {
        reader.take_back(before);
        reader.body = None;
        scanner.go_on_at(outside);
    }

    read
}
