//! `GetQueueAttributes` and `SetQueueAttributes`.

use serde::{Deserialize, Serialize};

use super::attributes::{self, Attributes};
use super::{redrive_allow_policy, redrive_policy};
use crate::sqs::endpoint::error::SqsError;
use crate::sqs::endpoint::messages::acknowledging::NoOutput;
use crate::sqs::endpoint::service::SqsService;
use crate::topology::{QueueSpec, is_fifo};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs::endpoint) struct GetAttributesInput {
    queue_url: Option<String>,
    attribute_names: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs::endpoint) struct GetAttributesOutput {
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    attributes: Attributes,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs::endpoint) struct SetAttributesInput {
    queue_url: Option<String>,
    attributes: Option<Attributes>,
}

/// Describes a queue.
pub(in crate::sqs::endpoint) async fn get_queue_attributes(
    service: &SqsService,
    input: GetAttributesInput,
) -> Result<GetAttributesOutput, SqsError> {
    let name = service.queue(input.queue_url.as_deref())?.name;
    let queue = service
        .engine
        .describe_queue(&name)
        .ok_or_else(SqsError::queue_does_not_exist)?;
    let names = input.attribute_names.unwrap_or_default();

    Ok(GetAttributesOutput {
        attributes: attributes::read(&queue, &names)?,
    })
}

/// Changes the settings of a queue.
pub(in crate::sqs::endpoint) async fn set_queue_attributes(
    service: &SqsService,
    input: SetAttributesInput,
) -> Result<NoOutput, SqsError> {
    let name = service.queue(input.queue_url.as_deref())?.name;
    let given = input
        .attributes
        .ok_or_else(|| SqsError::missing("Attributes"))?;

    let queue = service
        .engine
        .describe_queue(&name)
        .ok_or_else(SqsError::queue_does_not_exist)?;
    let (mut spec, mut kept) = (queue.spec, queue.kept);
    attributes::write(&mut spec, &mut kept, &given)?;
    check_redrive(service, &spec, &given)?;

    service.engine.change_queue_settings(spec, kept).await?;

    Ok(NoOutput {})
}

/// Checks that the dead-letter queue of a policy exists, is of the same kind, and allows it.
pub(super) fn check_redrive(
    service: &SqsService,
    spec: &QueueSpec,
    given: &Attributes,
) -> Result<(), SqsError> {
    let (Some(redrive), Some(policy)) = (&spec.redrive, given.get("RedrivePolicy")) else {
        return Ok(());
    };

    let target = &redrive.dead_letter_queue;
    let Some(dead_letters) = service.engine.describe_queue(target) else {
        let reason = "Dead letter target does not exist.";
        return Err(redrive_policy::invalid(policy, reason));
    };

    if is_fifo(target) != spec.is_fifo() {
        let reason = "Dead-letter queue must be same type of queue as the source.";
        return Err(redrive_policy::invalid(policy, reason));
    }

    if !redrive_allow_policy::allows(&dead_letters.kept, &spec.name) {
        let reason = "The redrive allow policy of the dead-letter queue does not allow this \
                      source queue.";
        return Err(redrive_policy::invalid(policy, reason));
    }

    Ok(())
}
