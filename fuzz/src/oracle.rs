//! An independent second reader of payloads.
//!
//! It reads through `serde_json::Value`, slowly and simply, and is written from the documentation.

mod document;
mod eventbridge;
mod job;
mod node;
mod record;

use s3_dispatch_core::ErrorKind;
use s3_dispatch_core::delivery::Envelope;
use serde_json::Value;

pub use node::Mistake;
pub use record::Fields;

use document::{Marks, open};
use node::{Kind, Node};

/// The most SNS messages inside each other that are opened.
const MAX_NESTING: usize = 4;

/// The result of reading a payload.
#[derive(Debug)]
pub enum Reading {
    /// An error. The reader under test reports one of these mistakes.
    Refused(Vec<Mistake>),
    /// The messages of a delivery.
    Delivery(Envelope, Vec<Message>),
    /// Unknown: the oracle cannot read this payload.
    Doubtful,
}

/// One message.
#[derive(Debug)]
pub struct Message {
    /// The id, the receipt handle, the group and so on.
    pub context: Fields,
    /// The envelopes that were opened.
    pub envelopes: Vec<Envelope>,
    /// The content, or the mistakes in it.
    pub content: Result<Content, Vec<Mistake>>,
    /// The body, if it is a string.
    pub body: Option<String>,
}

/// The content of a message.
#[derive(Debug)]
pub enum Content {
    /// Records.
    Records(Vec<Record>),
    /// A test notification.
    Test(Fields),
    /// A message that holds no S3 event.
    Other,
}

/// One record.
#[derive(Debug)]
pub struct Record {
    /// The fields of the record.
    pub fields: Fields,
    raw: Value,
    marks: Marks,
}

impl Default for Message {
    fn default() -> Self {
        let content = Ok(Content::Records(Vec::new()));
        Self {
            context: Fields::new(),
            envelopes: Vec::new(),
            content,
            body: None,
        }
    }
}

impl Record {
    /// Whether the record was read from this JSON.
    #[must_use]
    pub fn is_raw(&self, json: &str) -> bool {
        open(json, self.marks).is_ok_and(|document| document.value == self.raw)
    }
}

/// Decodes a key byte by byte, such as `a+b%20c` to `a b c`.
///
/// Returns the key as sent if the result is not UTF-8.
#[must_use]
pub fn form_decode(sent: &str) -> String {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let bytes = sent.as_bytes();
    let mut decoded = Vec::new();
    let mut at = 0;

    while at < bytes.len() {
        let byte = match (
            bytes[at],
            digit(bytes.get(at + 1)),
            digit(bytes.get(at + 2)),
        ) {
            (b'%', Some(high), Some(low)) => {
                at += 2;
                (high * 16 + low) as u8
            }
            (b'+', ..) => b' ',
            (other, ..) => other,
        };

        decoded.push(byte);
        at += 1;
    }

    String::from_utf8(decoded).unwrap_or_else(|_| sent.to_owned())
}

/// Reads the payload of any delivery.
#[must_use]
pub fn read(bytes: &[u8]) -> Reading {
    let refused = |kinds: &[ErrorKind]| {
        Reading::Refused(kinds.iter().map(|kind| Mistake::new(*kind, "$")).collect())
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        return refused(&[ErrorKind::InvalidUtf8]);
    };

    // Every marker occurs in the text.
    let Some(marks) = Marks::absent_from(text) else {
        return Reading::Doubtful;
    };

    let document = match open(text, marks) {
        Ok(document) => document,
        Err(kinds) => return refused(kinds),
    };

    if document.has_lone_name {
        // Known to differ: the reader rejects the name if it reads the members of that object.
        return Reading::Doubtful;
    }

    let root = Node::root(&document, "$");
    if let Some(batch) = any_batch(&root) {
        return batch;
    }

    let mut message = Message {
        body: Some(text.trim_matches([' ', '\t', '\r', '\n']).to_owned()),
        ..Message::default()
    };
    message.content = read_value(&root, 0, &mut message.envelopes);

    match (message.envelopes.first(), message.content) {
        (Some(envelope), content) => {
            Reading::Delivery(*envelope, vec![Message { content, ..message }])
        }
        (None, Err(mistakes)) => job::job(&root).unwrap_or(Reading::Refused(mistakes)),
        (None, Ok(_)) => unreachable!("content is always in an envelope"),
    }
}

/// Reads a batch in any form, or returns `None` if this is not a batch.
fn any_batch(root: &Node<'_>) -> Option<Reading> {
    if let Some(elements) = root.elements() {
        return if elements.is_empty() && root.path != "$" || !elements.is_empty() {
            batch(root)
        } else {
            None
        };
    }

    if let Some(records) = root.get("Records") {
        return batch(&records);
    }

    if let Some(messages) = root.get("Messages") {
        return Some(sqs_messages(&messages));
    }

    any_batch(&root.get("requestPayload")?)
}

/// Reads the answer of SQS to a receive.
fn sqs_messages(messages: &Node<'_>) -> Reading {
    let Some(elements) = messages.elements() else {
        return Reading::Refused(vec![messages.mistake(ErrorKind::InvalidField)]);
    };

    let mut mistakes = Vec::new();
    let strays = elements.iter().filter(|element| !element.is_object());
    mistakes.extend(strays.map(|element| element.mistake(ErrorKind::InvalidField)));
    let objects = elements.iter().filter(|element| element.is_object());
    let messages = objects
        .map(|element| sqs_message(element, &SQS_NAMES, &mut mistakes))
        .collect();

    if mistakes.is_empty() {
        Reading::Delivery(Envelope::Sqs, messages)
    } else {
        Reading::Refused(mistakes)
    }
}

/// What the members of a message are called: id, receipt handle, body, attributes, queue.
struct Names([&'static str; 5]);

const LAMBDA_NAMES: Names = Names([
    "messageId",
    "receiptHandle",
    "body",
    "attributes",
    "eventSourceARN",
]);

const SQS_NAMES: Names = Names([
    "MessageId",
    "ReceiptHandle",
    "Body",
    "Attributes",
    "no queue",
]);

/// Reads a batch, or returns `None` if these are the records of a notification.
fn batch(records: &Node<'_>) -> Option<Reading> {
    let Some(elements) = records.elements() else {
        return Some(Reading::Refused(vec![
            records.mistake(ErrorKind::InvalidField),
        ]));
    };

    if elements.is_empty() {
        return Some(Reading::Delivery(Envelope::Sqs, Vec::new()));
    }

    let mut mistakes = Vec::new();
    let envelope = elements
        .iter()
        .find_map(|element| batch_envelope(element).unwrap_or_default())?;
    let strays = elements.iter().filter(|element| !element.is_object());
    mistakes.extend(strays.map(|element| element.mistake(ErrorKind::InvalidField)));

    if !mistakes.is_empty() {
        return Some(Reading::Refused(mistakes));
    }

    let messages = elements.iter().map(|element| match envelope {
        Envelope::Sqs => sqs_message(element, &LAMBDA_NAMES, &mut mistakes),
        _ => sns_message(element),
    });
    let messages = messages.collect();

    Some(if mistakes.is_empty() {
        Reading::Delivery(envelope, messages)
    } else {
        Reading::Refused(mistakes)
    })
}

fn batch_envelope(element: &Node<'_>) -> Result<Option<Envelope>, Mistake> {
    let has = |name: &str| element.get(name).is_some();
    let looks_like_a_message = has("messageId") || has("receiptHandle") || has("body");

    Ok(
        if element.is_text("eventSource", "aws:sqs")? || looks_like_a_message && !has("s3") {
            Some(Envelope::Sqs)
        } else if has("Sns") {
            Some(Envelope::Sns)
        } else {
            None
        },
    )
}

fn sqs_message(element: &Node<'_>, names: &Names, mistakes: &mut Vec<Mistake>) -> Message {
    let Names([id, receipt_handle, body, attributes, queue_arn]) = *names;
    let mut message = Message::default();
    let before = mistakes.len();

    match element.text(id, mistakes) {
        Some(text) => drop(message.context.insert(String::from("message_id"), text)),
        None if mistakes.len() > before => {}
        None => mistakes.push(Mistake {
            kind: ErrorKind::MissingMessageId,
            ..element.missing(id)
        }),
    }

    let ignored = &mut Vec::new();
    let attributes = element.get(attributes);
    let attributes = attributes.as_ref();
    let attribute = |name, ignored: &mut Vec<Mistake>| attributes?.text(name, ignored);

    let told = [
        ("receipt_handle", element.text(receipt_handle, ignored)),
        ("queue_arn", element.text(queue_arn, ignored)),
        ("trace_header", attribute("AWSTraceHeader", ignored)),
        ("group_id", attribute("MessageGroupId", ignored)),
    ];

    message.context.extend(
        told.into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?))),
    );
    let count = attributes.and_then(|attributes| attributes.digits("ApproximateReceiveCount"));

    if let Some(count) = count {
        // Only too many digits cannot be parsed.
        let count = count.parse().unwrap_or(u32::MAX);
        let name = String::from("receive_count");
        message.context.insert(name, count.to_string());
    }

    read_body(element, body, 0, Envelope::Sqs, message)
}

fn sns_message(element: &Node<'_>) -> Message {
    let mut message = Message::default();
    let sns = element.get("Sns");

    if let Some(id) = sns
        .as_ref()
        .and_then(|sns| sns.text("MessageId", &mut Vec::new()))
    {
        message.context.insert(String::from("message_id"), id);
    }

    message.envelopes.push(Envelope::Sns);
    let wrong = |mistake| Err(vec![mistake]);

    message.content = match sns {
        _ if !element.is_object() => wrong(element.mistake(ErrorKind::InvalidField)),
        None => wrong(element.missing("Sns")),
        Some(sns) if !sns.is_object() => wrong(sns.mistake(ErrorKind::InvalidField)),
        Some(sns) => {
            message.envelopes.clear();
            return read_body(&sns, "Message", 1, Envelope::Sns, message);
        }
    };

    message
}

/// Reads a member that contains JSON, usually as a string.
fn read_body(
    parent: &Node<'_>,
    name: &str,
    depth: usize,
    envelope: Envelope,
    mut message: Message,
) -> Message {
    message.envelopes.push(envelope);
    message.content = match parent.get(name) {
        None => Err(vec![parent.missing(name)]),
        Some(body) => {
            if let Kind::Text(text) = body.kind() {
                message.body = text.map(str::to_owned);
            }
            read_message(&body, depth, &mut message.envelopes)
        }
    };

    message
}

fn read_message(
    body: &Node<'_>,
    depth: usize,
    envelopes: &mut Vec<Envelope>,
) -> Result<Content, Vec<Mistake>> {
    match body.kind() {
        Kind::Text(None) => Err(vec![body.mistake(ErrorKind::InvalidJson)]),
        Kind::Text(Some(text)) => {
            let marks = Marks::absent_from(text).unwrap_or(body.marks);
            let document = open(text, marks).map_err(|kinds| {
                kinds
                    .iter()
                    .map(|kind| body.mistake(*kind))
                    .collect::<Vec<_>>()
            })?;

            let content = read_value(&Node::root(&document, &body.path), depth, envelopes);

            if document.has_lone_name {
                // Known to differ: the reader rejects the name if it reads the members of that
                // object.
                let doubt = body.mistake(ErrorKind::InvalidJson).doubtful();
                return Err(content.err().into_iter().flatten().chain([doubt]).collect());
            }

            content
        }
        _ => read_value(body, depth, envelopes),
    }
}

/// Reads a document in any envelope.
fn read_value(
    root: &Node<'_>,
    depth: usize,
    envelopes: &mut Vec<Envelope>,
) -> Result<Content, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let is_text = |name, expected| {
        root.is_text(name, expected)
            .map_err(|mistake| vec![mistake])
    };

    let content = if let Some(records) = root.get("Records") {
        read_records(&records, depth, envelopes, &mut mistakes)
    } else if is_text("Event", "s3:TestEvent")? {
        envelopes.push(Envelope::S3);
        Content::Test(record::test_event(root, &mut mistakes))
    } else if let (true, Some(message)) = (is_text("Type", "Notification")?, root.get("Message")) {
        envelopes.push(Envelope::Sns);
        if depth == MAX_NESTING {
            return Err(vec![message.mistake(ErrorKind::TooDeep)]);
        }

        return read_message(&message, depth + 1, envelopes);
    } else if (is_text("Type", "SubscriptionConfirmation")?
        || is_text("Type", "UnsubscribeConfirmation")?)
        && root.text("TopicArn", &mut Vec::new()).is_some()
    {
        envelopes.push(Envelope::Sns);
        Content::Other
    } else if is_text("Type", "SubscriptionConfirmation")?
        || is_text("Type", "UnsubscribeConfirmation")?
    {
        return Err(vec![root.mistake(ErrorKind::NotAnS3Event)]);
    } else if is_text("source", "aws.s3")? && root.get("detail").is_some() {
        envelopes.push(Envelope::EventBridge);

        if root
            .text("detail-type", &mut Vec::new())
            .is_some_and(|detail_type| detail_type.ends_with(" via CloudTrail"))
        {
            return Ok(Content::Other);
        }

        let fields = eventbridge::record(root, &mut mistakes);

        Content::Records(vec![Record {
            fields,
            raw: root.value.clone(),
            marks: root.marks,
        }])
    } else if let Some(payload) = root.get("requestPayload") {
        if depth == MAX_NESTING {
            return Err(vec![payload.mistake(ErrorKind::TooDeep)]);
        }

        return read_value(&payload, depth + 1, envelopes);
    } else {
        return Err(vec![root.mistake(ErrorKind::NotAnS3Event)]);
    };

    if mistakes.is_empty() {
        Ok(content)
    } else {
        Err(mistakes)
    }
}

/// Reads records up to the first element that is not one. An element may be a message of another
/// batch, and test notifications are skipped.
fn read_records(
    records: &Node<'_>,
    depth: usize,
    envelopes: &mut Vec<Envelope>,
    mistakes: &mut Vec<Mistake>,
) -> Content {
    let Some(elements) = records.elements() else {
        mistakes.push(records.mistake(ErrorKind::InvalidField));
        return Content::Records(Vec::new());
    };

    let (mut read, mut others) = (Vec::new(), Vec::new());
    let outside = envelopes.clone();

    if elements.is_empty() {
        envelopes.push(Envelope::S3);
    }

    for element in &elements {
        if mistakes.iter().any(|mistake| !mistake.is_doubtful) {
            break;
        }

        match element.is_text("Event", "s3:TestEvent") {
            Ok(true) => {
                *envelopes = [&outside[..], &[Envelope::S3]].concat();
                others.push(Content::Test(record::test_event(element, mistakes)));
            }
            Ok(false) if element.get("s3").is_some() => {
                *envelopes = [&outside[..], &[Envelope::S3]].concat();
                let fields = record::s3_record(element, mistakes);
                read.push(Record {
                    fields,
                    raw: element.value.clone(),
                    marks: element.marks,
                });
            }
            Ok(false) => {
                let Some((envelope, message)) = message_of_batch(element) else {
                    return wrong(element.mistake(ErrorKind::NotAnS3Event), mistakes);
                };

                *envelopes = [&outside[..], &[envelope]].concat();
                if depth == MAX_NESTING {
                    return wrong(message.mistake(ErrorKind::TooDeep), mistakes);
                }

                match read_message(&message, depth + 1, envelopes) {
                    Ok(Content::Records(records)) => read.extend(records),
                    Ok(other) => others.push(other),
                    Err(more) => {
                        // After a doubtful mistake, the reader may go on.
                        let is_certain = more.iter().any(|mistake| !mistake.is_doubtful);
                        mistakes.extend(more);

                        if is_certain {
                            return Content::Records(Vec::new());
                        }
                    }
                }
            }
            Err(mistake) => return wrong(mistake, mistakes),
        }
    }

    if read.is_empty() && !others.is_empty() {
        others.remove(0)
    } else {
        Content::Records(read)
    }
}

/// The content of a message of another batch that is an entry of `Records`.
fn message_of_batch<'v>(element: &Node<'v>) -> Option<(Envelope, Node<'v>)> {
    let sns = element.get("Sns").and_then(|sns| sns.get("Message"));
    match sns {
        Some(message) => Some((Envelope::Sns, message)),
        None => Some((Envelope::Sqs, element.get("body")?)),
    }
}

fn wrong(mistake: Mistake, mistakes: &mut Vec<Mistake>) -> Content {
    mistakes.push(mistake);
    Content::Records(Vec::new())
}
