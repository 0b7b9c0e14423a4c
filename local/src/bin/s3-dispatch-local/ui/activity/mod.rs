//! What has happened in the pipeline, as far as the page shows it.

pub(crate) mod component;
mod event_history;
pub(crate) mod monitor;
mod tracked_message;
