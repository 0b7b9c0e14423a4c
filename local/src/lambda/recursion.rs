//! Functions that are invoked by what they write, again and again.

use std::sync::Arc;

use s3_dispatch::delivery::Delivery;

use super::event::{event_json, record_json};
use crate::sqs::Received;

/// How often a function may be invoked in one chain of requests ("Use Lambda recursive loop
/// detection to prevent infinite loops", AWS Lambda Developer Guide, 2026).
pub(super) const MAX_ROUNDS: u32 = 16;

/// A message of a loop, and the function that it would invoke again.
#[derive(Debug)]
pub(crate) struct Recursion {
    pub(crate) function: Arc<str>,
    /// How often the function was invoked before, in the chain that led to the message.
    pub(crate) rounds: u32,
    /// The bucket and the key of the object that the message is about, if it is about one.
    pub(crate) object: Option<(Arc<str>, Arc<str>)>,
}

impl Recursion {
    pub(super) fn of(queue: &str, received: &Received, function: &str, rounds: u32) -> Self {
        Self {
            function: function.into(),
            rounds,
            object: object(queue, received),
        }
    }
}

/// The object that the first record of a message is about.
fn object(queue: &str, received: &Received) -> Option<(Arc<str>, Arc<str>)> {
    let record = record_json(queue, received);
    let delivery = Delivery::parse(event_json(std::iter::once(&*record))).ok()?;
    let record = delivery.records().first()?;

    Some((
        record.bucket.name.as_str().into(),
        record.object.key.as_str().into(),
    ))
}
