//! A value that an async function makes once, when it is first needed.

use std::error::Error as StdError;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Poll, Waker};

use crate::contained::{Panicked, drop_contained};
use crate::handling::BoxFuture;
use crate::{Error, ErrorKind};

/// A value that is there from the beginning, or that an async function makes.
///
/// It depends on no runtime: callers that wait for their turn are woken by the one before them.
pub(super) struct Prepared<T> {
    value: OnceLock<T>,
    /// Absent if the value was there from the beginning.
    make: Option<Make<T>>,
    turns: Turns,
}

type Make<T> = Box<dyn Fn() -> BoxFuture<'static, Result<T, BoxError>> + Send + Sync>;

type BoxError = Box<dyn StdError + Send + Sync>;

impl<T> Prepared<T> {
    pub(super) fn new(value: T) -> Self {
        Self {
            value: OnceLock::from(value),
            make: None,
            turns: Turns::default(),
        }
    }

    pub(super) fn made_by<F, Fut, E>(make: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        let make = move || -> BoxFuture<'static, _> {
            let mut made = Box::pin(make());
            // Not an async block: if the future panics, that would drop it while it unwinds, and a
            // second panic would end the process.
            Box::pin(poll_fn(move |context| {
                made.as_mut()
                    .poll(context)
                    .map(|made| made.map_err(Into::into))
            }))
        };

        Self {
            value: OnceLock::new(),
            make: Some(Box::new(make)),
            turns: Turns::default(),
        }
    }

    /// Returns the value if it is there.
    pub(super) fn get(&self) -> Option<&T> {
        self.value.get()
    }

    /// Returns the value, and makes it first if it is not there. One caller makes it while the
    /// others wait. If that one fails or is dropped, the next one starts anew.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotPrepared`] if the function fails or panics.
    pub(super) async fn get_or_make(&self) -> Result<&T, Error> {
        if let Some(value) = self.get() {
            return Ok(value);
        }

        let _turn = self.turns.take().await;
        if let Some(value) = self.get() {
            return Ok(value);
        }

        let made = self.make().await.map_err(|error| {
            let text = "the state of the handlers could not be made";
            Error::new(ErrorKind::NotPrepared, text).with_source(error)
        })?;

        Ok(self.value.get_or_init(|| made))
    }

    /// Calls the function, and turns a panic into an error.
    async fn make(&self) -> Result<T, BoxError> {
        let make = self
            .make
            .as_ref()
            .expect("a value without a function is there from the beginning");

        let mut future = catch_unwind(AssertUnwindSafe(make)).map_err(Panicked::new)?;

        let made = poll_fn(|context| {
            match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
                Ok(polled) => polled,
                Err(panic) => Poll::Ready(Err(Panicked::new(panic).into())),
            }
        })
        .await;
        drop_contained(future);

        made
    }
}

/// Lets one caller in at a time.
#[derive(Default)]
struct Turns(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    is_taken: bool,
    /// Who waits for the turn to end, one waker for each task.
    waiting: Vec<Waker>,
}

impl Turns {
    /// Waits for a turn, which lasts until it is dropped.
    async fn take(&self) -> Turn<'_> {
        poll_fn(|context| {
            let mut queue = self.lock();
            if queue.is_taken {
                let waker = context.waker();
                if !queue.waiting.iter().any(|other| other.will_wake(waker)) {
                    queue.waiting.push(waker.clone());
                }

                return Poll::Pending;
            }

            queue.is_taken = true;
            Poll::Ready(Turn(self))
        })
        .await
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Turn<'t>(&'t Turns);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let waiting = {
            let mut queue = self.0.lock();
            queue.is_taken = false;
            std::mem::take(&mut queue.waiting)
        };

        // All of them, because the first one may not be polled any more.
        for waker in waiting {
            waker.wake();
        }
    }
}
