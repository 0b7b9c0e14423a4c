//! A queue as a worker in this process uses it, without HTTP.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use s3_dispatch::MessageContext;
use s3_dispatch::delivery::ReceiptHandle;
use s3_dispatch::queue::{Queue, QueueError, Receive, ReceiveRequest, Received};

use super::local_pipeline::LocalPipeline;
use super::local_queue_calls::LocalCalls;
use crate::Error;
use crate::aws::arn::queue_arn;
use crate::faults::Hop;
use crate::pipeline::engine::Engine;
use crate::sqs;

/// How many entries a call has at most, as at SQS ("Amazon SQS batch actions", Amazon SQS Developer
/// Guide, 2026).
const MAX_ENTRIES: usize = 10;

/// A queue of a [`LocalPipeline`] for a worker or a dispatcher in the same process.
///
/// It has the rules of [`Queue`](crate::Queue) and the faults that SQS clients meet at the hops
/// [`Receive`](Hop::Receive), [`Delete`](Hop::Delete) and
/// [`ChangeVisibility`](Hop::ChangeVisibility): a call is throttled, its request or its response is
/// lost, and some of its entries fail. [`with_hangs`](Self::with_hangs) adds calls that never end.
///
/// What SQS refuses is a [refusal](QueueError::is_refusal): an old receipt handle, or more than 12
/// hours. A queue that was deleted is [unusable](QueueError::is_unusable). Everything else may
/// pass.
///
/// It waits only on Tokio's clock. While that clock is paused, long polls and visibility timeouts
/// pass at once. Clones share the queue.
///
/// ```
/// use std::time::Duration;
///
/// use s3_dispatch::queue::{Queue, Receive, ReceiveRequest};
/// use s3_dispatch_local::{LocalPipeline, Message, QueueSpec, Topology};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let topology = Topology::new().with_queue(QueueSpec::new("uploads"));
/// let pipeline = LocalPipeline::builder().with_topology(topology).start().await?;
/// let queue = pipeline.open_queue("uploads")?;
/// pipeline.send("uploads", Message::new("1", "hello")).await?;
///
/// let request = ReceiveRequest::new(10).with_visibility(Duration::from_secs(60));
/// let received = queue.receive(request).await?;
/// assert_eq!(received[0].body(), "hello");
///
/// let handle = received[0].context().receipt_handle().unwrap();
/// assert!(queue.delete(&[handle]).await[0].is_ok());
/// assert!(pipeline.queue("uploads")?.messages.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct LocalQueue {
    engine: Arc<Engine>,
    name: Arc<str>,
    calls: LocalCalls,
}

impl LocalPipeline {
    /// Opens a queue for a worker or a dispatcher in this process. It works as long as it exists,
    /// also after the pipeline was stopped.
    ///
    /// A queue that a function is invoked from can be opened too. The two then share its messages.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownName`](crate::ErrorKind::UnknownName) when the queue does not exist.
    ///
    /// # Examples
    ///
    /// See [`LocalQueue`].
    pub fn open_queue(&self, name: &str) -> Result<LocalQueue, Error> {
        let engine = self.engine();
        if !engine.has_queue(name) {
            return Err(Error::unknown_name("queue", name));
        }

        Ok(LocalQueue {
            engine: Arc::clone(engine),
            name: name.into(),
            calls: LocalCalls::new(Arc::clone(engine), name),
        })
    }
}

impl LocalQueue {
    /// Sets how long each call takes, half of it before its effect and half of it after. The
    /// default is no time at all.
    ///
    /// A receive that is dropped in the second half has received messages that nobody knows of.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use s3_dispatch::queue::{Receive, ReceiveRequest};
    /// use s3_dispatch_local::{LocalPipeline, QueueSpec, Topology};
    /// use tokio::time::Instant;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let topology = Topology::new().with_queue(QueueSpec::new("uploads"));
    /// # let pipeline = LocalPipeline::builder().with_topology(topology).start().await?;
    /// let queue = pipeline.open_queue("uploads")?.with_latency(Duration::from_millis(20));
    ///
    /// let start = Instant::now();
    /// queue.receive(ReceiveRequest::new(10).with_wait(Duration::ZERO)).await?;
    /// assert_eq!(start.elapsed(), Duration::from_millis(20));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_latency(mut self, latency: Duration) -> Self {
        self.calls.latency = latency;
        self
    }

    /// Sets the share of calls that never end, from 0 to 1. Half of them have their effect before.
    /// The default is 0.
    ///
    /// Which ones they are depends on the seed of the pipeline's [faults](crate::Faults).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use s3_dispatch::queue::{Receive, ReceiveRequest};
    /// use s3_dispatch_local::{LocalPipeline, QueueSpec, Topology};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let topology = Topology::new().with_queue(QueueSpec::new("uploads"));
    /// # let pipeline = LocalPipeline::builder().with_topology(topology).start().await?;
    /// let queue = pipeline.open_queue("uploads")?.with_hangs(1.0);
    ///
    /// let received = queue.receive(ReceiveRequest::new(10));
    /// let hour = Duration::from_secs(60 * 60);
    /// assert!(tokio::time::timeout(hour, received).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_hangs(mut self, share: f64) -> Self {
        self.calls.hangs = share.clamp(0.0, 1.0);
        self
    }

    /// Waits until nothing is in transit to a queue, and this queue is empty.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_local::{LocalPipeline, QueueSpec, Topology};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let topology = Topology::new().with_queue(QueueSpec::new("uploads"));
    /// let pipeline = LocalPipeline::builder().with_topology(topology).start().await?;
    /// pipeline.open_queue("uploads")?.settle().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn settle(&self) {
        let mut changes = self.engine.watch();
        let is_settled = |_: &u64| {
            self.engine.read(|state| {
                let is_empty = |queue: &sqs::Queue| queue.is_empty();
                state.in_transit_count() == 0 && state.queues.get(&self.name).is_none_or(is_empty)
            })
        };

        // The sender lives as long as the engine.
        drop(changes.wait_for(is_settled).await);
    }

    fn describe(&self, received: &sqs::Received) -> Received {
        let message = &received.message;
        let mut context = MessageContext::new()
            .with_message_id(&*message.id)
            .with_receipt_handle(received.receipt.to_string())
            .with_receive_count(received.receive_count)
            .with_queue_arn(queue_arn(&self.name));

        if let Some(group) = &message.group_id {
            context = context.with_group_id(&**group);
        }

        if let Some(header) = &message.trace_header {
            context = context.with_trace_header(&**header);
        }

        Received::new(context, Bytes::copy_from_slice(message.body.as_bytes()))
    }
}

#[async_trait]
impl Queue for LocalQueue {
    async fn delete(&self, messages: &[&ReceiptHandle]) -> Vec<Result<(), QueueError>> {
        let mut results = Vec::with_capacity(messages.len());
        for chunk in messages.chunks(MAX_ENTRIES) {
            results.extend(self.calls.delete(chunk).await);
        }

        results
    }

    async fn change_visibility(
        &self,
        messages: &[(&ReceiptHandle, Duration)],
    ) -> Vec<Result<(), QueueError>> {
        let mut results = Vec::with_capacity(messages.len());
        for chunk in messages.chunks(MAX_ENTRIES) {
            results.extend(self.calls.change_visibility(chunk).await);
        }

        results
    }
}

#[async_trait]
impl Receive for LocalQueue {
    async fn receive(&self, request: ReceiveRequest) -> Result<Vec<Received>, QueueError> {
        let received = self.calls.call(Hop::Receive, String::new(), || {
            self.engine.receive_for_client(
                &self.name,
                request.most(),
                Some(request.visibility()),
                Some(request.wait()),
            )
        });

        match received.await {
            Ok(received) => Ok(received.iter().map(|one| self.describe(one)).collect()),
            Err(failure) => Err(failure.error()),
        }
    }
}

impl fmt::Debug for LocalQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalQueue")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
