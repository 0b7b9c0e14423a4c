//! Keeps a lease while something runs.

use std::fmt;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::poll;
use tokio::time::{Instant, sleep, sleep_until};

use crate::LeaseStore;
use crate::once::identity::Identity;
use crate::once::outage::Patience;
use crate::once::stores::store::{Lease, StoreError};
use crate::once::waiting::later;

/// A lease that is held.
pub(crate) struct Held<'e, Store> {
    pub(crate) store: &'e Store,
    pub(crate) key: &'e Identity,
    pub(crate) lease: Lease,
    /// How long the lease lasts from each renewal.
    pub(crate) length: Duration,
    /// When the claim or the last renewal was sent. The lease lasts at least from then on, by our
    /// own clock, however long the answer took.
    pub(crate) since: Instant,
    pub(crate) patience: Patience,
}

/// What ran has ended, or the lease has.
enum Step<T> {
    Ended(T),
    /// The lease was renewed by a call that was sent at this time.
    Renewed(Instant),
    Lost(LeaseLost),
}

impl<Store: LeaseStore> Held<'_, Store> {
    /// Runs `work`, and renews the lease meanwhile.
    ///
    /// # Errors
    ///
    /// If the lease is lost. `work` is then dropped, before the lease can have expired.
    pub(crate) async fn run<T>(&mut self, work: impl Future<Output = T>) -> Result<T, LeaseLost> {
        let mut work = pin!(work);

        // The answer to the claim took too long.
        if Instant::now() >= self.give_up_at() {
            return Err(LeaseLost::NotRenewed);
        }

        // What ends at once needs no timer.
        if let Poll::Ready(output) = poll!(work.as_mut()) {
            return Ok(output);
        }

        loop {
            match self.step(work.as_mut()).await {
                Step::Ended(output) => return Ok(output),
                Step::Renewed(sent) => self.since = sent,
                Step::Lost(lost) => return Err(lost),
            }
        }
    }

    async fn step<T>(&self, mut work: std::pin::Pin<&mut impl Future<Output = T>>) -> Step<T> {
        let give_up_at = self.give_up_at();
        let mut alarm = pin!(sleep_until(give_up_at));
        let mut renewal = pin!(self.renewal());

        std::future::poll_fn(|context| {
            // After a blocked thread, the alarm may ring later than the clock.
            if alarm.as_mut().poll(context).is_ready() || Instant::now() >= give_up_at {
                return Poll::Ready(Step::Lost(LeaseLost::NotRenewed));
            }

            if let Poll::Ready(renewed) = renewal.as_mut().poll(context) {
                return Poll::Ready(renewed.map_or_else(Step::Lost, Step::Renewed));
            }

            work.as_mut().poll(context).map(Step::Ended)
        })
        .await
    }

    /// Returns when the handler must end if the lease is not renewed: a fifth of the lease earlier
    /// than it expires by our own clock, because the clocks of others may be ahead.
    fn give_up_at(&self) -> Instant {
        later(self.since, self.length - self.length / 5)
    }

    /// Waits until the lease should be renewed, and renews it. Returns when the call was sent.
    async fn renewal(&self) -> Result<Instant, LeaseLost> {
        sleep_until(later(self.since, self.length / 3)).await;

        loop {
            let sent = Instant::now();
            match self.renew().await {
                Ok(true) => return Ok(sent),
                Ok(false) => return Err(LeaseLost::TakenOver),
                Err(error) => {
                    tracing::warn!(
                        error = crate::telemetry::errors::with_causes(&error),
                        "the lease of the key could not be renewed yet"
                    );
                    sleep(self.length / 30).await;
                }
            }
        }
    }

    async fn renew(&self) -> Result<bool, StoreError> {
        let renew = self.store.renew(self.key, &self.lease, self.length);
        self.patience.wait_at_most(self.length / 6, renew).await
    }

    /// Returns whether nobody else can have held the key until now.
    ///
    /// If the thread was blocked for longer than the lease, the store is asked.
    pub(crate) async fn was_never_lost(&self) -> bool {
        let is_running = Instant::now() < later(self.since, self.length);

        is_running || matches!(self.renew().await, Ok(true))
    }
}

/// Why a lease was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeaseLost {
    NotRenewed,
    TakenOver,
    /// Found out after the end of the handler.
    Blocked,
}

impl fmt::Display for LeaseLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotRenewed => {
                "the handler was cancelled, because the lease of its key could not be renewed in \
                 time"
            }
            Self::TakenOver => "the handler was cancelled, because another one holds its key",
            Self::Blocked => {
                "the handler blocked its thread for longer than the lease of its key, and another \
                 one may have held the key meanwhile"
            }
        })
    }
}

impl std::error::Error for LeaseLost {}
