//! `DeleteMessage`, `ChangeMessageVisibility`, and their batches.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::faults::Hop;
use crate::sqs::endpoint::batch::{
    BatchEntry, BatchInput, BatchOutput, DoneEntry, check_entries, join_results, part_valid,
};
use crate::sqs::endpoint::call_faults::Answer;
use crate::sqs::endpoint::error::{ErrorCode, SqsError};
use crate::sqs::endpoint::service::SqsService;
use crate::sqs::{Deletion, Receipt, VisibilityRefusal};
use crate::topology::QueueSpec;

/// The longest visibility timeout ("Amazon SQS visibility timeout", Amazon SQS Developer Guide,
/// 2026), in seconds.
const MAX_TIMEOUT: i64 = 12 * 60 * 60;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs::endpoint) struct DeleteMessageInput {
    queue_url: Option<String>,
    receipt_handle: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs::endpoint) struct ChangeMessageVisibilityInput {
    queue_url: Option<String>,
    receipt_handle: Option<String>,
    visibility_timeout: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs::endpoint) struct DeleteEntry {
    id: Option<String>,
    receipt_handle: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs::endpoint) struct VisibilityEntry {
    id: Option<String>,
    receipt_handle: Option<String>,
    visibility_timeout: Option<i64>,
}

/// The answer of an operation that has nothing to say.
#[derive(Debug, Serialize)]
pub(in crate::sqs::endpoint) struct NoOutput {}

impl BatchEntry for DeleteEntry {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

impl BatchEntry for VisibilityEntry {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

/// A receipt handle as a client sent it, with the receipt that it stands for.
struct GivenReceipt<'h> {
    handle: &'h str,
    receipt: Receipt,
}

impl<'h> GivenReceipt<'h> {
    /// Reads a receipt handle of this queue.
    fn read(queue: &QueueSpec, handle: Option<&'h str>) -> Result<Self, SqsError> {
        let handle = handle.ok_or_else(|| SqsError::missing("ReceiptHandle"))?;

        match Receipt::parse(handle).filter(|receipt| receipt.is_of_queue(&queue.name)) {
            Some(receipt) => Ok(Self { handle, receipt }),
            None => {
                let message =
                    format!("The input receipt handle \"{handle}\" is not a valid receipt handle.");
                Err(SqsError::new(ErrorCode::ReceiptHandleIsInvalid, message))
            }
        }
    }

    fn is_invalid_because(&self, reason: &str) -> SqsError {
        SqsError::invalid_value("ReceiptHandle", self.handle, reason)
    }
}

/// Deletes a message.
pub(in crate::sqs::endpoint) async fn delete_message(
    service: &SqsService,
    input: DeleteMessageInput,
) -> Result<NoOutput, SqsError> {
    let queue = service.queue(input.queue_url.as_deref())?;
    let given = [GivenReceipt::read(&queue, input.receipt_handle.as_deref())?];
    let answer = admit_deletion(service, &queue, &given)?;

    delete(service, &queue, &given)?.pop().unwrap_or(Ok(()))?;
    answer.deliver(NoOutput {})
}

/// Deletes up to ten messages.
pub(in crate::sqs::endpoint) async fn delete_message_batch(
    service: &SqsService,
    input: BatchInput<DeleteEntry>,
) -> Result<BatchOutput<DoneEntry>, SqsError> {
    let queue = service.queue(input.queue_url.as_deref())?;
    let entries = check_entries(input.entries, "DeleteMessageBatchRequestEntry")?;

    let given = entries
        .iter()
        .map(|entry| GivenReceipt::read(&queue, entry.receipt_handle.as_deref()));
    let (valid, errors) = part_valid(given);
    let answer = admit_deletion(service, &queue, &valid)?;

    let results = join_results(delete(service, &queue, &valid)?, errors);
    answer.deliver(done_output(entries.iter().map(DeleteEntry::id), results))
}

/// Decides whether a deletion goes ahead. Receipt handles are not the same in each run; positions
/// in the queue are.
fn admit_deletion(
    service: &SqsService,
    queue: &QueueSpec,
    given: &[GivenReceipt<'_>],
) -> Result<Answer, SqsError> {
    service.admit(Hop::Delete, queue, || {
        let receives = given.iter().map(|given| given.receipt.receive());
        receives.collect::<Vec<_>>().join(" ")
    })
}

/// Deletes the messages with these receipts, and returns a result for each.
fn delete(
    service: &SqsService,
    queue: &QueueSpec,
    given: &[GivenReceipt<'_>],
) -> Result<Vec<Result<(), SqsError>>, SqsError> {
    let receipts = given.iter().map(|given| given.receipt);
    let deletions = service.engine.delete_for_client(&queue.name, receipts)?;

    // An old receipt handle is an error only in a FIFO queue. In a standard queue "the request
    // succeeds, but the message might not be deleted" (`DeleteMessage`, Amazon SQS API Reference).
    let result = |(deletion, given): (Option<Deletion>, &GivenReceipt<'_>)| match deletion {
        None => Err(SqsError::new(
            ErrorCode::ServiceUnavailable,
            "The request has failed due to a temporary failure of the server.",
        )),
        Some(Deletion::Expired) => Err(given.is_invalid_because("The receipt handle has expired.")),
        Some(Deletion::Superseded) if queue.is_fifo() => {
            Err(given.is_invalid_because("The receipt handle has expired."))
        }
        _ => Ok(()),
    };

    Ok(deletions.into_iter().zip(given).map(result).collect())
}

/// Changes how long a received message stays invisible.
pub(in crate::sqs::endpoint) async fn change_message_visibility(
    service: &SqsService,
    input: ChangeMessageVisibilityInput,
) -> Result<NoOutput, SqsError> {
    let queue = service.queue(input.queue_url.as_deref())?;

    let given = GivenReceipt::read(&queue, input.receipt_handle.as_deref())?;
    let timeout = read_timeout(input.visibility_timeout)?;

    change_visibility(service, &queue, &[(given, timeout)])?
        .pop()
        .unwrap_or(Ok(()))
        .map(|()| NoOutput {})
}

/// Changes how long up to ten received messages stay invisible.
pub(in crate::sqs::endpoint) async fn change_message_visibility_batch(
    service: &SqsService,
    input: BatchInput<VisibilityEntry>,
) -> Result<BatchOutput<DoneEntry>, SqsError> {
    let queue = service.queue(input.queue_url.as_deref())?;
    let entries = check_entries(input.entries, "ChangeMessageVisibilityBatchRequestEntry")?;

    let given = entries.iter().map(|entry| {
        let given = GivenReceipt::read(&queue, entry.receipt_handle.as_deref())?;
        Ok((given, read_timeout(entry.visibility_timeout)?))
    });
    let (valid, errors) = part_valid(given);
    let results = join_results(change_visibility(service, &queue, &valid)?, errors);

    Ok(done_output(
        entries.iter().map(VisibilityEntry::id),
        results,
    ))
}

fn change_visibility(
    service: &SqsService,
    queue: &QueueSpec,
    given: &[(GivenReceipt<'_>, Duration)],
) -> Result<Vec<Result<(), SqsError>>, SqsError> {
    let changes = given
        .iter()
        .map(|(given, timeout)| (given.receipt, *timeout));
    let results = service.engine.change_visibilities(&queue.name, changes)?;

    let explain = |(result, (given, timeout)): (Result<(), VisibilityRefusal>, &(_, Duration))| {
        result.map_err(|refusal| explain_refusal(refusal, given, *timeout))
    };

    Ok(results.into_iter().zip(given).map(explain).collect())
}

fn explain_refusal(
    refusal: VisibilityRefusal,
    given: &GivenReceipt<'_>,
    timeout: Duration,
) -> SqsError {
    match refusal {
        VisibilityRefusal::Absent => given.is_invalid_because(
            "Message does not exist or is not available for visibility timeout change.",
        ),
        VisibilityRefusal::NotInFlight => SqsError::new(
            ErrorCode::MessageNotInflight,
            "The specified message isn't in flight.",
        ),
        VisibilityRefusal::TooLong => SqsError::invalid_value(
            "VisibilityTimeout",
            timeout.as_secs(),
            "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]",
        ),
    }
}

fn read_timeout(seconds: Option<i64>) -> Result<Duration, SqsError> {
    let seconds = seconds.ok_or_else(|| SqsError::missing("VisibilityTimeout"))?;

    u64::try_from(seconds)
        .ok()
        .filter(|_| seconds <= MAX_TIMEOUT)
        .map(Duration::from_secs)
        .ok_or_else(|| {
            let reason = format!("Must be between 0 and {MAX_TIMEOUT}.");
            SqsError::invalid_value("VisibilityTimeout", seconds, &reason)
        })
}

fn done_output<'e>(
    ids: impl Iterator<Item = Option<&'e str>>,
    results: Vec<Result<(), SqsError>>,
) -> BatchOutput<DoneEntry> {
    let ids = ids.map(|id| id.unwrap_or_default().to_owned());

    BatchOutput::new(ids.zip(results).map(|(id, result)| {
        let done = DoneEntry { id: id.clone() };
        (id, result.map(|()| done))
    }))
}
