//! A message as a client sends it, and the checks that SQS makes.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::attributes::{GivenAttributes, read_attributes};
use super::characters::check_characters;
use crate::sqs::endpoint::error::SqsError;
use crate::sqs::{AttributeValue, Message};
use crate::topology::QueueSpec;

/// The longest delay of a message, in seconds ("Amazon SQS message quotas", Amazon SQS Developer
/// Guide, 2026).
const MAX_DELAY: i64 = 900;

/// The longest group id and deduplication id (same source).
const MAX_ID_CHARACTERS: usize = 128;

/// The only attribute that a sender can set for AWS's own use.
pub(super) const TRACE_HEADER: &str = "AWSTraceHeader";

/// What is wrong with a message without a deduplication id.
pub(super) const NO_DEDUPLICATION_ID: &str = concat!(
    "The queue should either have ContentBasedDeduplication enabled ",
    "or MessageDeduplicationId provided explicitly",
);

/// A message as a client sends it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct GivenMessage {
    message_body: Option<String>,
    delay_seconds: Option<i64>,
    message_attributes: Option<GivenAttributes>,
    message_system_attributes: Option<GivenAttributes>,
    message_deduplication_id: Option<String>,
    message_group_id: Option<String>,
}

/// A message that is ready to be sent, and its delay if it has its own.
pub(super) type Outgoing = (Message, Option<Duration>);

impl GivenMessage {
    /// The length that the limit of a batch is about.
    pub(super) fn length(&self) -> usize {
        let attributes = self.message_attributes.iter().flatten();
        let attributes = attributes.map(|(name, json)| name.len() + json.length());

        self.message_body.as_ref().map_or(0, String::len) + attributes.sum::<usize>()
    }

    /// Checks a message, and makes one of it that has no id yet.
    pub(super) fn read(self, queue: &QueueSpec) -> Result<Outgoing, SqsError> {
        let body = self
            .message_body
            .as_deref()
            .filter(|body| !body.is_empty())
            .ok_or_else(|| SqsError::missing("MessageBody"))?;
        check_characters(body)?;
        self.check_fifo_ids(queue)?;
        let delay = self.delay(queue)?;

        let mut message = Message::new("", body);
        message.attributes = read_attributes(self.message_attributes.unwrap_or_default())?;
        message.trace_header = trace_header(self.message_system_attributes.unwrap_or_default())?;
        message.group_id = self.message_group_id.map(Into::into);
        message.deduplication_id = self.message_deduplication_id.map(Into::into);

        Ok((message, delay))
    }

    /// Checks the group id and the deduplication id, which a FIFO queue needs.
    pub(super) fn check_fifo_ids(&self, queue: &QueueSpec) -> Result<(), SqsError> {
        let group_id = self.message_group_id.as_deref();
        let deduplication_id = self.message_deduplication_id.as_deref();
        check_id("MessageGroupId", group_id)?;
        check_id("MessageDeduplicationId", deduplication_id)?;

        if !queue.is_fifo() {
            return match deduplication_id {
                Some(id) => Err(SqsError::invalid_value(
                    "MessageDeduplicationId",
                    id,
                    "The request includes a parameter that is not valid for this queue type.",
                )),
                None => Ok(()),
            };
        }

        if group_id.is_none() {
            return Err(SqsError::missing("MessageGroupId"));
        }

        if deduplication_id.is_none() && !queue.content_based_deduplication {
            return Err(SqsError::invalid(NO_DEDUPLICATION_ID));
        }

        Ok(())
    }

    fn delay(&self, queue: &QueueSpec) -> Result<Option<Duration>, SqsError> {
        let Some(seconds) = self.delay_seconds else {
            return Ok(None);
        };

        if queue.is_fifo() && seconds != 0 {
            let reason = "The request include parameter that is not valid for this queue type.";
            return Err(SqsError::invalid_value("DelaySeconds", seconds, reason));
        }

        let delay = u64::try_from(seconds)
            .ok()
            .filter(|_| seconds <= MAX_DELAY)
            .map(Duration::from_secs)
            .ok_or_else(|| {
                let reason = format!("DelaySeconds must be >= 0 and <= {MAX_DELAY}.");
                SqsError::invalid_value("DelaySeconds", seconds, &reason)
            })?;

        // A FIFO queue has one delay for all its messages.
        Ok((!queue.is_fifo()).then_some(delay))
    }
}

fn check_id(parameter: &str, id: Option<&str>) -> Result<(), SqsError> {
    let is_valid = |id: &str| {
        (1..=MAX_ID_CHARACTERS).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_graphic())
    };

    match id {
        Some(id) if !is_valid(id) => {
            let reason = format!(
                "{parameter} can only include alphanumeric and punctuation characters. 1 to \
                 {MAX_ID_CHARACTERS} in length."
            );
            Err(SqsError::invalid_value(parameter, id, &reason))
        }
        _ => Ok(()),
    }
}

fn trace_header(mut given: GivenAttributes) -> Result<Option<Arc<str>>, SqsError> {
    let trace_header = given.remove(TRACE_HEADER);
    if let Some(name) = given.keys().next() {
        return Err(SqsError::invalid(format!(
            "Message system attribute name '{name}' is invalid."
        )));
    }

    let attributes = read_attributes(
        trace_header
            .into_iter()
            .map(|json| (TRACE_HEADER.to_owned(), json))
            .collect(),
    )?;

    match attributes.into_values().next().map(|found| found.value) {
        None => Ok(None),
        Some(AttributeValue::Text(text)) => Ok(Some(text)),
        Some(AttributeValue::Binary(_)) => Err(SqsError::invalid(format!(
            "Message system attribute '{TRACE_HEADER}' must be a String."
        ))),
    }
}
