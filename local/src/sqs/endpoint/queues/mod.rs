//! The operations on whole queues: finding, creating, describing, purging, deleting, moving dead
//! letters.
//!
//! Each reads and checks what a client sends, lets the pipeline do it, and describes the result in
//! the words of SQS. The table of operations calls them.

mod attributes;
pub(super) mod creating;
pub(super) mod deleting;
pub(super) mod finding;
mod move_tasks;
pub(super) mod moving;
pub(super) mod purging;
mod redrive_allow_policy;
mod redrive_policy;
pub(super) mod settings;
pub(super) mod tagging;

pub(super) use self::move_tasks::MoveTasks;
