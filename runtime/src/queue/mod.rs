//! The queue that messages come from.
//!
//! Lambda receives messages and deletes those that a function reports as succeeded, so a dispatcher
//! needs no queue. One that has a queue ([`Dispatcher::with_queue`](crate::Dispatcher::with_queue))
//! can do more: delete each message as soon as it has succeeded, so that the end of the process
//! does not undo it, and give back at once what it did not reach.
//!
//! Outside Lambda, a program receives messages itself ([`Receive`]).

pub(crate) mod access;
pub(crate) mod receive;
pub(crate) mod acknowledger;
pub(crate) mod give_back;
#[cfg(feature = "sqs")]
pub(crate) mod sqs;
#[cfg(feature = "sqs")]
pub(crate) mod sqs_error;
#[cfg(feature = "sqs")]
mod sqs_receive;
#[cfg(feature = "sqs")]
pub(crate) mod sqs_url;

pub use access::{Queue, QueueError};
pub use receive::{Receive, ReceiveRequest, Received};
