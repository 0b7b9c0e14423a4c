//! The answer of a function to a batch.

use std::collections::HashSet;

use serde_json::Value;

use super::event::MAX_PAYLOAD_BYTES;

/// The messages of a batch that failed, according to the function's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BatchAnswer {
    /// These messages failed, and the others succeeded.
    Failed(HashSet<String>),
    /// All messages failed, for this reason.
    AllFailed(String),
}

impl BatchAnswer {
    /// All messages succeeded.
    pub(super) fn all_succeeded() -> Self {
        Self::Failed(HashSet::new())
    }

    /// Reads an answer by the rules of `ReportBatchItemFailures` ("Handling errors for an SQS event
    /// source in Lambda", AWS Lambda Developer Guide, 2026).
    ///
    /// No answer and an empty list mean that all messages succeeded. An answer of the wrong shape
    /// means that all failed. The guide does not say what a string, a number or a list means: here
    /// an empty one counts as no answer, and any other has the wrong shape.
    pub(super) fn read(answer: &[u8], is_in_batch: impl Fn(&str) -> bool) -> Self {
        match failed_messages(answer, is_in_batch) {
            Ok(failed) => Self::Failed(failed),
            Err(reason) => Self::AllFailed(reason),
        }
    }
}

fn failed_messages(
    answer: &[u8],
    is_in_batch: impl Fn(&str) -> bool,
) -> Result<HashSet<String>, String> {
    if answer.len() > MAX_PAYLOAD_BYTES {
        return Err(String::from("the answer is longer than 6 MB"));
    }

    if answer.trim_ascii().is_empty() {
        return Ok(HashSet::new());
    }

    let answer: Value = serde_json::from_slice(answer)
        .map_err(|error| format!("the answer is not JSON: {error}"))?;

    let failures = match &answer {
        Value::Null => &Value::Null,
        Value::Object(fields) => fields.get("batchItemFailures").unwrap_or(&Value::Null),
        Value::Array(list) if list.is_empty() => &Value::Null,
        Value::String(text) if text.is_empty() => &Value::Null,
        _ => return Err(String::from("the answer is not an object")),
    };
    match failures {
        Value::Null => Ok(HashSet::new()),
        Value::Array(items) => items
            .iter()
            .map(|item| identifier(item, &is_in_batch))
            .collect(),
        _ => Err(String::from("`batchItemFailures` is not a list")),
    }
}

fn identifier(item: &Value, is_in_batch: impl Fn(&str) -> bool) -> Result<String, String> {
    let Some(identifier) = item.get("itemIdentifier") else {
        return Err(String::from("an item has no `itemIdentifier`"));
    };

    match identifier {
        Value::String(id) if id.is_empty() => Err(String::from("an `itemIdentifier` is empty")),
        Value::String(id) if is_in_batch(id) => Ok(id.clone()),
        Value::String(id) => Err(format!("the `itemIdentifier` `{id}` is not in the batch")),
        _ => Err(String::from("an `itemIdentifier` is not a string")),
    }
}
