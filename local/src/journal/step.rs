//! One thing that happened.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::{Fault, FunctionErrorKind, Hop, ObjectEvent, SendRefusal};

/// One thing that happened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Step {
    /// 0, 1, 2 and so on.
    pub number: u64,
    /// By the pipeline's clock: that of the machine at its start, and as much later as Tokio's
    /// clock says.
    pub time: SystemTime,
    /// Since the pipeline's start.
    pub elapsed: Duration,
    /// The event that it is about. `None` for what is about none, or about a whole batch.
    pub event: Option<EventId>,
    /// What it was.
    pub kind: StepKind,
}

/// Ties together all that becomes of one event of S3, duplicates included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub u64);

/// What can happen.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum StepKind {
    /// An object was created, removed or changed.
    ObjectEvent(Arc<ObjectEvent>),
    /// The notifications of a bucket were configured, so that S3 sends a test notification.
    TestNotification {
        /// The bucket.
        bucket: Arc<str>,
    },
    /// S3 sent a notification.
    NotificationSent {
        /// The topic or queue that got it.
        destination: Arc<str>,
    },
    /// The topic compared a notification with a subscription's filter policy.
    FilterVerdict {
        /// The topic.
        topic: Arc<str>,
        /// The queue that is subscribed.
        queue: Arc<str>,
        /// Whether the notification goes there.
        passed: bool,
    },
    /// A queue took a message.
    Enqueued {
        /// The queue.
        queue: Arc<str>,
        /// The message's id.
        message_id: Arc<str>,
        /// The message's body.
        body: Arc<str>,
        /// Whether a FIFO queue knew its deduplication id, and dropped it.
        is_duplicate: bool,
    },
    /// A queue refused a message: it is sent again later when the queue was
    /// [full](SendRefusal::Full), and lost otherwise.
    Refused {
        /// The queue.
        queue: Arc<str>,
        /// Why.
        reason: SendRefusal,
    },
    /// A function got a batch.
    Invoked {
        /// The function.
        function: Arc<str>,
        /// The queue that the batch is from.
        queue: Arc<str>,
        /// The id of the invocation.
        request_id: Arc<str>,
        /// The batch.
        messages: Vec<ReceivedMessage>,
    },
    /// A function wrote a line.
    FunctionLog {
        /// The function.
        function: Arc<str>,
        /// Where it wrote it.
        stream: LogStream,
        /// The line, without its end.
        line: String,
    },
    /// An invocation ended: the fates of its messages follow.
    Answered {
        /// The function.
        function: Arc<str>,
        /// The id of the invocation.
        request_id: Arc<str>,
        /// How long it took.
        duration: Duration,
        /// Why there is no answer; `None` when there is one.
        error: Option<(FunctionErrorKind, String)>,
    },
    /// What an invocation said of one message.
    Outcome {
        /// The function.
        function: Arc<str>,
        /// The queue.
        queue: Arc<str>,
        /// The id of the invocation.
        request_id: Arc<str>,
        /// The message's id.
        message_id: Arc<str>,
        /// How often it has been received, this time included.
        receive_count: u32,
        /// What it said.
        fate: Fate,
    },
    /// A message was deleted from its queue.
    Deleted {
        /// The queue.
        queue: Arc<str>,
        /// The message's id.
        message_id: Arc<str>,
    },
    /// A message was received too often, and moved.
    Redriven {
        /// The queue that it was in.
        queue: Arc<str>,
        /// The queue that it is in now.
        dead_letter_queue: Arc<str>,
        /// The message's id.
        message_id: Arc<str>,
        /// How often it was received.
        receive_count: u32,
    },
    /// A message was in a queue for longer than the queue keeps it, and is lost.
    Expired {
        /// The queue.
        queue: Arc<str>,
        /// The message's id.
        message_id: Arc<str>,
    },
    /// Something went wrong on purpose.
    FaultInjected {
        /// Where.
        hop: Hop,
        /// What.
        fault: Fault,
        /// The queue, topic or function where.
        place: Arc<str>,
        /// The id of the message or of the invocation that it happened to; `None` for a
        /// notification on its way.
        id: Option<Arc<str>>,
        /// How often the message had been received, that time included; `None` for what is not
        /// about one receive.
        receive_count: Option<u32>,
    },
    /// What happens cannot be written down any more. Nothing new is taken until it can; what is
    /// there goes on, and a restart goes back to before this.
    StorageFailed {
        /// Why not.
        reason: String,
    },
    /// What happens is written down again.
    StorageRecovered,
    /// A function's process runs.
    FunctionStarted {
        /// The function.
        function: Arc<str>,
        /// The id of the process; `None` for a function in this one.
        process: Option<u32>,
    },
    /// A function's process ended by itself, or was killed by a fault.
    FunctionCrashed {
        /// The function.
        function: Arc<str>,
        /// How.
        reason: String,
    },
    /// A function took longer than its timeout, and was killed.
    FunctionTimedOut {
        /// The function.
        function: Arc<str>,
        /// The timeout.
        timeout: Duration,
    },
    /// A function that has ended comes up again after a pause.
    FunctionRestarting {
        /// The function.
        function: Arc<str>,
        /// The pause.
        after: Duration,
    },
    /// A function has ended for good.
    FunctionStopped {
        /// The function.
        function: Arc<str>,
        /// Why; `None` when the pipeline was stopped.
        reason: Option<String>,
    },
}

/// A message of a batch.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReceivedMessage {
    /// Its id.
    pub message_id: Arc<str>,
    /// The event that it is of.
    pub event: Option<EventId>,
    /// How often it has been received, this time included.
    pub receive_count: u32,
}

/// What an invocation said of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// It need not come again.
    Succeeded,
    /// It comes again.
    Failed,
    /// It comes again, since its whole batch does, for this reason.
    BatchFailed(Arc<str>),
}

/// Where a function writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LogStream {
    /// Its standard output.
    Output,
    /// Its standard error.
    Error,
}
