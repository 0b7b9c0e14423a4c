//! The values of a record, and their defaults.
//!
//! They are independent of JSON, because two forms are written from them: S3's and EventBridge's.
//! The builders set them, and `write` reads them.

pub(crate) mod defaults;
pub(crate) mod event_data;
pub(crate) mod record_fields;
