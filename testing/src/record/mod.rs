//! What a record holds before it is written: its fields, and their values by default.
//!
//! Both forms of an event, S3's and EventBridge's, are written from here, so that they agree.
//! The builders fill it, and `write` reads it.

pub(crate) mod defaults;
pub(crate) mod event_data;
