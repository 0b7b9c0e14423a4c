//! Runs user code so that a panic in it fails one message and not the whole batch.
//!
//! Handlers, routers, dead-letter sinks and backoffs run behind this guard.

pub(crate) mod time_limit;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

pub(crate) use s3_dispatch_core::__private::Panicked;
use s3_dispatch_core::__private::drop_contained;
use s3_dispatch_core::handler::BoxFuture;

/// A future of user code that resolves to its output or to its panic.
///
/// It never panics itself, no matter when it is polled or dropped.
pub(crate) struct Guarded<'f, T>(Stage<'f, T>);

enum Stage<'f, T> {
    Running(BoxFuture<'f, T>),
    /// The user code panicked before it returned a future.
    Panicked(Panicked),
    Finished,
}

impl<'f, T> Guarded<'f, T> {
    /// Calls `make` for the future. A panic of that call is caught as well.
    pub(crate) fn new(make: impl FnOnce() -> BoxFuture<'f, T>) -> Self {
        Self(match catch_unwind(AssertUnwindSafe(make)) {
            Ok(future) => Stage::Running(future),
            Err(panic) => Stage::Panicked(Panicked::new(panic)),
        })
    }

    fn finish(&mut self) {
        let stage = std::mem::replace(&mut self.0, Stage::Finished);
        if drop_contained(stage) {
            tracing::error!("a future panicked while it was dropped");
        }
    }
}

impl<T> Future for Guarded<'_, T> {
    type Output = Result<T, Panicked>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = match &mut self.0 {
            Stage::Running(future) => {
                catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)))
            }
            Stage::Panicked(panicked) => {
                let panicked = std::mem::take(panicked);
                self.finish();
                return Poll::Ready(Err(panicked));
            }
            Stage::Finished => return Poll::Pending,
        };
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => {
                self.finish();
                Poll::Ready(Ok(output))
            }
            Err(panic) => {
                self.finish();
                Poll::Ready(Err(Panicked::new(panic)))
            }
        }
    }
}

impl<T> Drop for Guarded<'_, T> {
    fn drop(&mut self) {
        if !matches!(self.0, Stage::Finished) {
            self.finish();
        }
    }
}
