//! The operations on messages: sending, receiving, acknowledging.
//!
//! Each reads and checks what a client sends, lets the pipeline do it, and describes the result in
//! the words of SQS. The table of operations calls them.

pub(super) mod acknowledging;
mod attributes;
pub(super) mod changing_visibility;
mod characters;
mod given_message;
pub(super) mod receiving;
pub(super) mod sending;
