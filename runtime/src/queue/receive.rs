//! The trait of queues that messages can be received from.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use s3_dispatch_core::MessageContext;

use crate::queue::access::{Queue, QueueError};

/// A queue that a program receives messages from by itself, outside Lambda.
///
/// The feature `sqs` has one for SQS, [`SqsQueue`](crate::SqsQueue).
///
/// # Examples
///
/// ```
/// use std::sync::Mutex;
/// use std::time::Duration;
///
/// use s3_dispatch::async_trait;
/// use s3_dispatch::delivery::ReceiptHandle;
/// use s3_dispatch::queue::{Queue, QueueError, Receive, ReceiveRequest, Received};
///
/// /// Hands out each message once. It forgets them, so there is nothing to delete.
/// struct Once(Mutex<Vec<Received>>);
///
/// #[async_trait]
/// impl Queue for Once {
///     async fn delete(&self, messages: &[&ReceiptHandle]) -> Vec<Result<(), QueueError>> {
///         messages.iter().map(|_| Ok(())).collect()
///     }
///
///     async fn change_visibility(
///         &self,
///         messages: &[(&ReceiptHandle, Duration)],
///     ) -> Vec<Result<(), QueueError>> {
///         messages.iter().map(|_| Err(QueueError::refused("it is gone"))).collect()
///     }
/// }
///
/// #[async_trait]
/// impl Receive for Once {
///     async fn receive(&self, request: ReceiveRequest) -> Result<Vec<Received>, QueueError> {
///         let mut messages = self.0.lock().unwrap();
///         let count = request.most().min(messages.len());
///
///         Ok(messages.drain(..count).collect())
///     }
/// }
/// ```
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a queue that a worker can serve",
    label = "does not implement `Receive`",
    note = "`SqsQueue::new(client, queue_url)` is one, with the feature `sqs` of `s3-dispatch`"
)]
pub trait Receive: Queue {
    /// Receives messages and hides them from other receives for
    /// [`ReceiveRequest::visibility`].
    ///
    /// Returns as soon as there are messages, with none after [`ReceiveRequest::wait`], and never
    /// with more than [`ReceiveRequest::most`]. Each message has a receipt handle. What is wrong
    /// with one message affects no other.
    ///
    /// If the future is dropped, messages may have been received that nobody knows of. They come
    /// back when their time is over.
    ///
    /// # Errors
    ///
    /// [`QueueError::is_unusable`] says that trying again does not help: a program ends with such
    /// an error at its start. All other errors may pass.
    async fn receive(&self, request: ReceiveRequest) -> Result<Vec<Received>, QueueError>;

    /// Whether no more messages will ever come, as from a file that was read to its end. By default
    /// there is always one more that may come.
    ///
    /// A worker asks after each receive that succeeded. Once this is `true`, it receives no more,
    /// waits without a limit until every message that it holds has ended, and returns its report.
    ///
    /// # Examples
    ///
    #[cfg_attr(feature = "worker", doc = "```")]
    #[cfg_attr(not(feature = "worker"), doc = "```ignore")]
    /// use std::sync::Mutex;
    ///
    /// use s3_dispatch::queue::{Receive, ReceiveRequest, Received};
    /// # use std::time::Duration;
    /// # use s3_dispatch::delivery::ReceiptHandle;
    /// # use s3_dispatch::queue::{Queue, QueueError};
    /// use s3_dispatch::{MessageContext, Routes, Worker, async_trait};
    ///
    /// struct Recorded(Mutex<Vec<Received>>);
    ///
    /// # #[async_trait]
    /// # impl Queue for Recorded {
    /// #     async fn delete(&self, all: &[&ReceiptHandle]) -> Vec<Result<(), QueueError>> {
    /// #         all.iter().map(|_| Ok(())).collect()
    /// #     }
    /// #     async fn change_visibility(
    /// #         &self,
    /// #         all: &[(&ReceiptHandle, Duration)],
    /// #     ) -> Vec<Result<(), QueueError>> {
    /// #         all.iter().map(|_| Ok(())).collect()
    /// #     }
    /// # }
    /// #[async_trait]
    /// impl Receive for Recorded {
    ///     async fn receive(&self, request: ReceiveRequest) -> Result<Vec<Received>, QueueError> {
    ///         let mut messages = self.0.lock().unwrap();
    ///         let count = request.most().min(messages.len());
    ///
    ///         Ok(messages.drain(..count).collect())
    ///     }
    ///
    ///     fn has_ended(&self) -> bool {
    ///         self.0.lock().unwrap().is_empty()
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), s3_dispatch::Error> {
    /// let context = MessageContext::new().with_message_id("m-1").with_receipt_handle("r-1");
    /// let event = r#"{"Records": [{"eventName": "ObjectCreated:Put", "eventSource": "aws:s3",
    ///     "s3": {"bucket": {"name": "holiday"}, "object": {"key": "photo.jpg"}}}]}"#;
    /// let messages = Recorded(Mutex::new(vec![Received::new(context, event)]));
    ///
    /// let routes = Routes::new(()).on_fn("*", async || Ok::<_, std::io::Error>(()));
    /// let report = Worker::new(routes, messages).run(std::future::pending()).await?;
    /// assert_eq!((report.received(), report.handled(), report.deleted()), (1, 1, 1));
    /// # Ok(())
    /// # }
    /// ```
    fn has_ended(&self) -> bool {
        false
    }
}

/// A shared queue.
#[async_trait]
impl<Q: Receive + ?Sized> Receive for Arc<Q> {
    async fn receive(&self, request: ReceiveRequest) -> Result<Vec<Received>, QueueError> {
        (**self).receive(request).await
    }

    fn has_ended(&self) -> bool {
        (**self).has_ended()
    }
}

/// What a receive asks a queue for.
///
/// Values that SQS does not accept are brought to the nearest ones that it does ("ReceiveMessage",
/// Amazon SQS API Reference, 2026).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use s3_dispatch::queue::ReceiveRequest;
///
/// let request = ReceiveRequest::new(25).with_visibility(Duration::from_secs(60));
/// assert_eq!(request.most(), 10);
/// assert_eq!(request.wait(), Duration::from_secs(20));
/// assert_eq!(request.visibility(), Duration::from_secs(60));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiveRequest {
    most: usize,
    wait: Duration,
    visibility: Duration,
}

impl ReceiveRequest {
    const MOST: usize = 10;
    const LONGEST_WAIT: Duration = Duration::from_secs(20);
    const LONGEST_VISIBILITY: Duration = Duration::from_secs(12 * 60 * 60);

    /// Asks for up to this many messages, 1 to 10. It waits 20 seconds for the first of them, and
    /// hides them for 30 seconds.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            most: most.clamp(1, Self::MOST),
            wait: Self::LONGEST_WAIT,
            visibility: Duration::from_secs(30),
        }
    }

    /// Sets how long to wait for the first message: whole seconds, rounded up, up to 20. Zero does
    /// not wait.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use s3_dispatch::queue::ReceiveRequest;
    ///
    /// let request = ReceiveRequest::new(10).with_wait(Duration::from_millis(1_500));
    /// assert_eq!(request.wait(), Duration::from_secs(2));
    /// ```
    #[must_use]
    pub fn with_wait(mut self, wait: Duration) -> Self {
        self.wait = rounded_up(wait).min(Self::LONGEST_WAIT);
        self
    }

    /// Sets how long the messages stay hidden from other receives: whole seconds, rounded up, up to
    /// 12 hours.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use s3_dispatch::queue::ReceiveRequest;
    ///
    /// let request = ReceiveRequest::new(10).with_visibility(Duration::from_secs(90));
    /// assert_eq!(request.visibility(), Duration::from_secs(90));
    /// ```
    #[must_use]
    pub fn with_visibility(mut self, visibility: Duration) -> Self {
        self.visibility = rounded_up(visibility).min(Self::LONGEST_VISIBILITY);
        self
    }

    /// How many messages to return at most: 1 to 10.
    #[must_use]
    pub fn most(&self) -> usize {
        self.most
    }

    /// How long to wait for the first message, in whole seconds: 0 to 20.
    #[must_use]
    pub fn wait(&self) -> Duration {
        self.wait
    }

    /// How long the messages stay hidden from other receives, in whole seconds: up to 12 hours.
    #[must_use]
    pub fn visibility(&self) -> Duration {
        self.visibility
    }
}

fn rounded_up(time: Duration) -> Duration {
    let seconds = time.as_secs();
    Duration::from_secs(seconds.saturating_add(u64::from(time.subsec_nanos() > 0)))
}

/// A message that was received from a queue.
///
/// # Examples
///
/// ```
/// use s3_dispatch::MessageContext;
/// use s3_dispatch::queue::Received;
///
/// let context = MessageContext::new()
///     .with_message_id("059f36b4-87a3-44ab-83d2-661975830a7d")
///     .with_receipt_handle("AQEBwJnKyrHigUMZj6rYigCg")
///     .with_receive_count(1)
///     .with_queue_arn("arn:aws:sqs:eu-central-1:123456789012:uploads");
/// let message = Received::new(context, r#"{"Records": []}"#);
///
/// assert_eq!(message.context().receive_count(), Some(1));
/// assert_eq!(message.body(), r#"{"Records": []}"#);
/// ```
#[derive(Debug, Clone)]
pub struct Received {
    context: MessageContext,
    body: Bytes,
}

impl Received {
    /// Creates a message from what its queue says about it and the body that its sender published.
    ///
    /// The context needs a receipt handle, with which the message is deleted, a message id, and the
    /// ARN of the queue, by which a FIFO queue is recognized.
    pub fn new(context: MessageContext, body: impl Into<Bytes>) -> Self {
        Self {
            context,
            body: body.into(),
        }
    }

    /// What the queue says about the message.
    #[must_use]
    pub fn context(&self) -> &MessageContext {
        &self.context
    }

    /// The body as it was sent. A body that is not UTF-8 is possible, and cannot be read.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The context and the body, as
    /// [`Delivery::from_messages`](crate::delivery::Delivery::from_messages) takes them.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::MessageContext;
    /// use s3_dispatch::delivery::Delivery;
    /// use s3_dispatch::queue::Received;
    ///
    /// let context = MessageContext::new().with_message_id("m-1").with_receipt_handle("r-1");
    /// let received = vec![Received::new(context, r#"{"Records": []}"#)];
    /// let delivery = Delivery::from_messages(received.into_iter().map(Received::into_parts));
    /// assert!(delivery.messages()[0].content.is_ok());
    /// ```
    #[must_use]
    pub fn into_parts(self) -> (MessageContext, Bytes) {
        (self.context, self.body)
    }
}
