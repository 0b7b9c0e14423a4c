//! The input of a dispatch.

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use bytes::Bytes;
use s3_dispatch_core::__private::parse_receive_count;
use s3_dispatch_core::delivery::Delivery;
use s3_dispatch_core::{Error, EventName, MessageContext};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// The event of one invocation: any delivery as JSON, or an `SqsEvent` that is already
/// deserialized.
///
/// The JSON may be a batch of SQS or SNS messages, an S3 notification, an EventBridge event, or the
/// tasks of an S3 Batch Operations job.
/// Prefer JSON to an `SqsEvent`. The dispatcher reads each message of the JSON on its own, so a
/// message that it cannot read does not affect the others. An `SqsEvent` is deserialized as a whole
/// before the dispatcher sees it, so one field of an unexpected type fails the whole batch.
///
/// Creating a payload does not parse it; [`Dispatcher::dispatch`](crate::Dispatcher::dispatch)
/// does. Strings, bytes and `SqsEvent` convert into a payload, so they can be passed to `dispatch`
/// directly.
///
/// # Examples
///
/// ```
/// use s3_dispatch::Payload;
///
/// let from_text = Payload::from(r#"{"Records": []}"#);
/// let from_bytes = Payload::from(b"{\"Records\": []}".to_vec());
/// let by_serde: Payload = serde_json::from_str(r#"{"Records": []}"#)?;
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Payload(Form);

#[derive(Debug, Clone)]
enum Form {
    Json(Bytes),
    Sqs(Box<SqsEvent>),
}

impl Payload {
    /// Reads the messages. The tasks of a batch job stand for this event, unless the job says so
    /// itself.
    ///
    /// # Errors
    ///
    /// The same as [`Delivery::parse`] and [`Delivery::from_sqs_messages`].
    pub(crate) fn into_delivery(self, batch_event: Option<&EventName>) -> Result<Delivery, Error> {
        match self.0 {
            Form::Json(bytes) => {
                let mut delivery = Delivery::parse(bytes)?;
                if let Some(event) = batch_event {
                    delivery.set_batch_event(event);
                }

                Ok(delivery)
            }
            Form::Sqs(event) => {
                Delivery::from_sqs_messages(event.records.into_iter().map(context_and_body))
            }
        }
    }
}

fn context_and_body(message: SqsMessage) -> (MessageContext, Option<String>) {
    let mut context = MessageContext::new();
    if let Some(id) = message.message_id {
        context = context.with_message_id(id);
    }

    if let Some(handle) = message.receipt_handle {
        context = context.with_receipt_handle(handle);
    }

    if let Some(arn) = message.event_source_arn {
        context = context.with_queue_arn(arn);
    }

    let attribute = |name: &str| {
        message
            .attributes
            .get(name)
            .filter(|value| !value.is_empty())
    };

    if let Some(count) =
        attribute("ApproximateReceiveCount").and_then(|count| parse_receive_count(count))
    {
        context = context.with_receive_count(count);
    }

    if let Some(group) = attribute("MessageGroupId") {
        context = context.with_group_id(group.as_str());
    }

    if let Some(header) = attribute("AWSTraceHeader") {
        context = context.with_trace_header(header.as_str());
    }

    let trace_parent = message.message_attributes.get("traceparent");
    if let Some(sent) = trace_parent.and_then(|attribute| attribute.string_value.as_ref()) {
        context = context.with_trace_parent(sent.as_str());
    }

    (context, message.body)
}

/// Takes the JSON without copying it.
impl From<Bytes> for Payload {
    fn from(json: Bytes) -> Self {
        Self(Form::Json(json))
    }
}

/// Takes the JSON without copying it.
impl From<Vec<u8>> for Payload {
    fn from(json: Vec<u8>) -> Self {
        Self::from(Bytes::from(json))
    }
}

/// Copies the JSON.
impl From<&[u8]> for Payload {
    fn from(json: &[u8]) -> Self {
        Self::from(Bytes::copy_from_slice(json))
    }
}

/// Takes the JSON without copying it.
impl From<String> for Payload {
    fn from(json: String) -> Self {
        Self::from(Bytes::from(json))
    }
}

/// Copies the JSON.
impl From<&str> for Payload {
    fn from(json: &str) -> Self {
        Self::from(json.as_bytes())
    }
}

/// Takes a batch that an existing function has deserialized.
impl From<SqsEvent> for Payload {
    fn from(event: SqsEvent) -> Self {
        Self(Form::Sqs(Box::new(event)))
    }
}

/// Takes any JSON as it is, for a function that lets `lambda_runtime` deserialize its event.
impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self::from(String::from(Box::<str>::from(json))))
    }
}
