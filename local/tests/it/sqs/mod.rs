//! The SQS endpoint, as its clients see it.

mod client;
mod functions;
mod security;
