//! `CreateQueue`.

use serde::Deserialize;

use super::attributes::{self, Attributes};
use super::finding::QueueUrlOutput;
use super::settings::check_redrive;
use super::tagging::check_tags;
use crate::pipeline::clients::DeletedRecently;
use crate::sqs::endpoint::error::{ErrorCode, SqsError};
use crate::sqs::endpoint::service::SqsService;
use crate::topology::{QueueSpec, is_fifo};

/// The longest name of a queue (`CreateQueue`, Amazon SQS API Reference, 2026).
const MAX_NAME_CHARACTERS: usize = 80;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs::endpoint) struct CreateQueueInput {
    queue_name: Option<String>,
    attributes: Option<Attributes>,
    /// SQS writes this name in lower case.
    #[serde(rename = "tags")]
    tags: Option<Attributes>,
}

/// Creates a queue, or finds the one that has this name and these attributes.
pub(in crate::sqs::endpoint) async fn create_queue(
    service: &SqsService,
    input: CreateQueueInput,
) -> Result<QueueUrlOutput, SqsError> {
    let name = input
        .queue_name
        .ok_or_else(|| SqsError::missing("QueueName"))?;
    let given = input.attributes.unwrap_or_default();
    check_name(&name, &given)?;

    let tags = input.tags.unwrap_or_default();
    check_tags(&tags)?;

    let mut spec = QueueSpec::new(name);
    let mut kept = Attributes::new();
    attributes::write(&mut spec, &mut kept, &given)?;

    if service.engine.has_queue(&spec.name) {
        check_same(service, &spec.name, &given)?;
    } else {
        check_redrive(service, &spec, &given)?;
        service
            .engine
            .create_queue(spec.clone(), kept, tags)
            .await?
            .map_err(|DeletedRecently| {
                let message = "You must wait 60 seconds after deleting a queue before you can \
                               create another with the same name.";
                SqsError::new(ErrorCode::QueueDeletedRecently, message)
            })?;
    }

    Ok(QueueUrlOutput {
        queue_url: service.queue_url(&spec.name),
    })
}

fn check_name(name: &str, given: &Attributes) -> Result<(), SqsError> {
    let wants_fifo = given.get("FifoQueue").is_some_and(|value| value == "true");
    let base = if wants_fifo {
        name.strip_suffix(".fifo").unwrap_or(name)
    } else {
        name
    };

    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_valid = !base.is_empty()
        && name.len() <= MAX_NAME_CHARACTERS
        && base.bytes().all(is_allowed)
        && is_fifo(name) == wants_fifo;

    match (is_valid, wants_fifo) {
        (true, _) => Ok(()),
        (false, true) => Err(SqsError::invalid(
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or \
             underscores, must end with .fifo suffix and be 1 to 80 in length",
        )),
        (false, false) => Err(SqsError::invalid(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
        )),
    }
}

/// Checks that a queue that exists has these attributes.
fn check_same(service: &SqsService, name: &str, given: &Attributes) -> Result<(), SqsError> {
    let queue = service
        .engine
        .describe_queue(name)
        .ok_or_else(SqsError::queue_does_not_exist)?;

    // Written into the settings of the queue, an equal value changes nothing.
    for (attribute, value) in given {
        let one = Attributes::from([(attribute.clone(), value.clone())]);
        let (mut spec, mut kept) = (queue.spec.clone(), queue.kept.clone());
        attributes::write(&mut spec, &mut kept, &one)?;

        if spec != queue.spec || kept != queue.kept {
            let message = format!(
                "A queue already exists with the same name and a different value for attribute \
                 {attribute}"
            );
            return Err(SqsError::new(ErrorCode::QueueNameExists, message));
        }
    }

    Ok(())
}
