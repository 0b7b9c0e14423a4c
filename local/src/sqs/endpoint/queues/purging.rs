//! `PurgeQueue`.

use serde::Deserialize;

use crate::pipeline::clients::PurgeRefusal;
use crate::sqs::endpoint::error::{ErrorCode, SqsError};
use crate::sqs::endpoint::messages::acknowledging::NoOutput;
use crate::sqs::endpoint::service::SqsService;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs::endpoint) struct PurgeQueueInput {
    queue_url: Option<String>,
}

/// Removes all messages of a queue.
pub(in crate::sqs::endpoint) async fn purge_queue(
    service: &SqsService,
    input: PurgeQueueInput,
) -> Result<NoOutput, SqsError> {
    let name = service.queue(input.queue_url.as_deref())?.name;

    match service.engine.purge_queue(&name)? {
        Ok(()) => Ok(NoOutput {}),
        Err(PurgeRefusal) => {
            let message =
                format!("Only one PurgeQueue operation on {name} is allowed every 60 seconds.");
            Err(SqsError::new(ErrorCode::PurgeQueueInProgress, message))
        }
    }
}
