//! What a dead-letter queue has to do for a replay.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_sqs::types::MessageAttributeValue;

use crate::SqsQueue;
use crate::queue::{Queue, QueueError, ReceiveRequest, Received};

/// A dead-letter queue.
#[async_trait]
pub(in crate::cli) trait LetterQueue: Queue {
    /// Receives letters, with the attributes that their senders have set.
    async fn letters(
        &self,
        request: ReceiveRequest,
    ) -> Result<Vec<(Received, HashMap<String, MessageAttributeValue>)>, QueueError>;

    /// How many letters are hidden, because somebody has received them.
    async fn hidden(&self) -> Result<u64, QueueError>;
}

#[async_trait]
impl LetterQueue for SqsQueue {
    async fn letters(
        &self,
        request: ReceiveRequest,
    ) -> Result<Vec<(Received, HashMap<String, MessageAttributeValue>)>, QueueError> {
        self.receive_with_attributes(request).await
    }

    async fn hidden(&self) -> Result<u64, QueueError> {
        SqsQueue::hidden(self).await
    }
}
