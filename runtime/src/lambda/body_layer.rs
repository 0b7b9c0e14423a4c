//! Passes the body of an invocation around the deserializer of `lambda_runtime`.
//!
//! That crate deserializes a payload before it calls a function, so one unexpected byte would fail
//! the whole batch, with an error that we do not control. The layer here takes the body out of the
//! invocation first. The deserializer then reads `null`, and the function gets the body from the
//! handoff.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tower::{Layer, Service};

/// An invocation with a body that can be taken out.
pub(super) trait TakeBody {
    /// Returns the body and leaves the JSON `null` in its place.
    fn take_body(&mut self) -> Bytes;
}

/// Carries a body from the layer to the function. Both run within one call of the service.
#[derive(Default)]
pub(super) struct Handoff {
    /// Locked during that call, so that concurrent invocations do not take each other's body.
    turn: Mutex<()>,
    body: Mutex<Option<Bytes>>,
}

impl Handoff {
    /// Takes the body that the layer has put in during this call.
    ///
    /// Nothing between the layer and the function defers the call. If that ever changes, the body
    /// is empty, and the invocation fails because an empty body is not JSON.
    pub(super) fn take(&self) -> Bytes {
        lock(&self.body).take().unwrap_or_default()
    }

    fn call_with<T>(&self, body: Bytes, call: impl FnOnce() -> T) -> T {
        let _turn = lock(&self.turn);
        *lock(&self.body) = Some(body);

        call()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Wraps a service so that it never sees the bodies of its invocations.
pub(super) struct BodyLayer {
    pub(super) handoff: Arc<Handoff>,
}

impl<S> Layer<S> for BodyLayer {
    type Service = WithoutBody<S>;

    fn layer(&self, inner: S) -> WithoutBody<S> {
        WithoutBody {
            inner,
            handoff: Arc::clone(&self.handoff),
        }
    }
}

#[derive(Clone)]
pub(super) struct WithoutBody<S> {
    inner: S,
    handoff: Arc<Handoff>,
}

impl<I: TakeBody, S: Service<I>> Service<I> for WithoutBody<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut invocation: I) -> S::Future {
        let body = invocation.take_body();
        let inner = &mut self.inner;

        self.handoff.call_with(body, || inner.call(invocation))
    }
}
