//! Requests with up to ten entries, of which each succeeds or fails by itself.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::error::{ErrorCode, SqsError};

/// How many entries a request can have ("Amazon SQS batch actions", Amazon SQS Developer Guide,
/// 2026).
const MAX_ENTRIES: usize = 10;

/// How long the id of an entry can be.
const MAX_ID_CHARACTERS: usize = 80;

/// An entry of a batch.
pub(super) trait BatchEntry {
    /// The id that the client gave to the entry.
    fn id(&self) -> Option<&str>;
}

/// A request with entries.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", bound = "E: Deserialize<'de>")]
pub(super) struct BatchInput<E> {
    pub(super) queue_url: Option<String>,
    pub(super) entries: Option<Vec<E>>,
}

/// The answer to a batch.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BatchOutput<S> {
    successful: Vec<S>,
    failed: Vec<FailedEntry>,
}

/// A successful entry of which there is nothing more to say.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DoneEntry {
    pub(super) id: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct FailedEntry {
    id: String,
    code: &'static str,
    message: String,
    sender_fault: bool,
}

/// The entries of a batch, if they are as SQS wants them.
pub(super) fn check_entries<E: BatchEntry>(
    entries: Option<Vec<E>>,
    entry_shape: &str,
) -> Result<Vec<E>, SqsError> {
    let entries = entries.unwrap_or_default();
    if entries.is_empty() {
        let message = format!("There should be at least one {entry_shape} in the request.");
        return Err(SqsError::new(ErrorCode::EmptyBatchRequest, message));
    }

    if entries.len() > MAX_ENTRIES {
        let sent = entries.len();
        let message = format!(
            "Maximum number of entries per request are {MAX_ENTRIES}. You have sent {sent}."
        );
        return Err(SqsError::new(
            ErrorCode::TooManyEntriesInBatchRequest,
            message,
        ));
    }

    let mut seen = HashSet::new();

    for entry in &entries {
        let id = entry
            .id()
            .ok_or_else(|| SqsError::missing(&format!("{entry_shape}.Id")))?;

        if !is_entry_id(id) {
            let message = "A batch entry id can only contain alphanumeric characters, hyphens and \
                           underscores. It can be at most 80 letters long.";
            return Err(SqsError::new(ErrorCode::InvalidBatchEntryId, message));
        }

        if !seen.insert(id) {
            let message = format!("Id {id} repeated.");
            return Err(SqsError::new(ErrorCode::BatchEntryIdsNotDistinct, message));
        }
    }

    Ok(entries)
}

fn is_entry_id(id: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=MAX_ID_CHARACTERS).contains(&id.len()) && id.bytes().all(is_allowed)
}

impl<S> BatchOutput<S> {
    /// The answer that says what became of each entry.
    pub(super) fn new(results: impl Iterator<Item = (String, Result<S, SqsError>)>) -> Self {
        let mut output = Self {
            successful: Vec::new(),
            failed: Vec::new(),
        };

        for (id, result) in results {
            match result {
                Ok(entry) => output.successful.push(entry),
                Err(error) => output.failed.push(FailedEntry {
                    id,
                    code: error.query_name(),
                    message: error.message().to_owned(),
                    sender_fault: error.is_sender_fault(),
                }),
            }
        }

        output
    }
}

/// Parts the valid entries of a batch from the errors of the others, which stay at their places.
pub(super) fn part_valid<E>(
    entries: impl Iterator<Item = Result<E, SqsError>>,
) -> (Vec<E>, Vec<Option<SqsError>>) {
    let mut valid = Vec::new();

    let errors = entries.map(|entry| match entry {
        Ok(entry) => {
            valid.push(entry);
            None
        }
        Err(error) => Some(error),
    });
    let errors = errors.collect();

    (valid, errors)
}

/// Joins the results of the valid entries with the errors of the others, in the order of the batch.
pub(super) fn join_results<T>(
    results: Vec<Result<T, SqsError>>,
    errors: Vec<Option<SqsError>>,
) -> Vec<Result<T, SqsError>> {
    let mut results = results.into_iter();

    errors
        .into_iter()
        .filter_map(|error| error.map(Err).or_else(|| results.next()))
        .collect()
}
