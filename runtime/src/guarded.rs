//! What is not ours, kept from taking the batch with it.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use s3_dispatch_core::BoxFuture;

/// A future of a handler, a sink or the like. It panics neither when it is polled nor when it is
/// dropped, finished or not.
pub(crate) struct Guarded<'f, T>(State<'f, T>);

enum State<'f, T> {
    Running(BoxFuture<'f, T>),
    /// It panicked before there was a future.
    Panicked(Panicked),
    Over,
}

impl<'f, T> Guarded<'f, T> {
    /// Guards the making of the future too.
    pub(crate) fn new(make: impl FnOnce() -> BoxFuture<'f, T>) -> Self {
        Self(match catch_unwind(AssertUnwindSafe(make)) {
            Ok(future) => State::Running(future),
            Err(panic) => State::Panicked(Panicked::new(panic)),
        })
    }
}

impl<T> Future for Guarded<'_, T> {
    type Output = Result<T, Panicked>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = match &mut self.0 {
            State::Running(future) => {
                catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)))
            }
            State::Panicked(panicked) => {
                let panicked = std::mem::take(panicked);
                self.end();
                return Poll::Ready(Err(panicked));
            }
            State::Over => return Poll::Pending,
        };

        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => {
                self.end();
                Poll::Ready(Ok(output))
            }
            Err(panic) => {
                self.end();
                Poll::Ready(Err(Panicked::new(panic)))
            }
        }
    }
}

impl<T> Guarded<'_, T> {
    fn end(&mut self) {
        let state = std::mem::replace(&mut self.0, State::Over);
        if catch_unwind(AssertUnwindSafe(|| drop(state))).is_err() {
            tracing::error!("a future panicked while it was dropped");
        }
    }
}

impl<T> Drop for Guarded<'_, T> {
    fn drop(&mut self) {
        self.end();
    }
}

/// What was caught, as an error with the panic's message.
#[derive(Debug, Default)]
pub(crate) struct Panicked(String);

impl Panicked {
    pub(crate) fn new(panic: Box<dyn Any + Send>) -> Self {
        let text = panic.downcast_ref::<&str>().map(ToString::to_string);
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        // A payload may be of any type, and panic in its turn.
        drop(catch_unwind(AssertUnwindSafe(|| drop(panic))));

        Self(text.unwrap_or_else(|| "without a message".to_owned()))
    }
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "panicked: {}", self.0)
    }
}

impl std::error::Error for Panicked {}
