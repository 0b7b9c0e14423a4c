//! `TagQueue`, `UntagQueue` and `ListQueueTags`.

use serde::{Deserialize, Serialize};

use super::attributes::Attributes;
use crate::sqs::endpoint::error::SqsError;
use crate::sqs::endpoint::messages::acknowledging::NoOutput;
use crate::sqs::endpoint::service::SqsService;

/// How many tags a queue can have, and how long a key and a value can be ("Amazon SQS queue
/// quotas", Amazon SQS Developer Guide, 2026).
const MAX_TAGS: usize = 50;
const MAX_KEY_CHARACTERS: usize = 128;
const MAX_VALUE_CHARACTERS: usize = 256;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs::endpoint) struct TagQueueInput {
    queue_url: Option<String>,
    tags: Option<Attributes>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs::endpoint) struct UntagQueueInput {
    queue_url: Option<String>,
    tag_keys: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs::endpoint) struct ListQueueTagsInput {
    queue_url: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs::endpoint) struct ListQueueTagsOutput {
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    tags: Attributes,
}

/// Adds tags to a queue. A tag with a known key replaces the old one.
pub(in crate::sqs::endpoint) async fn tag_queue(
    service: &SqsService,
    input: TagQueueInput,
) -> Result<NoOutput, SqsError> {
    let name = service.queue(input.queue_url.as_deref())?.name;
    let given = input.tags.ok_or_else(|| SqsError::missing("Tags"))?;

    let mut tags = tags_of(service, &name)?;
    tags.extend(given.clone());
    check_tags(&tags)?;

    service
        .engine
        .change_queue_tags(&name, |tags| tags.extend(given))
        .await?;

    Ok(NoOutput {})
}

/// Removes the tags with these keys from a queue.
pub(in crate::sqs::endpoint) async fn untag_queue(
    service: &SqsService,
    input: UntagQueueInput,
) -> Result<NoOutput, SqsError> {
    let name = service.queue(input.queue_url.as_deref())?.name;
    let keys = input.tag_keys.ok_or_else(|| SqsError::missing("TagKeys"))?;

    service
        .engine
        .change_queue_tags(&name, |tags| tags.retain(|key, _| !keys.contains(key)))
        .await?;

    Ok(NoOutput {})
}

/// Lists the tags of a queue.
pub(in crate::sqs::endpoint) async fn list_queue_tags(
    service: &SqsService,
    input: ListQueueTagsInput,
) -> Result<ListQueueTagsOutput, SqsError> {
    let name = service.queue(input.queue_url.as_deref())?.name;

    Ok(ListQueueTagsOutput {
        tags: tags_of(service, &name)?,
    })
}

fn tags_of(service: &SqsService, name: &str) -> Result<Attributes, SqsError> {
    let queue = service.engine.describe_queue(name);
    let queue = queue.ok_or_else(SqsError::queue_does_not_exist)?;

    Ok(queue.tags)
}

/// Checks all the tags that a queue would have.
pub(super) fn check_tags(tags: &Attributes) -> Result<(), SqsError> {
    if tags.len() > MAX_TAGS {
        return Err(SqsError::invalid(format!(
            "Too many tags for this resource. A queue can have at most {MAX_TAGS} tags."
        )));
    }

    let is_allowed =
        |char: char| char.is_alphanumeric() || char.is_whitespace() || "_.:/=+-@".contains(char);
    let is_key = |key: &str| {
        (1..=MAX_KEY_CHARACTERS).contains(&key.chars().count())
            && key.chars().all(is_allowed)
            && !key.to_ascii_lowercase().starts_with("aws:")
    };
    let is_value = |value: &str| {
        value.chars().count() <= MAX_VALUE_CHARACTERS && value.chars().all(is_allowed)
    };

    for (key, value) in tags {
        if !is_key(key) {
            return Err(SqsError::invalid(format!(
                "Tag key {key} is invalid. Reason: Must be 1 to {MAX_KEY_CHARACTERS} letters, \
                 digits, spaces or any of _.:/=+-@, and must not begin with aws:."
            )));
        }

        if !is_value(value) {
            return Err(SqsError::invalid(format!(
                "The value of tag {key} is invalid. Reason: Must be up to {MAX_VALUE_CHARACTERS} \
                 letters, digits, spaces or any of _.:/=+-@."
            )));
        }
    }

    Ok(())
}
