//! `SendMessage` and its batch.

use serde::{Deserialize, Serialize};

use super::given_message::{GivenMessage, NO_DEDUPLICATION_ID, Outgoing, TRACE_HEADER};
use crate::aws::digest::md5_hex;
use crate::faults::Hop;
use crate::sqs::endpoint::batch::{
    BatchEntry, BatchInput, BatchOutput, check_entries, join_results, part_valid,
};
use crate::sqs::endpoint::error::{ErrorCode, SqsError};
use crate::sqs::endpoint::service::SqsService;
use crate::sqs::{
    Accepted, Message, MessageAttribute, SendRefusal, md5_of_attributes, sequence_number,
};
use crate::topology::{MAX_MESSAGE_BYTES, QueueSpec};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs::endpoint) struct SendMessageInput {
    queue_url: Option<String>,
    #[serde(flatten)]
    message: GivenMessage,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs::endpoint) struct SendEntry {
    id: Option<String>,
    #[serde(flatten)]
    message: GivenMessage,
}

/// What a client learns about a message that it sent.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs::endpoint) struct SentOutput {
    message_id: String,
    #[serde(rename = "MD5OfMessageBody")]
    md5_of_body: String,
    #[serde(
        rename = "MD5OfMessageAttributes",
        skip_serializing_if = "Option::is_none"
    )]
    md5_of_attributes: Option<String>,
    #[serde(
        rename = "MD5OfMessageSystemAttributes",
        skip_serializing_if = "Option::is_none"
    )]
    md5_of_system_attributes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence_number: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs::endpoint) struct SentEntry {
    id: String,
    #[serde(flatten)]
    sent: SentOutput,
}

impl BatchEntry for SendEntry {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

/// Sends a message.
pub(in crate::sqs::endpoint) async fn send_message(
    service: &SqsService,
    input: SendMessageInput,
) -> Result<SentOutput, SqsError> {
    let queue = service.queue(input.queue_url.as_deref())?;
    let outgoing = input.message.read(&queue)?;
    let answer = service.admit(Hop::Send, &queue, || outgoing.0.body.to_string())?;

    let mut results = send(service, &queue, vec![outgoing]).await?;
    let sent = results.pop().ok_or_else(SqsError::queue_does_not_exist)??;

    answer.deliver(sent)
}

/// Sends up to ten messages.
pub(in crate::sqs::endpoint) async fn send_message_batch(
    service: &SqsService,
    input: BatchInput<SendEntry>,
) -> Result<BatchOutput<SentEntry>, SqsError> {
    let queue = service.queue(input.queue_url.as_deref())?;
    let entries = check_entries(input.entries, "SendMessageBatchRequestEntry")?;
    check_batch_length(&entries)?;

    // SQS refuses the whole batch for these, although each is about one entry.
    for entry in &entries {
        entry
            .message
            .check_fifo_ids(&queue)
            .map_err(|error| SqsError::new(ErrorCode::InvalidParameterValue, error.message()))?;
    }

    let (ids, messages): (Vec<_>, Vec<_>) = entries
        .into_iter()
        .map(|entry| (entry.id.unwrap_or_default(), entry.message.read(&queue)))
        .unzip();
    let (valid, errors) = part_valid(messages.into_iter());
    let answer = service.admit(Hop::Send, &queue, || {
        let bodies = valid.iter().map(|(message, _)| &*message.body);
        bodies.collect::<Vec<_>>().join("\n")
    })?;
    let results = join_results(send(service, &queue, valid).await?, errors);

    let results = ids.into_iter().zip(results).map(|(id, result)| {
        let entry = result.map(|sent| SentEntry {
            id: id.clone(),
            sent,
        });
        (id, entry)
    });

    answer.deliver(BatchOutput::new(results))
}

/// Messages together must be no longer than one alone may be at most.
fn check_batch_length(entries: &[SendEntry]) -> Result<(), SqsError> {
    let length: usize = entries.iter().map(|entry| entry.message.length()).sum();
    if length <= MAX_MESSAGE_BYTES {
        return Ok(());
    }

    let message = format!(
        "Batch requests cannot be longer than {MAX_MESSAGE_BYTES} bytes. You have sent {length} \
         bytes."
    );
    Err(SqsError::new(ErrorCode::BatchRequestTooLong, message))
}

/// Sends messages, and returns a result for each.
async fn send(
    service: &SqsService,
    queue: &QueueSpec,
    messages: Vec<Outgoing>,
) -> Result<Vec<Result<SentOutput, SqsError>>, SqsError> {
    let outputs: Vec<_> = messages
        .iter()
        .map(|(message, _)| SentOutput::digests(message))
        .collect();
    let admitted = messages.into_iter().map(|outgoing| {
        service.admit_entry(Hop::Send, queue, outgoing, |(message, _)| {
            message.body.to_string()
        })
    });
    let (admitted, errors) = part_valid(admitted);

    let results = service
        .engine
        .send_for_client(&queue.name, admitted)
        .await?
        .into_iter()
        .map(|result| result.map_err(|refusal| explain_refusal(refusal, queue)));
    let results = join_results(results.collect(), errors);

    let complete = |(result, output): (Result<Accepted, _>, SentOutput)| {
        result.map(|accepted| output.complete(queue, &accepted))
    };

    Ok(results.into_iter().zip(outputs).map(complete).collect())
}

fn explain_refusal(refusal: SendRefusal, queue: &QueueSpec) -> SqsError {
    match refusal {
        SendRefusal::Full => {
            let message = format!("The queue is full: it holds {} messages.", queue.capacity);
            SqsError::new(ErrorCode::RequestThrottled, message)
        }
        SendRefusal::TooLong => SqsError::invalid(format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {} bytes.",
            queue.max_message_size
        )),
        SendRefusal::NoGroup => SqsError::missing("MessageGroupId"),
        SendRefusal::NoDeduplicationId => SqsError::invalid(NO_DEDUPLICATION_ID),
        SendRefusal::QueueDeleted => SqsError::queue_does_not_exist(),
    }
}

impl SentOutput {
    /// What is known about a message before it is sent.
    fn digests(message: &Message) -> Self {
        let attributes = message.attributes.iter();
        let attributes = attributes.map(|(name, attribute)| (&**name, attribute));
        let trace_header = message
            .trace_header
            .as_ref()
            .map(|header| MessageAttribute::text("String", header.clone()));

        Self {
            message_id: String::new(),
            md5_of_body: md5_hex(message.body.as_bytes()),
            md5_of_attributes: md5_of_attributes(attributes),
            md5_of_system_attributes: md5_of_attributes(
                trace_header.iter().map(|header| (TRACE_HEADER, header)),
            ),
            sequence_number: None,
        }
    }

    fn complete(mut self, queue: &QueueSpec, accepted: &Accepted) -> Self {
        self.message_id = accepted.message_id.to_string();
        self.sequence_number = queue.is_fifo().then(|| sequence_number(accepted.serial));

        self
    }
}
