//! Tells running batches that the process ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tokio::sync::watch;
use tokio::time::sleep_until;

/// The end of the process, told at most once and heard by every batch.
///
/// From then on no batch starts anything new. What runs is cut when its time is over.
#[derive(Clone, Default)]
pub(crate) struct Stop(Arc<Told>);

#[derive(Default)]
struct Told {
    /// Asked for each record, so it is not behind the lock of the channel.
    is_told: AtomicBool,
    end: watch::Sender<Option<End>>,
}

/// What is left of the time of a process that ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    /// When the handlers that still run are cancelled.
    pub(crate) cut: Instant,
    /// When the answers are due.
    pub(crate) answer: Instant,
}

impl Stop {
    pub(crate) fn tell(&self, end: End) {
        self.0.end.send_replace(Some(end));
        self.0.is_told.store(true, Ordering::Release);
    }

    pub(crate) fn is_told(&self) -> bool {
        self.0.is_told.load(Ordering::Acquire)
    }

    /// Returns when the answer of a dispatch with this deadline is due.
    pub(crate) fn due(&self, deadline: Option<Instant>) -> Option<Instant> {
        let answer = self.0.end.borrow().map(|end| end.answer);

        match (deadline, answer) {
            (Some(deadline), Some(answer)) => Some(deadline.min(answer)),
            (deadline, answer) => deadline.or(answer),
        }
    }

    /// Does the work of a batch, as far as the process has time for it.
    pub(crate) async fn cut(&self, work: impl Future<Output = ()>) {
        let time_is_over = async {
            let mut end = self.0.end.subscribe();
            let told = end.wait_for(Option::is_some).await;
            let cut = told.ok().and_then(|end| end.map(|end| end.cut));

            match cut {
                Some(cut) => sleep_until(cut.into()).await,
                None => std::future::pending().await,
            }
        };

        tokio::select! {
            biased;
            () = work => {}
            () = time_is_over => {}
        }
    }
}
