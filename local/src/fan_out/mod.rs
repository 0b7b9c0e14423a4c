//! What sends an event on to several queues: a topic with its subscriptions, and the event bus with
//! its rules.
//!
//! Both only decide where a message goes and in which form. The pipeline moves it.

pub(crate) mod event_bus;
pub(crate) mod topic;
