//! The SQS endpoint, as its clients see it.

mod acknowledging;
mod call_faults;
mod client;
mod deleting;
mod faults;
mod functions;
mod messages;
mod persistence;
mod polling;
mod queues;
mod redrive;
mod redrive_allow_policy;
mod security;
mod tagging;
