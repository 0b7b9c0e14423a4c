//! `StartMessageMoveTask`, `ListMessageMoveTasks` and `CancelMessageMoveTask`.

use serde::{Deserialize, Serialize};

use super::move_tasks::{MoveStatus, MoveTask};
use super::redrive_allow_policy;
use crate::aws::arn::{queue_arn, queue_of_arn};
use crate::aws::time::milliseconds;
use crate::sqs::endpoint::error::{ErrorCode, SqsError};
use crate::sqs::endpoint::service::SqsService;
use crate::topology::is_fifo;

/// The highest rate, and how many tasks a list has at most (`StartMessageMoveTask` and
/// `ListMessageMoveTasks`, Amazon SQS API Reference, 2026).
const MAX_PER_SECOND: i64 = 500;
const MAX_RESULTS: i64 = 10;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs::endpoint) struct StartInput {
    source_arn: Option<String>,
    destination_arn: Option<String>,
    max_number_of_messages_per_second: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs::endpoint) struct StartOutput {
    task_handle: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs::endpoint) struct ListInput {
    source_arn: Option<String>,
    max_results: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs::endpoint) struct ListOutput {
    results: Vec<TaskJson>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct TaskJson {
    /// Only a task that runs has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    task_handle: Option<String>,
    status: &'static str,
    source_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_number_of_messages_per_second: Option<usize>,
    approximate_number_of_messages_moved: usize,
    approximate_number_of_messages_to_move: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_reason: Option<&'static str>,
    started_timestamp: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs::endpoint) struct CancelInput {
    task_handle: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs::endpoint) struct CancelOutput {
    approximate_number_of_messages_moved: usize,
}

/// Starts to move the messages of a dead-letter queue.
pub(in crate::sqs::endpoint) async fn start_message_move_task(
    service: &SqsService,
    input: StartInput,
) -> Result<StartOutput, SqsError> {
    let source = find_queue(service, "SourceArn", input.source_arn.as_deref())?;
    let destination = match input.destination_arn.as_deref() {
        None | Some("") => None,
        arn => Some(find_queue(service, "DestinationArn", arn)?),
    };

    let per_second = match input.max_number_of_messages_per_second {
        None => None,
        Some(count @ 1..=MAX_PER_SECOND) => Some(count as usize),
        Some(count) => {
            let reason = format!("Must be between 1 and {MAX_PER_SECOND}, if provided.");
            let parameter = "MaxNumberOfMessagesPerSecond";
            return Err(SqsError::invalid_value(parameter, count, &reason));
        }
    };

    if !is_dead_letter_queue(service, &source) {
        return Err(SqsError::invalid(
            "Source queue must be configured as a Dead Letter Queue.",
        ));
    }

    let is_same_kind = |name: &String| is_fifo(name) == is_fifo(&source);
    if !destination.as_ref().is_none_or(is_same_kind) {
        return Err(SqsError::invalid(
            "The source queue and the destination queue must be of the same type.",
        ));
    }

    let tasks = service.move_tasks.of_queue(&source);
    let mut running = tasks.iter().map(|task| task.state().status);
    if running.any(|status| status == MoveStatus::Running) {
        return Err(SqsError::invalid(
            "There is already a task running. Only one active task is allowed for a source queue \
             arn at a given time.",
        ));
    }

    let handle = service.next_task_handle();
    let visible = service.engine.describe_queue(&source);
    let task = MoveTask::new(
        handle.clone(),
        source,
        destination,
        per_second,
        service.engine.clock.now(),
        visible.map_or(0, |queue| queue.visible),
    );
    service.move_tasks.start(&service.engine, task);

    Ok(StartOutput {
        task_handle: handle,
    })
}

/// Whether a queue is the dead-letter queue of another one, and its redrive allow policy still
/// allows that.
fn is_dead_letter_queue(service: &SqsService, name: &str) -> bool {
    let queue = service.engine.describe_queue(name);
    let sources = service.engine.sources_of(name);

    queue.is_some_and(|queue| {
        let mut sources = sources.iter();
        sources.any(|source| redrive_allow_policy::allows(&queue.kept, source))
    })
}

/// Lists the newest tasks of a queue.
pub(in crate::sqs::endpoint) async fn list_message_move_tasks(
    service: &SqsService,
    input: ListInput,
) -> Result<ListOutput, SqsError> {
    let source = find_queue(service, "SourceArn", input.source_arn.as_deref())?;
    let most = match input.max_results {
        None => 1,
        Some(count @ 1..=MAX_RESULTS) => count as usize,
        Some(count) => {
            let reason = format!("Value must be between 1 and {MAX_RESULTS}.");
            return Err(SqsError::invalid_value("MaxResults", count, &reason));
        }
    };

    let tasks = service.move_tasks.of_queue(&source);
    let results = tasks.iter().take(most).map(|task| TaskJson::of(task));

    Ok(ListOutput {
        results: results.collect(),
    })
}

/// Stops a task. What it has moved stays where it is.
pub(in crate::sqs::endpoint) async fn cancel_message_move_task(
    service: &SqsService,
    input: CancelInput,
) -> Result<CancelOutput, SqsError> {
    let handle = input
        .task_handle
        .ok_or_else(|| SqsError::missing("TaskHandle"))?;

    let task = service.move_tasks.find(&handle);
    let moved = task.and_then(|task| task.cancel());
    let moved = moved.ok_or_else(|| not_found("Task does not exist."))?;

    Ok(CancelOutput {
        approximate_number_of_messages_moved: moved,
    })
}

/// The name of the queue with this ARN.
fn find_queue(
    service: &SqsService,
    parameter: &str,
    arn: Option<&str>,
) -> Result<String, SqsError> {
    let arn = arn.ok_or_else(|| SqsError::missing(parameter))?;
    if !arn.starts_with("arn:") {
        return Err(SqsError::invalid(format!(
            "You must use this format to specify the {parameter}: \
             arn:<partition>:<service>:<region>:<account-id>:<resource-id>"
        )));
    }

    queue_of_arn(arn)
        .filter(|name| service.engine.has_queue(name))
        .map(str::to_owned)
        .ok_or_else(|| {
            not_found(&format!(
                "The resource that you specified for the {parameter} parameter doesn't exist."
            ))
        })
}

fn not_found(message: &str) -> SqsError {
    SqsError::new(ErrorCode::ResourceNotFound, message)
}

impl TaskJson {
    fn of(task: &MoveTask) -> Self {
        let state = task.state();
        let (status, failure_reason) = match state.status {
            MoveStatus::Running => ("RUNNING", None),
            MoveStatus::Completed => ("COMPLETED", None),
            MoveStatus::Cancelled => ("CANCELLED", None),
            MoveStatus::Failed(reason) => ("FAILED", Some(reason)),
        };
        let is_running = state.status == MoveStatus::Running;

        Self {
            task_handle: is_running.then(|| task.handle.clone()),
            status,
            source_arn: queue_arn(&task.source),
            destination_arn: task.destination.as_deref().map(queue_arn),
            max_number_of_messages_per_second: task.per_second,
            approximate_number_of_messages_moved: state.moved,
            approximate_number_of_messages_to_move: task.to_move,
            failure_reason,
            started_timestamp: milliseconds(task.started),
        }
    }
}
