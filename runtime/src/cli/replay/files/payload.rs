//! The messages of a payload in a file.

use bytes::Bytes;
use s3_dispatch_core::delivery::{Delivery, Message};
use s3_dispatch_core::{Error, EventName, MessageContext, S3EventRecord};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The messages of a payload.
pub(super) struct Payload {
    delivery: Delivery,
    /// The errors that dead letters tell of, by the index of their message.
    errors: Vec<Option<String>>,
}

/// A message of a payload that can be read.
pub(super) struct Readable<'p> {
    pub(super) context: MessageContext,
    pub(super) body: Bytes,
    pub(super) records: &'p [S3EventRecord],
    /// The error that a dead letter tells of.
    pub(super) error: Option<&'p str>,
}

impl Payload {
    /// Reads a payload. The tasks of a batch job stand for this event, unless the job says so
    /// itself.
    ///
    /// # Errors
    ///
    /// The same as [`Delivery::parse`].
    pub(super) fn parse(json: Vec<u8>, batch_event: Option<&EventName>) -> Result<Self, Error> {
        let json = Bytes::from(json);
        let mut delivery = Delivery::parse(json.clone())?;
        if let Some(event) = batch_event {
            delivery.set_batch_event(event);
        }

        Ok(Self {
            errors: errors(&json),
            delivery,
        })
    }

    /// The messages in their order, or why one cannot be read. `place` stands for the id of a
    /// message that has none.
    pub(super) fn messages<'p>(
        &'p self,
        place: &'p str,
    ) -> impl Iterator<Item = Result<Readable<'p>, &'p Error>> {
        let messages = self.delivery.messages().iter().enumerate();
        messages.map(move |(index, message)| {
            message.content.as_ref()?;

            Ok(Readable {
                context: context(&message.context, place),
                body: body(message),
                records: self.delivery.records_of(message),
                error: self.errors.get(index).and_then(Option::as_deref),
            })
        })
    }
}

/// What of a context still holds. The queue does not have the message anymore.
fn context(recorded: &MessageContext, place: &str) -> MessageContext {
    let id = recorded.message_id().map(|id| id.as_str());
    let id = id.filter(|id| !id.is_empty()).unwrap_or(place);
    let mut context = MessageContext::new().with_message_id(id);

    if let Some(count) = recorded.receive_count() {
        context = context.with_receive_count(count);
    }
    if let Some(group) = recorded.group_id() {
        context = context.with_group_id(group.clone());
    }
    if let Some(header) = recorded.trace_header() {
        context = context.with_trace_header(header.clone());
    }
    if let Some(parent) = recorded.trace_parent() {
        context = context.with_trace_parent(parent.clone());
    }

    context
}

fn body(message: &Message) -> Bytes {
    let body = message.body().unwrap_or_default();
    Bytes::from(body.into_owned())
}

/// What says why messages became dead letters: the attribute `Error` that
/// [`SqsDeadLetters`](crate::SqsDeadLetters) sets, in the output of `aws sqs receive-message` and
/// in an event of Lambda, and the answer in what Lambda sends to a destination.
#[derive(Deserialize)]
struct Batch<'j> {
    #[serde(borrow, alias = "Records", rename = "Messages")]
    messages: Option<&'j RawValue>,
    #[serde(borrow, rename = "requestPayload")]
    request_payload: Option<&'j RawValue>,
    #[serde(rename = "responsePayload")]
    response_payload: Option<Response>,
}

#[derive(Deserialize)]
struct Response {
    #[serde(rename = "errorMessage")]
    error_message: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(alias = "messageAttributes", rename = "MessageAttributes")]
    attributes: Option<Attributes>,
}

#[derive(Deserialize)]
struct Attributes {
    #[serde(rename = "Error")]
    error: Option<Attribute>,
}

#[derive(Deserialize)]
struct Attribute {
    #[serde(alias = "stringValue", rename = "StringValue")]
    text: Option<String>,
}

/// Returns the errors that the messages of a payload tell of. What is not in one of the known forms
/// tells of none.
fn errors(json: &[u8]) -> Vec<Option<String>> {
    // Most payloads tell of none, and need not be read a second time.
    if !contains(json, b"ttributes") && !contains(json, b"responsePayload") {
        return Vec::new();
    }

    let batch = match serde_json::from_slice::<Batch<'_>>(json) {
        Ok(batch) => batch,
        // EventBridge Pipes sends a bare array.
        Err(_) => return entries(json),
    };
    if let Some(messages) = batch.messages {
        return entries(messages.get().as_bytes());
    }

    let Some(payload) = batch.request_payload else {
        return Vec::new();
    };
    let all = batch
        .response_payload
        .and_then(|answer| answer.error_message);
    let own = errors(payload.get().as_bytes());
    let count = Delivery::parse(payload.get().to_owned()).map_or(0, |one| one.messages().len());

    (0..count)
        .map(|index| own.get(index).cloned().flatten().or_else(|| all.clone()))
        .collect()
}

fn entries(json: &[u8]) -> Vec<Option<String>> {
    let entries: Vec<&RawValue> = serde_json::from_slice(json).unwrap_or_default();
    let error = |entry: &RawValue| {
        let entry: Entry = serde_json::from_str(entry.get()).ok()?;
        entry.attributes?.error?.text
    };

    entries.into_iter().map(error).collect()
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
