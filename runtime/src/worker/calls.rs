//! The calls that a worker makes, and what comes of them.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use s3_dispatch_core::delivery::ReceiptHandle;
use s3_dispatch_core::handler::BoxFuture;
use tokio::time::{Instant, timeout};

use crate::Backoff;
use crate::failure::backoff::{self, FailedMessage};
use crate::guarded::Guarded;
use crate::guarded::time_limit::LONGEST;
use crate::queue::{QueueError, Receive, ReceiveRequest, Received};
use crate::telemetry::errors::with_causes;
use crate::worker::batch::{Batch, LeaseId};

/// How long a receive may take beyond the time that it waits for messages.
const RECEIVE_EXTRA: Duration = Duration::from_secs(10);

/// A call that has ended.
pub(super) enum Done {
    Received {
        asked: usize,
        sent: Instant,
        result: Result<Vec<Received>, QueueError>,
        /// It succeeded, and nothing comes after it.
        is_last: bool,
    },
    Deleted(Vec<Answer>),
    Extended {
        sent: Instant,
        answers: Vec<(Answer, Duration)>,
    },
    /// The time was set at which messages become visible.
    Returned(Vec<Answer>),
    /// The backoff has postponed messages.
    Postponed(Vec<LeaseId>),
    /// What has nothing to say, such as a function that runs after each receive.
    Other,
}

/// What a queue answered for one message.
pub(super) struct Answer {
    pub(super) lease: LeaseId,
    pub(super) result: Result<(), QueueError>,
}

/// A message in a call. It holds the batch, so that its receipt handle lives as long as the call.
pub(super) struct Entry {
    pub(super) lease: LeaseId,
    pub(super) batch: Batch,
    pub(super) message: usize,
}

impl Entry {
    fn handle(&self) -> Option<&ReceiptHandle> {
        let message = &self.batch.messages()[self.message];
        message.context.receipt_handle()
    }
}

/// A call that runs.
pub(super) type Call = BoxFuture<'static, Done>;

/// Receives messages, with a request that is sent now.
pub(super) fn receive<Q: Receive>(queue: Arc<Q>, request: ReceiveRequest, sent: Instant) -> Call {
    async move {
        let received = Guarded::new(|| {
            let received = queue.receive(request);
            let received = received.map(|result| {
                let is_last = result.is_ok() && queue.has_ended();
                (result, is_last)
            });
            received.boxed()
        });
        let (result, is_last) = match timeout(request.wait() + RECEIVE_EXTRA, received).await {
            Ok(Ok(received)) => received,
            Ok(Err(panicked)) => (Err(QueueError::failed(panicked)), false),
            Err(_) => (Err(QueueError::failed("it took too long")), false),
        };

        Done::Received {
            asked: request.most(),
            sent,
            result,
            is_last,
        }
    }
    .boxed()
}

pub(super) fn delete<Q: Receive>(queue: Arc<Q>, entries: Vec<Entry>) -> Call {
    async move {
        let handles: Vec<_> = entries.iter().filter_map(Entry::handle).collect();
        let results = limited(Guarded::new(|| queue.delete(&handles)), LONGEST).await;

        Done::Deleted(answers(&entries, results))
    }
    .boxed()
}

/// Hides messages for these times. The call may take this long.
pub(super) fn extend<Q: Receive>(
    queue: Arc<Q>,
    entries: Vec<(Entry, Duration)>,
    limit: Duration,
) -> Call {
    async move {
        let sent = Instant::now();
        let (entries, times): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
        let results = change(&*queue, &entries, &times, limit).await;
        let answers = answers(&entries, results).into_iter().zip(times).collect();

        Done::Extended { sent, answers }
    }
    .boxed()
}

/// Makes messages visible after these times.
pub(super) fn give_back<Q: Receive>(queue: Arc<Q>, entries: Vec<(Entry, Duration)>) -> Call {
    async move {
        let (entries, times): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
        let results = change(&*queue, &entries, &times, LONGEST).await;

        Done::Returned(answers(&entries, results))
    }
    .boxed()
}

pub(super) fn postpone(
    backoff: Arc<dyn Backoff>,
    entries: Vec<(Entry, Option<Duration>, Duration)>,
) -> Call {
    async move {
        let failed: Vec<_> = entries
            .iter()
            .map(|(entry, retry_after, elapsed)| FailedMessage {
                context: &entry.batch.messages()[entry.message].context,
                retry_after: *retry_after,
                elapsed: *elapsed,
            })
            .collect();
        backoff::postpone(&*backoff, &failed, None).await;

        Done::Postponed(entries.iter().map(|(entry, ..)| entry.lease).collect())
    }
    .boxed()
}

async fn change<Q: Receive>(
    queue: &Q,
    entries: &[Entry],
    times: &[Duration],
    limit: Duration,
) -> Vec<Result<(), QueueError>> {
    let entries = entries.iter().zip(times);
    let handles: Vec<_> = entries
        .filter_map(|(entry, time)| Some((entry.handle()?, *time)))
        .collect();

    limited(Guarded::new(|| queue.change_visibility(&handles)), limit).await
}

/// Waits for the results of a call, and for none if it takes longer than this.
async fn limited(
    call: Guarded<'_, Vec<Result<(), QueueError>>>,
    limit: Duration,
) -> Vec<Result<(), QueueError>> {
    match timeout(limit, call).await {
        Ok(Ok(results)) => results,
        Ok(Err(panicked)) => vec![Err(QueueError::failed(with_causes(&panicked)))],
        Err(_) => Vec::new(),
    }
}

/// Gives each entry its result. What has none counts as failed.
fn answers(entries: &[Entry], results: Vec<Result<(), QueueError>>) -> Vec<Answer> {
    let mut results = results.into_iter();
    let answers = entries.iter().map(|entry| Answer {
        lease: entry.lease,
        result: match entry.handle() {
            None => Err(QueueError::refused("the message has no receipt handle")),
            Some(_) => results
                .next()
                .unwrap_or_else(|| Err(QueueError::failed("the queue gave no answer in time"))),
        },
    });

    answers.collect()
}
