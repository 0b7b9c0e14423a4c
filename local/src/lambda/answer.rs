//! What an answer says of a batch.

use std::collections::HashSet;

use serde_json::Value;

/// Which messages of a batch have failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BatchAnswer {
    /// These, and no others.
    Failed(HashSet<String>),
    /// All of them, for this reason.
    AllFailed(String),
}

/// "Payload", of a synchronous invocation: "Lambda quotas", AWS Lambda Developer Guide, 2026.
pub(crate) const LONGEST_PAYLOAD: usize = 6 * 1024 * 1024;

impl BatchAnswer {
    /// By the rules of `ReportBatchItemFailures` ("Handling errors for an SQS event source in
    /// Lambda", AWS Lambda Developer Guide, 2026): nothing and an empty list say that all
    /// succeeded; what is not understood says that all failed. The guide is silent on an answer
    /// that is a text, a number or a list: an empty one is nothing, and all others are not
    /// understood.
    pub(crate) fn read(answer: &[u8], is_in_batch: impl Fn(&str) -> bool) -> Self {
        if answer.len() > LONGEST_PAYLOAD {
            return Self::AllFailed(String::from("the answer is longer than 6 MB"));
        }

        if answer.trim_ascii().is_empty() {
            return Self::Failed(HashSet::new());
        }

        let answer = match serde_json::from_slice(answer) {
            Ok(answer) => answer,
            Err(error) => return Self::AllFailed(format!("the answer is not JSON: {error}")),
        };
        match Self::failed(&answer, is_in_batch) {
            Ok(failed) => Self::Failed(failed),
            Err(reason) => Self::AllFailed(reason),
        }
    }

    fn failed(
        answer: &Value,
        is_in_batch: impl Fn(&str) -> bool,
    ) -> Result<HashSet<String>, String> {
        let list = match answer {
            Value::Null => &Value::Null,
            Value::Object(members) => members.get("batchItemFailures").unwrap_or(&Value::Null),
            Value::Array(list) if list.is_empty() => &Value::Null,
            Value::String(text) if text.is_empty() => &Value::Null,
            _ => return Err(String::from("the answer is no object")),
        };

        let items = match list {
            Value::Null => return Ok(HashSet::new()),
            Value::Array(items) => items,
            _ => return Err(String::from("`batchItemFailures` is no list")),
        };

        items
            .iter()
            .map(|item| identifier(item, &is_in_batch))
            .collect()
    }
}

fn identifier(item: &Value, is_in_batch: impl Fn(&str) -> bool) -> Result<String, String> {
    let Some(identifier) = item.get("itemIdentifier") else {
        return Err(String::from("an item has no `itemIdentifier`"));
    };

    match identifier {
        Value::String(id) if id.is_empty() => Err(String::from("an `itemIdentifier` is empty")),
        Value::String(id) if is_in_batch(id) => Ok(id.clone()),
        Value::String(id) => Err(format!("the `itemIdentifier` `{id}` is none of the batch")),
        _ => Err(String::from("an `itemIdentifier` is no text")),
    }
}
