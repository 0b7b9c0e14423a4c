//! `DeleteQueue`.

use serde::Deserialize;

use crate::sqs::endpoint::error::SqsError;
use crate::sqs::endpoint::messages::acknowledging::NoOutput;
use crate::sqs::endpoint::service::SqsService;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs::endpoint) struct DeleteQueueInput {
    queue_url: Option<String>,
}

/// Deletes a queue with its messages.
pub(in crate::sqs::endpoint) async fn delete_queue(
    service: &SqsService,
    input: DeleteQueueInput,
) -> Result<NoOutput, SqsError> {
    let name = service.queue(input.queue_url.as_deref())?.name;
    service.engine.delete_queue(&name).await?;

    Ok(NoOutput {})
}
