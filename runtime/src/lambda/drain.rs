//! Lets invocations answer when the process is told to end, and asks for no more of them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::watch;
use tower::{Layer, Service};

use crate::dispatch::batch::stop::{End, Stop};

/// How long the answers may take after the last handler was cancelled.
const ANSWERS: Duration = Duration::from_millis(100);

/// How long the process waits for answers that should have been given by now.
const OVERDUE: Duration = Duration::from_secs(1);

/// Counts the invocations that have no answer yet, and ends them together.
///
/// As a layer it belongs around everything else, so that an invocation has ended when Lambda has
/// its answer.
#[derive(Clone)]
pub(super) struct Drain {
    stop: Stop,
    running: Arc<watch::Sender<usize>>,
}

impl Drain {
    /// `stop` is what the dispatcher listens to.
    pub(super) fn new(stop: Stop) -> Self {
        Self {
            stop,
            running: Arc::default(),
        }
    }

    /// Waits until all invocations are answered. Handlers that run longer than `drain` are
    /// cancelled.
    pub(super) async fn finish(&self, drain: Duration) {
        let cut = tokio::time::Instant::now() + drain;
        let answer = cut + ANSWERS;
        self.stop.tell(End {
            cut: cut.into_std(),
            answer: answer.into_std(),
        });

        let mut running = self.running.subscribe();
        let all_answered = running.wait_for(|running| *running == 0);
        let ended = tokio::time::timeout_at(answer + OVERDUE, all_answered).await;

        if ended.is_err() {
            let invocations = *self.running.borrow();
            tracing::warn!(
                invocations,
                "the process ends with invocations that have no answer: Lambda delivers their \
                 messages again"
            );
        }
    }

    fn begin(&self) -> Running {
        self.running.send_modify(|running| *running += 1);
        Running(Arc::clone(&self.running))
    }
}

/// An invocation without an answer. It counts until it is dropped.
struct Running(Arc<watch::Sender<usize>>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.send_modify(|running| *running -= 1);
    }
}

impl<S> Layer<S> for Drain {
    type Service = Drained<S>;

    fn layer(&self, inner: S) -> Drained<S> {
        Drained {
            inner,
            drain: self.clone(),
        }
    }
}

#[derive(Clone)]
pub(super) struct Drained<S> {
    inner: S,
    drain: Drain,
}

impl<I, S> Service<I> for Drained<S>
where
    S: Service<I>,
    S::Future: Send + 'static,
    S::Response: Send,
    S::Error: Send,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, invocation: I) -> Self::Future {
        let running = self.drain.begin();
        let answered = self.inner.call(invocation);
        let stop = self.drain.stop.clone();

        Box::pin(async move {
            let result = answered.await;
            drop(running);

            // `lambda_runtime` asks for the next invocation as soon as this one has ended.
            if stop.is_told() {
                std::future::pending::<()>().await;
            }

            result
        })
    }
}
