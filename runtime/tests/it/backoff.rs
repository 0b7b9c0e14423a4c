//! `Backoff`: when failed messages are delivered again, and what a failing backoff does.

use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use s3_dispatch::failure::{ExponentialBackoff, FailedMessage};
use s3_dispatch::{Backoff, Deduplicated, Dispatcher, HandlerError, MemoryStore, Routes};
use s3_dispatch_testing::{NotificationBuilder, SqsBatchBuilder};
use tokio::time::Instant;

use crate::deadline::Bomb;
use crate::script::{Script, after, dispatcher, failures, put};

/// Notes the messages that it is given, then fails in the way that `fault` says.
#[derive(Clone, Default)]
struct FaultyBackoff {
    asked: Arc<Mutex<Vec<Vec<String>>>>,
    fault: &'static str,
}

#[async_trait]
impl Backoff for FaultyBackoff {
    async fn postpone(
        &self,
        failed: &[FailedMessage<'_>],
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let describe = |message: &FailedMessage<'_>| {
            let id = message.context.message_id().unwrap();
            message
                .retry_after
                .map_or_else(|| id.to_string(), |delay| format!("{id} after {delay:?}"))
        };

        let ids = failed.iter().map(describe).collect();
        self.asked.lock().unwrap().push(ids);

        match self.fault {
            "" => Ok(()),
            "panic" => panic!("the backoff panicked"),
            "hang" => std::future::pending().await,
            "bomb" => {
                let _bomb = Bomb;
                std::future::pending().await
            }
            fault => Err(fault.into()),
        }
    }
}

/// Notes the delays that it is asked for.
#[cfg(feature = "sqs")]
#[derive(Clone, Default)]
pub(crate) struct Delays(Arc<Mutex<Vec<Option<Duration>>>>);

#[cfg(feature = "sqs")]
impl Delays {
    pub(crate) fn taken(&self) -> Vec<Option<Duration>> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[cfg(feature = "sqs")]
#[async_trait]
impl Backoff for Delays {
    async fn postpone(
        &self,
        failed: &[FailedMessage<'_>],
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let delays = failed.iter().map(|message| message.retry_after);
        self.0.lock().unwrap().extend(delays);
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn failed_messages_are_postponed_once_and_a_failing_backoff_changes_nothing() {
    for fault in ["", "it is down", "panic", "hang", "bomb"] {
        let backoff = FaultyBackoff {
            fault,
            ..FaultyBackoff::default()
        };
        let (dispatcher, _) = dispatcher();

        let batch = SqsBatchBuilder::new()
            .with_record("1", put("fail/1"))
            .with_record("2", put("ok/2"))
            .with_body("3", "no JSON")
            .with_record("4", put("hang/4"));

        let start = Instant::now();
        let report = dispatcher
            .with_backoff(backoff.clone())
            .dispatch(batch.to_bytes(), after(2_000))
            .await;
        assert_eq!(failures(&report), ["1", "3", "4"]);
        assert_eq!(*backoff.asked.lock().unwrap(), [["1", "3", "4"]]);
        assert!(
            start.elapsed() < Duration::from_millis(2_000),
            "the answer must come before the deadline"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_postponed_if_nothing_failed() {
    let backoff = FaultyBackoff::default();
    let (dispatcher, _) = dispatcher();
    let batch = SqsBatchBuilder::new().with_record("1", put("ok/1"));

    drop(
        dispatcher
            .with_backoff(backoff.clone())
            .dispatch(batch.to_bytes(), None)
            .await,
    );

    assert!(backoff.asked.lock().unwrap().is_empty());
}

#[test]
fn the_ceiling_doubles_up_to_the_cap_and_delays_spread_below_it() {
    let backoff = ExponentialBackoff::new(Duration::from_secs(2), Duration::from_secs(100));
    let ceilings: Vec<_> = (0..9)
        .map(|count| backoff.ceiling(count).as_secs())
        .collect();
    assert_eq!(ceilings, [2, 2, 4, 8, 16, 32, 64, 100, 100]);
    assert_eq!(backoff.ceiling(u32::MAX).as_secs(), 100);
    let delays: Vec<_> = (0..1_000).map(|_| backoff.delay(6)).collect();
    assert!(delays.iter().all(|delay| delay.as_secs() < 64));
    let late = delays.iter().filter(|delay| delay.as_secs() >= 32).count();
    assert!(
        (300..700).contains(&late),
        "{late} of 1,000 delays are above half of the ceiling"
    );
}

#[tokio::test(start_paused = true)]
async fn a_message_waits_for_the_longest_delay_that_its_records_ask_for() {
    let backoff = FaultyBackoff::default();
    let routes = Routes::new(()).on_fn("*", |key: s3_dispatch::ObjectKey| async move {
        let seconds = key.as_str().parse().map_err(HandlerError::permanent)?;
        Err::<(), _>(
            HandlerError::retry("throttled").with_retry_after(Duration::from_secs(seconds)),
        )
    });

    let both = NotificationBuilder::new()
        .with_record(put("7"))
        .with_record(put("70"));
    let batch = SqsBatchBuilder::new()
        .with_notification("1", both)
        .with_record("2", put("none"));
    let report = Dispatcher::new(routes)
        .with_backoff(backoff.clone())
        .dispatch(batch.to_bytes(), None)
        .await;
    assert_eq!(failures(&report), ["1", "2"]);
    assert_eq!(*backoff.asked.lock().unwrap(), [["1 after 70s", "2"]]);
}

/// Otherwise each return within the lease would cost a receive, and a record that was tried only
/// once would end in the dead-letter queue.
#[tokio::test(start_paused = true)]
async fn a_record_in_progress_elsewhere_waits_until_that_lease_expires() {
    let backoff = FaultyBackoff::default();
    let router = Deduplicated::new(Script::default(), MemoryStore::new())
        .with_lease(Duration::from_secs(60));
    let dispatcher = Dispatcher::new(router)
        .with_record_timeout(Duration::from_secs(5))
        .with_backoff(backoff.clone());
    let batch = SqsBatchBuilder::new().with_record("1", put("hang/1"));

    for _ in 0..2 {
        drop(dispatcher.dispatch(batch.to_bytes(), None).await);
        tokio::time::advance(Duration::from_secs(15)).await;
    }

    assert_eq!(*backoff.asked.lock().unwrap(), [["1"], ["1 after 40s"]]);
}
