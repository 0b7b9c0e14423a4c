//! Builds records, notifications, messages and batches.
//!
//! Every value has a fixed default, so that a test sets only the values it is about. The tests of
//! handlers call it, and so do the tests of this workspace and `s3-dispatch-local`.

mod record_builder;
mod record_event_data;
mod notification_builder;
mod sns_message_builder;
mod sns_batch_builder;
mod sqs_message_builder;
mod sqs_batch_builder;
mod batch_job_builder;

pub use batch_job_builder::BatchJobBuilder;
pub use notification_builder::NotificationBuilder;
pub use record_builder::RecordBuilder;
pub use sns_batch_builder::SnsBatchBuilder;
pub use sns_message_builder::SnsMessageBuilder;
pub use sqs_batch_builder::SqsBatchBuilder;
pub use sqs_message_builder::SqsMessageBuilder;
