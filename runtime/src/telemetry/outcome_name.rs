//! What metrics and traces call the outcome of a record.

use s3_dispatch_core::Outcome;

/// Returns `handled`, `retry`, `permanent`, or why the record was skipped. The names are few.
pub(crate) fn outcome_name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Handled => "handled",
        Outcome::Skipped(reason) => reason.name(),
        Outcome::Failed(error) if error.is_permanent() => "permanent",
        Outcome::Failed(_) => "retry",
    }
}
