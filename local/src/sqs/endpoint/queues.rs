//! `GetQueueUrl`.

use serde::{Deserialize, Serialize};

use super::error::SqsError;
use super::service::SqsService;
use crate::aws::arn::ACCOUNT;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct GetQueueUrlInput {
    queue_name: Option<String>,
    #[serde(rename = "QueueOwnerAWSAccountId")]
    owner: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetQueueUrlOutput {
    queue_url: String,
}

/// Finds the URL of a queue.
pub(super) async fn get_queue_url(
    service: &SqsService,
    input: GetQueueUrlInput,
) -> Result<GetQueueUrlOutput, SqsError> {
    let name = input
        .queue_name
        .ok_or_else(|| SqsError::missing("QueueName"))?;

    let is_own = input.owner.is_none_or(|owner| owner == ACCOUNT);
    if !is_own || !service.engine.has_queue(&name) {
        return Err(SqsError::queue_does_not_exist());
    }

    Ok(GetQueueUrlOutput {
        queue_url: service.queue_url(&name),
    })
}
