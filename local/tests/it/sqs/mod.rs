//! The SQS endpoint, as its clients see it.

mod acknowledging;
mod call_faults;
mod client;
mod faults;
mod functions;
mod messages;
mod persistence;
mod polling;
mod queues;
mod redrive;
mod security;
mod tagging;
