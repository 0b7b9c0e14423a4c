//! Where messages come from that are handled here or sent to a queue.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::types::MessageAttributeValue;
use bytes::Bytes;
use s3_dispatch_core::MessageContext;

use crate::worker::observer::RecordFailure;

/// Where messages come from: files, a dead-letter queue, the listing of a bucket.
///
/// It gives each message a number of its own. It is told once what became of each message that it
/// gave out, by that number and in any order.
#[async_trait]
pub(in crate::cli) trait Source: Send + Sync + 'static {
    /// Returns the next messages, at most this many, and none at the end. It may take as long as it
    /// needs. It is not called again before it has answered, and not after an error or the end.
    ///
    /// # Errors
    ///
    /// Nothing more can be read. What was given out before is handled to its end.
    async fn next(&self, most: usize) -> Result<Vec<Item>, SourceError>;

    /// Notes what became of a message.
    fn settled(&self, number: u64, settled: Settled);

    /// Whether a message of one record that failed is given out again, with another number. If so,
    /// it is not settled now. By default, each message is tried once.
    fn is_tried_again(&self, number: u64, failure: &RecordFailure) -> bool {
        let _ = (number, failure);
        false
    }

    /// For how long a message belongs to this process before somebody else may get it. The source
    /// extends that itself. By default, a message is nobody else's for as long as anything can run.
    fn visibility(&self) -> Duration {
        Duration::from_secs(12 * 60 * 60)
    }

    /// Whether a message that was given out still belongs to this process. If not, its handlers
    /// are stopped.
    fn is_held(&self, number: u64) -> bool {
        let _ = number;
        true
    }

    /// Told once, when the command is to end before the source does.
    fn stop(&self) {}

    /// Does what has to be done all the time meanwhile, and never ends.
    async fn keep(&self) {
        std::future::pending().await
    }

    /// Ends the use of the source, after everything that was given out is settled.
    async fn finish(&self) {}
}

/// A message of a source.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Item {
    pub(in crate::cli) number: u64,
    /// What handlers see. Its message id is where the message came from, such as `failed.json:7`,
    /// if it has no other. A group decides about the order on a FIFO queue.
    pub(in crate::cli) context: MessageContext,
    pub(in crate::cli) body: Bytes,
    /// What a message that was received has, to be sent on with it.
    pub(in crate::cli) attributes: HashMap<String, MessageAttributeValue>,
    /// The error that a dead letter tells of.
    pub(in crate::cli) error: Option<String>,
}

impl Item {
    pub(in crate::cli) fn new(
        number: u64,
        context: MessageContext,
        body: impl Into<Bytes>,
    ) -> Self {
        Self {
            number,
            context,
            body: body.into(),
            attributes: HashMap::new(),
            error: None,
        }
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::cli) enum Settled {
    /// It was handled, or the queue has it.
    Done,
    /// It failed.
    Failed,
    /// It was not tried, or stopped before it had ended.
    Left,
}

/// Why a source cannot go on.
pub(in crate::cli) type SourceError = Box<dyn StdError + Send + Sync>;
