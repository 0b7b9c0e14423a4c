//! Builders of records, and of everything that AWS wraps around a record.
//!
//! Each value that is not set has a fixed default, so that a test names only what it is about.
//! Tests of handlers and of this workspace call them.

mod record_builder;
mod notification_builder;
mod sns_message_builder;
mod sns_batch_builder;
mod sqs_message_builder;
mod sqs_batch_builder;

pub use notification_builder::NotificationBuilder;
pub use record_builder::RecordBuilder;
pub use sns_batch_builder::SnsBatchBuilder;
pub use sns_message_builder::SnsMessageBuilder;
pub use sqs_batch_builder::SqsBatchBuilder;
pub use sqs_message_builder::SqsMessageBuilder;
