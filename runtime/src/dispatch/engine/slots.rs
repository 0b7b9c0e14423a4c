//! The slots of handlers that may run at once. A record lends its slot while it waits for a store.
//!
//! Only a driver that gives its runners slots lets them lend. Without a slot, every function here
//! does nothing but wait.

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use s3_dispatch_core::handler::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

tokio::task_local! {
    /// The slot of the runner that is being polled. `None` inside a router that may not lend it.
    static SLOT: Option<Slot>;
}

/// The slots of a batch.
pub(crate) struct Slots {
    free: Arc<Semaphore>,
    may_begin: Arc<dyn Fn() -> bool + Send + Sync>,
}

/// The slot of a runner: it holds one, has lent it, or waits for one.
#[derive(Clone)]
pub(crate) struct Slot(Arc<Shared>);

struct Shared {
    free: Arc<Semaphore>,
    may_begin: Arc<dyn Fn() -> bool + Send + Sync>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    permit: Option<OwnedSemaphorePermit>,
    /// How long the record that runs has waited for a slot, without the wait that goes on.
    waited: Duration,
    waits_since: Option<Instant>,
}

/// The batch is over or the process ends, so nothing new begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NothingBegins;

impl fmt::Display for NothingBegins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the handler did not begin, because there is no time left for it")
    }
}

impl std::error::Error for NothingBegins {}

impl Slots {
    /// `may_begin` says whether a handler may begin now.
    pub(crate) fn new(
        handlers: usize,
        may_begin: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Self {
        Self {
            free: Arc::new(Semaphore::new(handlers.min(Semaphore::MAX_PERMITS))),
            may_begin: Arc::new(may_begin),
        }
    }

    /// Takes a slot for a new runner, if one is free.
    pub(crate) fn take(&self) -> Option<Slot> {
        let permit = Arc::clone(&self.free).try_acquire_owned().ok()?;

        Some(Slot(Arc::new(Shared {
            free: Arc::clone(&self.free),
            may_begin: Arc::clone(&self.may_begin),
            state: Mutex::new(State {
                permit: Some(permit),
                ..State::default()
            }),
        })))
    }
}

impl Slot {
    /// Does the work of a runner, whose records can lend this slot.
    pub(crate) async fn around(self, work: impl Future<Output = ()>) {
        SLOT.scope(Some(self), work).await;
    }

    /// Waits until this runner has a slot, behind those who wait already. Returns how long it
    /// waited.
    ///
    /// # Errors
    ///
    /// If it waited, and nothing may begin by then.
    pub(crate) async fn hold(&self) -> Result<Duration, NothingBegins> {
        if self.state().permit.is_some() {
            return Ok(Duration::ZERO);
        }

        let since = Instant::now();
        self.state().waits_since = Some(since);
        let permit = Arc::clone(&self.0.free).acquire_owned().await;

        let waited = since.elapsed();
        let mut state = self.state();
        // The slots are never closed.
        state.permit = permit.ok();
        state.waited += waited;
        state.waits_since = None;
        drop(state);

        (self.0.may_begin)().then_some(waited).ok_or(NothingBegins)
    }

    fn lend(&self) {
        self.state().permit = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn waited_until_now(&self) -> Duration {
        self.waited
            + self
                .waits_since
                .map_or(Duration::ZERO, |since| since.elapsed())
    }
}

/// Waits for an answer, and lends the slot meanwhile. Afterwards the record may have none, until
/// it [holds](hold) one.
pub(crate) async fn lend<T>(answer: impl Future<Output = T>) -> T {
    let mut answer = pin!(answer);

    // A store in memory answers at once.
    if let Poll::Ready(answer) = futures_util::poll!(answer.as_mut()) {
        return answer;
    }

    if let Some(slot) = current() {
        slot.lend();
    }
    answer.await
}

/// Waits until the record has a slot. Must come before a handler. Returns how long it waited.
///
/// # Errors
///
/// If it waited, and nothing may begin by then.
pub(crate) async fn hold() -> Result<Duration, NothingBegins> {
    match current() {
        Some(slot) => slot.hold().await,
        None => Ok(Duration::ZERO),
    }
}

/// Routes a record with its slot, which the router cannot lend: it may hold what others wait for.
pub(crate) fn keep<'f, T: Send + 'f>(routed: BoxFuture<'f, T>) -> BoxFuture<'f, T> {
    match current() {
        Some(_) => Box::pin(SLOT.scope(None, routed)),
        None => routed,
    }
}

/// Limits the time of a record. The time in which it waits for a slot does not count.
///
/// # Errors
///
/// If the time is over.
pub(crate) async fn timeout<T>(
    limit: Duration,
    work: impl Future<Output = T>,
) -> Result<T, tokio::time::error::Elapsed> {
    let started = Instant::now();
    let (Some(slot), Some(end)) = (current(), started.checked_add(limit)) else {
        return tokio::time::timeout(limit, work).await;
    };

    slot.state().waited = Duration::ZERO;
    let mut work = pin!(work);

    loop {
        let waited = slot.state().waited_until_now();
        let ended = timeout_at(end + waited, work.as_mut()).await;

        let has_waited_more = slot.state().waited_until_now() > waited;
        if ended.is_ok() || !has_waited_more {
            return ended;
        }
    }
}

fn current() -> Option<Slot> {
    SLOT.try_with(Option::clone).ok().flatten()
}
