//! The values of a record, and their defaults.
//!
//! They know nothing of JSON, so that S3's form of an event and EventBridge's are written from the
//! same values. The builders set them, and `write` reads them.

pub(crate) mod defaults;
pub(crate) mod event_data;
pub(crate) mod record_fields;
