//! `DeleteMessage` and its batch, and the receipt handles that clients send.

use serde::{Deserialize, Serialize};

use crate::faults::Hop;
use crate::sqs::endpoint::batch::{
    BatchEntry, BatchInput, BatchOutput, DoneEntry, check_entries, join_results, part_valid,
};
use crate::sqs::endpoint::call_faults::Answer;
use crate::sqs::endpoint::error::{ErrorCode, SqsError};
use crate::sqs::endpoint::service::SqsService;
use crate::sqs::{Deletion, Receipt};
use crate::topology::QueueSpec;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs::endpoint) struct DeleteMessageInput {
    queue_url: Option<String>,
    receipt_handle: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs::endpoint) struct DeleteEntry {
    id: Option<String>,
    receipt_handle: Option<String>,
}

/// The answer of an operation that has nothing to say.
#[derive(Debug, Serialize)]
pub(in crate::sqs::endpoint) struct NoOutput {}

impl BatchEntry for DeleteEntry {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

/// A receipt handle as a client sent it, with the receipt that it stands for.
pub(super) struct GivenReceipt<'h> {
    handle: &'h str,
    pub(super) receipt: Receipt,
}

impl<'h> GivenReceipt<'h> {
    /// Reads a receipt handle of this queue.
    pub(super) fn read(queue: &QueueSpec, handle: Option<&'h str>) -> Result<Self, SqsError> {
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

    pub(super) fn is_invalid_because(&self, reason: &str) -> SqsError {
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
        None => Err(SqsError::temporary_failure()),
        Some(Deletion::Expired) => Err(given.is_invalid_because("The receipt handle has expired.")),
        Some(Deletion::Superseded) if queue.is_fifo() => {
            Err(given.is_invalid_because("The receipt handle has expired."))
        }
        _ => Ok(()),
    };

    Ok(deletions.into_iter().zip(given).map(result).collect())
}

/// The answer that names the entries of a batch and what became of each.
pub(super) fn done_output<'e>(
    ids: impl Iterator<Item = Option<&'e str>>,
    results: Vec<Result<(), SqsError>>,
) -> BatchOutput<DoneEntry> {
    let ids = ids.map(|id| id.unwrap_or_default().to_owned());

    BatchOutput::new(ids.zip(results).map(|(id, result)| {
        let done = DoneEntry { id: id.clone() };
        (id, result.map(|()| done))
    }))
}
