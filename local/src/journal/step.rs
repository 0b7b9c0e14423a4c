//! The steps of a journal: everything that can happen in a pipeline.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::event_failure::EventFailure;
use crate::faults::{Fault, Hop};
use crate::lambda::FunctionErrorKind;
use crate::s3::{EventId, ObjectEvent};
use crate::sqs::SendRefusal;
use crate::topology::{BucketSpec, SubscriptionSpec};

/// One thing that happened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Step {
    /// The position in the journal, counted from 0.
    pub number: u64,
    /// The time by the pipeline's clock: the machine's time at the start, plus what has passed on
    /// Tokio's clock.
    pub time: SystemTime,
    /// The time since the pipeline's start.
    pub elapsed: Duration,
    /// The event that the step is about. `None` for a step that is about no event, or about a
    /// whole batch.
    pub event: Option<EventId>,
    /// What happened.
    pub kind: StepKind,
}

/// What can happen.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum StepKind {
    /// An object was created, removed or changed.
    ObjectEvent(Arc<ObjectEvent>),
    /// A client or [`reconfigure`](crate::LocalPipeline::reconfigure) has changed what a bucket
    /// publishes, now or before the pipeline was started. The value is all that it publishes from
    /// now on.
    NotificationsConfigured(Arc<BucketSpec>),
    /// [`reconfigure`](crate::LocalPipeline::reconfigure) has changed the filter policy of a
    /// subscription.
    FilterPolicyChanged(Arc<SubscriptionSpec>),
    /// The notifications of a bucket were configured, and S3 sends a test notification.
    TestNotification {
        /// The bucket.
        bucket: Arc<str>,
    },
    /// S3 could not send a notification, because the topic does not exist.
    NoDestination {
        /// The topic.
        destination: Arc<str>,
    },
    /// S3 sent a notification to a topic.
    NotificationSent {
        /// The topic.
        destination: Arc<str>,
    },
    /// A topic compared a notification with the filter policy of a subscription.
    FilterVerdict {
        /// The topic.
        topic: Arc<str>,
        /// The subscribed queue.
        queue: Arc<str>,
        /// Whether the queue gets the notification.
        passed: bool,
    },
    /// S3 sent an event to EventBridge.
    EventSent {
        /// The event bus: `default event bus`.
        bus: Arc<str>,
    },
    /// EventBridge compared an event with the pattern of a rule.
    RuleVerdict {
        /// The rule.
        rule: Arc<str>,
        /// The queue of the rule.
        queue: Arc<str>,
        /// Whether the pattern matches, so that the queue gets the event.
        matched: bool,
    },
    /// A queue accepted a message.
    Enqueued {
        /// The queue.
        queue: Arc<str>,
        /// The message's id.
        message_id: Arc<str>,
        /// The message's body.
        body: Arc<str>,
        /// Whether a FIFO queue dropped the message because it knew its deduplication id.
        is_duplicate: bool,
    },
    /// A queue rejected a message. The message is sent again if the queue was
    /// [full](SendRefusal::Full); otherwise it is lost.
    Refused {
        /// The queue.
        queue: Arc<str>,
        /// The reason.
        reason: SendRefusal,
    },
    /// A function was invoked with a batch.
    Invoked {
        /// The function.
        function: Arc<str>,
        /// The queue that the batch comes from.
        queue: Arc<str>,
        /// The id of the invocation.
        request_id: Arc<str>,
        /// The batch.
        messages: Vec<ReceivedMessage>,
    },
    /// A function wrote a line of log output.
    FunctionLog {
        /// The function.
        function: Arc<str>,
        /// The stream that it wrote to.
        stream: LogStream,
        /// The line, without its line break.
        line: String,
    },
    /// An invocation ended. An [`Outcome`](Self::Outcome) for each message follows.
    Answered {
        /// The function.
        function: Arc<str>,
        /// The id of the invocation.
        request_id: Arc<str>,
        /// How long the invocation took.
        duration: Duration,
        /// Why there is no answer; `None` if there is one.
        error: Option<(FunctionErrorKind, String)>,
    },
    /// The result of an invocation for one message.
    Outcome {
        /// The function.
        function: Arc<str>,
        /// The queue.
        queue: Arc<str>,
        /// The id of the invocation.
        request_id: Arc<str>,
        /// The message's id.
        message_id: Arc<str>,
        /// How often the message has been received, including this time.
        receive_count: u32,
        /// Whether the message succeeded.
        fate: Fate,
        /// Why it failed. Also a message that succeeded can have failed: the dead-letter sink has
        /// stored its record, or the mapping does not ask which messages failed.
        failure: Option<EventFailure>,
        /// How long the message stays invisible from now on, before it can be received again.
        /// `None` if it succeeded, or if it is no longer in the queue.
        invisible_for: Option<Duration>,
        /// The dead-letter queue that it moves to after that time, because it has been received as
        /// often as its queue allows. `None` if it will be received again.
        dead_letter_queue: Option<Arc<str>>,
    },
    /// A client received a message from a queue.
    Received {
        /// The queue.
        queue: Arc<str>,
        /// The message's id.
        message_id: Arc<str>,
        /// How often the message has been received, including this time.
        receive_count: u32,
    },
    /// A client or a function changed how long a received message stays invisible.
    VisibilityChanged {
        /// The queue.
        queue: Arc<str>,
        /// The message's id.
        message_id: Arc<str>,
        /// How long the message stays invisible from now on; zero if it is visible again.
        timeout: Duration,
    },
    /// A message was deleted from its queue.
    Deleted {
        /// The queue.
        queue: Arc<str>,
        /// The message's id.
        message_id: Arc<str>,
    },
    /// A message was received too often and moved to the dead-letter queue.
    Redriven {
        /// The queue that the message was in.
        queue: Arc<str>,
        /// The dead-letter queue that it is in now.
        dead_letter_queue: Arc<str>,
        /// The message's id.
        message_id: Arc<str>,
        /// How often the message was received.
        receive_count: u32,
    },
    /// What a function writes has invoked it too often, so it is not invoked with this message. The
    /// message leaves its queue.
    RecursionStopped {
        /// The function.
        function: Arc<str>,
        /// The queue that the message was in.
        queue: Arc<str>,
        /// The message's id.
        message_id: Arc<str>,
        /// How often the function was invoked in the chain of requests that led to the message.
        rounds: u32,
        /// The bucket of the object that the message is about. `None` if it is about none.
        bucket: Option<Arc<str>>,
        /// The key of that object, not URL-encoded.
        key: Option<Arc<str>>,
        /// The dead-letter queue that the message is in now. `None` if it is lost.
        dead_letter_queue: Option<Arc<str>>,
    },
    /// A message was older than the retention of its queue and is lost.
    Expired {
        /// The queue.
        queue: Arc<str>,
        /// The message's id.
        message_id: Arc<str>,
    },
    /// A fault was injected.
    FaultInjected {
        /// The hop at which it occurred.
        hop: Hop,
        /// The fault.
        fault: Fault,
        /// The topic, event bus, queue or function at which it occurred.
        place: Arc<str>,
        /// The id of the message or invocation; `None` for a notification in transit.
        id: Option<Arc<str>>,
        /// How often the message had been received, including that time; `None` if the fault is
        /// not about a received message.
        receive_count: Option<u32>,
    },
    /// The state can no longer be written to disk. New events and messages are rejected until it
    /// can. Everything else continues, but a restart returns to the last state on disk.
    StorageFailed {
        /// The reason.
        reason: String,
    },
    /// The state can be written to disk again.
    StorageRecovered,
    /// A process of a function was started.
    FunctionStarted {
        /// The function.
        function: Arc<str>,
        /// The id of the process; `None` for a function in this process.
        process: Option<u32>,
    },
    /// A process of a function ended by itself, or was killed by an injected fault.
    FunctionCrashed {
        /// The function.
        function: Arc<str>,
        /// How the process ended.
        reason: String,
    },
    /// A function exceeded its timeout and was killed.
    FunctionTimedOut {
        /// The function.
        function: Arc<str>,
        /// The timeout.
        timeout: Duration,
    },
    /// A function that crashed is started again after a pause.
    FunctionRestarting {
        /// The function.
        function: Arc<str>,
        /// The pause.
        after: Duration,
    },
    /// The program of a function has changed. New processes take the place of the old ones.
    ProgramChanged {
        /// The function.
        function: Arc<str>,
    },
    /// A function was stopped for good.
    FunctionStopped {
        /// The function.
        function: Arc<str>,
        /// The reason; `None` if the pipeline was stopped.
        reason: Option<String>,
    },
}

/// A message of a batch.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReceivedMessage {
    /// The message's id.
    pub message_id: Arc<str>,
    /// The event that the message is about.
    pub event: Option<EventId>,
    /// How often the message has been received, including this time.
    pub receive_count: u32,
}

/// The result of an invocation for one message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// The message is done and is deleted.
    Succeeded,
    /// The message failed and becomes visible again.
    Failed,
    /// The whole batch failed, for this reason, and its messages become visible again.
    BatchFailed(Arc<str>),
}

/// The stream that a function writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LogStream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}
