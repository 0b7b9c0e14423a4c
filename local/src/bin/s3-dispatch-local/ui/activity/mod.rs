//! What has happened in the pipeline, in the form that the page shows.
//!
//! A [`Monitor`] observes every step. It counts what each component does ([`counters`]) and keeps
//! the histories of the last events ([`event_history`]). The page's routes ask it for changes.

mod component;
mod diagram;
mod subject;
mod invocations;
mod counters;
mod tracked_message;
mod tracked_messages;
mod replay;
mod event_history;
mod history_search;
mod monitor;

pub(super) use self::component::Component;
pub(super) use self::diagram::diagram;
pub(super) use self::history_search::HistorySearch;
pub(crate) use self::monitor::Monitor;
