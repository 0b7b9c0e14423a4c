//! `ChangeMessageVisibility` and its batch.

use std::time::Duration;

use serde::Deserialize;

use super::acknowledging::{GivenReceipt, NoOutput, done_output};
use crate::faults::Hop;
use crate::sqs::VisibilityRefusal;
use crate::sqs::endpoint::batch::{
    BatchEntry, BatchInput, BatchOutput, DoneEntry, check_entries, join_results, part_valid,
};
use crate::sqs::endpoint::call_faults::Answer;
use crate::sqs::endpoint::error::{ErrorCode, SqsError};
use crate::sqs::endpoint::service::SqsService;
use crate::topology::QueueSpec;

/// The longest visibility timeout ("Amazon SQS visibility timeout", Amazon SQS Developer Guide,
/// 2026), in seconds.
const MAX_TIMEOUT: i64 = 12 * 60 * 60;

/// A message with its new visibility timeout.
type GivenTimeout<'h> = (GivenReceipt<'h>, Duration);

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs::endpoint) struct ChangeMessageVisibilityInput {
    queue_url: Option<String>,
    receipt_handle: Option<String>,
    visibility_timeout: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs::endpoint) struct VisibilityEntry {
    id: Option<String>,
    receipt_handle: Option<String>,
    visibility_timeout: Option<i64>,
}

impl BatchEntry for VisibilityEntry {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

/// Changes how long a received message stays invisible.
pub(in crate::sqs::endpoint) async fn change_message_visibility(
    service: &SqsService,
    input: ChangeMessageVisibilityInput,
) -> Result<NoOutput, SqsError> {
    let queue = service.queue(input.queue_url.as_deref())?;

    let given = GivenReceipt::read(&queue, input.receipt_handle.as_deref())?;
    let given = vec![(given, read_timeout(input.visibility_timeout)?)];
    let answer = admit_change(service, &queue, &given)?;

    change_visibility(service, &queue, given)?
        .pop()
        .unwrap_or(Ok(()))?;
    answer.deliver(NoOutput {})
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
    let answer = admit_change(service, &queue, &valid)?;

    let results = join_results(change_visibility(service, &queue, valid)?, errors);
    answer.deliver(done_output(
        entries.iter().map(VisibilityEntry::id),
        results,
    ))
}

/// Decides whether a change goes ahead.
fn admit_change(
    service: &SqsService,
    queue: &QueueSpec,
    given: &[GivenTimeout<'_>],
) -> Result<Answer, SqsError> {
    service.admit(Hop::ChangeVisibility, queue, || {
        let changes = given.iter().map(fault_key);
        changes.collect::<Vec<_>>().join(" ")
    })
}

/// What a change is about, in the same way in each run.
fn fault_key((given, timeout): &GivenTimeout<'_>) -> String {
    format!("{} {}", given.receipt.receive(), timeout.as_secs())
}

/// Changes the visibility timeouts, and returns a result for each.
fn change_visibility(
    service: &SqsService,
    queue: &QueueSpec,
    given: Vec<GivenTimeout<'_>>,
) -> Result<Vec<Result<(), SqsError>>, SqsError> {
    let admitted = given
        .into_iter()
        .map(|entry| service.admit_entry(Hop::ChangeVisibility, queue, entry, fault_key));
    let (admitted, errors) = part_valid(admitted);

    let changes = admitted
        .iter()
        .map(|(given, timeout)| (given.receipt, *timeout));
    let results = service.engine.change_visibilities(&queue.name, changes)?;

    let explain = |(result, (given, timeout)): (Result<_, _>, &GivenTimeout<'_>)| {
        result.map_err(|refusal| explain_refusal(refusal, given, *timeout))
    };
    let results = results.into_iter().zip(&admitted).map(explain);

    Ok(join_results(results.collect(), errors))
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
