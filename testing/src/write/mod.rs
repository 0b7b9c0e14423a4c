//! Writes events as S3 and EventBridge send them, in the order of AWS's fields.
//!
//! The output has AWS's names, order and white space, so that tests can compare whole texts. The
//! builders call it.

pub(crate) mod json;
pub(crate) mod key_encoding;
mod event_data_json;
pub(crate) mod record_json;
mod detail_type;
pub(crate) mod eventbridge_json;
pub(crate) mod sqs_record;
