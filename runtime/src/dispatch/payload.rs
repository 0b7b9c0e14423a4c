//! What Lambda was invoked with.

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use bytes::Bytes;
use s3_dispatch_core::{Delivery, Error, MessageContext};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// The event of one invocation: the bytes of any delivery, or an `SqsEvent` that was read already.
///
/// Bytes are read by us, so that a body that is not what we expect costs its message and not the
/// batch.
#[derive(Debug, Clone)]
pub struct Payload(Form);

#[derive(Debug, Clone)]
enum Form {
    Bytes(Bytes),
    Sqs(Box<SqsEvent>),
}

impl Payload {
    /// Reads the messages.
    pub(crate) fn into_delivery(self) -> Result<Delivery, Error> {
        match self.0 {
            Form::Bytes(bytes) => Delivery::parse(bytes),
            Form::Sqs(event) => {
                Delivery::from_sqs_messages(event.records.into_iter().map(take_apart))
            }
        }
    }
}

fn take_apart(message: SqsMessage) -> (MessageContext, Option<String>) {
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

    if let Some(count) = attribute("ApproximateReceiveCount").and_then(|count| count.parse().ok()) {
        context = context.with_receive_count(count);
    }

    if let Some(group) = attribute("MessageGroupId") {
        context = context.with_group_id(group.as_str());
    }

    if let Some(header) = attribute("AWSTraceHeader") {
        context = context.with_trace_header(header.as_str());
    }

    (context, message.body)
}

impl From<Bytes> for Payload {
    fn from(bytes: Bytes) -> Self {
        Self(Form::Bytes(bytes))
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self::from(Bytes::from(bytes))
    }
}

impl From<&[u8]> for Payload {
    fn from(bytes: &[u8]) -> Self {
        Self::from(Bytes::copy_from_slice(bytes))
    }
}

impl From<String> for Payload {
    fn from(text: String) -> Self {
        Self::from(Bytes::from(text))
    }
}

impl From<&str> for Payload {
    fn from(text: &str) -> Self {
        Self::from(text.as_bytes())
    }
}

impl From<SqsEvent> for Payload {
    fn from(event: SqsEvent) -> Self {
        Self(Form::Sqs(Box::new(event)))
    }
}

/// Any JSON, kept as it is, for a function that lets `lambda_runtime` deserialize.
impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self::from(String::from(Box::<str>::from(json))))
    }
}
