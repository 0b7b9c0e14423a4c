//! The operations that the endpoint supports, and where each one is implemented.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::{ErrorCode, SqsError};
use super::messages::{acknowledging, changing_visibility, receiving, sending};
use super::queues::{creating, deleting, finding, moving, purging, settings, tagging};
use super::service::SqsService;

/// Declares the function that calls an operation by its name.
macro_rules! operations {
    (
        $($name:literal => $module:ident::$operation:ident;)*
        unsupported: $($unsupported:literal)|*;
    ) => {
        /// Calls an operation with its input in JSON, and returns its output in JSON.
        pub(super) async fn call(
            service: &SqsService,
            operation: &str,
            input: &[u8],
        ) -> Result<Vec<u8>, SqsError> {
            match operation {
                $($name => {
                    let output = $module::$operation(service, read(input)?).await?;
                    Ok(write(&output))
                })*
                $($unsupported)|* => Err(SqsError::new(
                    ErrorCode::UnsupportedOperation,
                    format!(
                        "s3-dispatch-local does not implement {operation}, because it has no \
                         access control. The attribute Policy can be set, and has no effect."
                    ),
                )),
                _ => Err(SqsError::new(
                    ErrorCode::UnknownOperation,
                    format!("SQS has no operation {operation}."),
                )),
            }
        }
    };
}

operations! {
    "CancelMessageMoveTask" => moving::cancel_message_move_task;
    "ChangeMessageVisibility" => changing_visibility::change_message_visibility;
    "ChangeMessageVisibilityBatch" => changing_visibility::change_message_visibility_batch;
    "CreateQueue" => creating::create_queue;
    "DeleteMessage" => acknowledging::delete_message;
    "DeleteMessageBatch" => acknowledging::delete_message_batch;
    "DeleteQueue" => deleting::delete_queue;
    "GetQueueAttributes" => settings::get_queue_attributes;
    "GetQueueUrl" => finding::get_queue_url;
    "ListDeadLetterSourceQueues" => finding::list_dead_letter_source_queues;
    "ListMessageMoveTasks" => moving::list_message_move_tasks;
    "ListQueueTags" => tagging::list_queue_tags;
    "ListQueues" => finding::list_queues;
    "PurgeQueue" => purging::purge_queue;
    "ReceiveMessage" => receiving::receive_message;
    "SendMessage" => sending::send_message;
    "SendMessageBatch" => sending::send_message_batch;
    "SetQueueAttributes" => settings::set_queue_attributes;
    "StartMessageMoveTask" => moving::start_message_move_task;
    "TagQueue" => tagging::tag_queue;
    "UntagQueue" => tagging::untag_queue;

    unsupported: "AddPermission" | "RemovePermission";
}

fn read<I: DeserializeOwned>(input: &[u8]) -> Result<I, SqsError> {
    // A client without parameters may send nothing.
    let input = if input.is_empty() { b"{}" } else { input };
    let malformed = |message: String| SqsError::new(ErrorCode::Serialization, message);

    // Serde would also read the fields from a list.
    if !input.trim_ascii_start().starts_with(b"{") {
        return Err(malformed("the input is not a JSON object".into()));
    }

    serde_json::from_slice(input).map_err(|error| malformed(error.to_string()))
}

fn write(output: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(output).expect("an output has only texts, numbers and lists of them")
}
