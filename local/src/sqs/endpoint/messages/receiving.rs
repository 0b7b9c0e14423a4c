//! `ReceiveMessage`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::attributes::{AttributeJson, choose};
use crate::aws::arn::queue_arn;
use crate::aws::digest::md5_hex;
use crate::aws::time::milliseconds;
use crate::faults::Hop;
use crate::sqs::endpoint::error::SqsError;
use crate::sqs::endpoint::service::SqsService;
use crate::sqs::{Received, md5_of_attributes, sequence_number};
use crate::topology::QueueSpec;

/// How many messages a client can receive at once (`ReceiveMessage`, Amazon SQS API Reference,
/// 2026).
const MAX_MESSAGES: i64 = 10;

/// The longest visibility timeout and the longest wait, in seconds (same source).
const MAX_TIMEOUT: i64 = 12 * 60 * 60;
const MAX_WAIT: i64 = 20;

/// The id of every sender: that of AWS's own examples.
const SENDER_ID: &str = "AIDAIENQZJOLO23YVJ4VO";

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs::endpoint) struct ReceiveMessageInput {
    queue_url: Option<String>,
    /// The older name of the next parameter.
    attribute_names: Option<Vec<String>>,
    message_system_attribute_names: Option<Vec<String>>,
    message_attribute_names: Option<Vec<String>>,
    max_number_of_messages: Option<i64>,
    visibility_timeout: Option<i64>,
    wait_time_seconds: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs::endpoint) struct ReceiveMessageOutput {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<MessageJson>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct MessageJson {
    message_id: String,
    receipt_handle: String,
    #[serde(rename = "MD5OfBody")]
    md5_of_body: String,
    body: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<&'static str, String>,
    #[serde(
        rename = "MD5OfMessageAttributes",
        skip_serializing_if = "Option::is_none"
    )]
    md5_of_message_attributes: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    message_attributes: BTreeMap<String, AttributeJson>,
}

/// Receives up to ten messages, and waits for the first one if the client says so.
pub(in crate::sqs::endpoint) async fn receive_message(
    service: &SqsService,
    input: ReceiveMessageInput,
) -> Result<ReceiveMessageOutput, SqsError> {
    let queue = service.queue(input.queue_url.as_deref())?;
    let count = input.max_messages()?;
    let timeout = read_seconds("VisibilityTimeout", input.visibility_timeout, MAX_TIMEOUT)?;
    let wait = read_seconds("WaitTimeSeconds", input.wait_time_seconds, MAX_WAIT)?;
    let answer = service.admit(Hop::Receive, &queue, String::new)?;

    let received = service
        .engine
        .receive_for_client(&queue.name, count, timeout, wait);
    let received = service.unless_stopped(received).await?;

    let messages = received
        .iter()
        .flatten()
        .map(|received| input.describe(&queue, received));

    answer.deliver(ReceiveMessageOutput {
        messages: messages.collect(),
    })
}

fn read_seconds(
    parameter: &str,
    seconds: Option<i64>,
    most: i64,
) -> Result<Option<Duration>, SqsError> {
    match seconds {
        None => Ok(None),
        Some(seconds @ 0..) if seconds <= most => Ok(Some(Duration::from_secs(seconds as u64))),
        Some(seconds) => {
            let reason = format!("Must be >= 0 and <= {most}, if provided.");
            Err(SqsError::invalid_value(parameter, seconds, &reason))
        }
    }
}

impl ReceiveMessageInput {
    fn max_messages(&self) -> Result<usize, SqsError> {
        match self.max_number_of_messages {
            None => Ok(1),
            Some(count @ 1..=MAX_MESSAGES) => Ok(count as usize),
            Some(count) => {
                let reason = format!("Must be between 1 and {MAX_MESSAGES}, if provided.");
                Err(SqsError::invalid_value(
                    "MaxNumberOfMessages",
                    count,
                    &reason,
                ))
            }
        }
    }

    /// Whether the client asks for this system attribute.
    fn wants(&self, name: &str) -> bool {
        let names = self.attribute_names.iter().flatten();
        let mut names = names.chain(self.message_system_attribute_names.iter().flatten());

        names.any(|wanted| wanted == "All" || wanted == name)
    }

    /// A message with the attributes that the client asks for.
    fn describe(&self, queue: &QueueSpec, received: &Received) -> MessageJson {
        let message = &received.message;
        let names = self.message_attribute_names.as_deref().unwrap_or_default();
        let chosen = choose(&message.attributes, names);

        let mut attributes = system_attributes(queue, received);
        attributes.retain(|name, _| self.wants(name));

        MessageJson {
            message_id: message.id.to_string(),
            receipt_handle: received.receipt.to_string(),
            md5_of_body: md5_hex(message.body.as_bytes()),
            body: message.body.to_string(),
            attributes,
            md5_of_message_attributes: md5_of_attributes(
                chosen.clone().map(|(name, attribute)| (&**name, attribute)),
            ),
            message_attributes: chosen
                .map(|(name, attribute)| (name.to_string(), AttributeJson::of(attribute)))
                .collect(),
        }
    }
}

fn system_attributes(queue: &QueueSpec, received: &Received) -> BTreeMap<&'static str, String> {
    let message = &received.message;
    let text = |text: &std::sync::Arc<str>| text.to_string();
    let of_fifo = queue.is_fifo();

    let always = [
        ("SenderId", SENDER_ID.to_owned()),
        ("SentTimestamp", milliseconds(received.sent).to_string()),
        (
            "ApproximateReceiveCount",
            received.receive_count.to_string(),
        ),
        (
            "ApproximateFirstReceiveTimestamp",
            milliseconds(received.first_received).to_string(),
        ),
    ];

    let sometimes = [
        ("AWSTraceHeader", message.trace_header.as_ref().map(text)),
        ("MessageGroupId", message.group_id.as_ref().map(text)),
        (
            "MessageDeduplicationId",
            message.deduplication_id.as_ref().map(text),
        ),
        (
            "SequenceNumber",
            of_fifo.then(|| sequence_number(received.sequence_number)),
        ),
        (
            "DeadLetterQueueSourceArn",
            received.dead_letter_source.as_deref().map(queue_arn),
        ),
    ];

    let sometimes = sometimes
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));

    always.into_iter().chain(sometimes).collect()
}
