//! Writes events as S3 and EventBridge send them, in the order of AWS's fields.
//!
//! An order and a spelling that are true to AWS let tests compare whole texts. The builders call
//! this.

pub(crate) mod json;
mod key_encoding;
mod event_data_json;
pub(crate) mod record_json;
mod detail_type;
pub(crate) mod eventbridge_json;
