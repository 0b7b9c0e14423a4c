//! The result of one task of an S3 Batch Operations job.

use s3_dispatch_core::delivery::Message;
use s3_dispatch_core::{HandlerError, Outcome};
use serde::Serialize;

use crate::dispatch::engine::{Outcomes, RecordOutcome, record_range};
use crate::telemetry::errors::with_causes;

/// The result of one task of an S3 Batch Operations job.
///
/// ```json
/// {"taskId": "dGFza2lkZ29lc2hlcmUK", "resultCode": "TemporaryFailure",
///  "resultString": "the table is unavailable"}
/// ```
///
/// | outcome of the record | code | text |
/// |---|---|---|
/// | handled | `Succeeded` | `handled` |
/// | skipped | `Succeeded` | `skipped:` and the reason |
/// | failed, worth a retry | `TemporaryFailure` | the error with its causes |
/// | failed permanently | `PermanentFailure` | the error with its causes |
/// | failed permanently, and the dead-letter sink has stored it | `PermanentFailure` | the same |
/// | not reached before the deadline | `TemporaryFailure` | that it was not reached |
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TaskResult {
    /// The id of the task.
    pub task_id: String,
    /// What became of it.
    pub result_code: ResultCode,
    /// Why, in one line of at most 1,024 bytes. The job's completion report has it.
    pub result_string: String,
}

/// What became of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub enum ResultCode {
    /// It is done.
    Succeeded,
    /// The job sends it again before it completes.
    TemporaryFailure,
    /// It has failed for good. The job fails if too many tasks do.
    PermanentFailure,
}

impl TaskResult {
    pub(super) fn new(task: &Message, outcomes: &Outcomes) -> Self {
        let id = task.context.message_id();
        let record = task.content.as_ref().ok().map(record_range);
        let outcome = record.and_then(|mut records| outcomes.record(records.next()?));
        let (result_code, text) = result(outcome);

        Self {
            task_id: id.map_or_else(String::new, |id| id.as_str().to_owned()),
            result_code,
            result_string: one_line(&text),
        }
    }
}

fn result(outcome: Option<&RecordOutcome>) -> (ResultCode, String) {
    let Some(RecordOutcome {
        outcome,
        is_dead_letter,
    }) = outcome
    else {
        let text = "not reached: the time ran out, or an earlier task of the same key failed";
        return (ResultCode::TemporaryFailure, text.to_owned());
    };

    match outcome {
        Outcome::Handled => (ResultCode::Succeeded, "handled".to_owned()),
        Outcome::Skipped(reason) => (ResultCode::Succeeded, format!("skipped: {reason}")),
        Outcome::Failed(error) => failure(error, *is_dead_letter),
    }
}

fn failure(error: &HandlerError, is_dead_letter: bool) -> (ResultCode, String) {
    let text = with_causes(error.as_error());

    match (error.is_permanent(), is_dead_letter) {
        (false, _) => (ResultCode::TemporaryFailure, text),
        (true, false) => (ResultCode::PermanentFailure, text),
        (true, true) => {
            let text = format!("stored as a dead letter: {text}");
            (ResultCode::PermanentFailure, text)
        }
    }
}

/// Writes a text on one line of at most 1,024 bytes. AWS names no limit for it. This is the one of
/// the other text of a task, the key in a manifest ("Invoke AWS Lambda function", Amazon S3 User
/// Guide, 2026).
fn one_line(text: &str) -> String {
    const MAX_BYTES: usize = 1_024;
    const CUT: &str = "...";

    let mut line: String = text
        .chars()
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect();

    if line.len() > MAX_BYTES {
        let end = (0..=MAX_BYTES - CUT.len()).rev();
        let end = end.into_iter().find(|end| line.is_char_boundary(*end));
        line.truncate(end.unwrap_or(0));
        line.push_str(CUT);
    }

    line
}
