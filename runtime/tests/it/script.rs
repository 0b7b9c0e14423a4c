//! A router that does what each key says: `ok/1` succeeds, `fail/2` fails, `run-250/3` runs for 250
//! ms, `hang/4` hangs, and so on.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use s3_dispatch::dispatch::MessageOutcome;
use s3_dispatch::handler::BoxFuture;
use s3_dispatch::{
    BatchReport, Dispatcher, Error, EventName, HandlerError, MessageContext, Outcome, Route,
    Router, S3EventRecord, SkipReason,
};
use s3_dispatch_testing::RecordBuilder;
use tokio::time::Instant;

/// The router. It notes what runs when.
#[derive(Clone, Default)]
pub(crate) struct Script(Arc<Mutex<Journal>>);

#[derive(Default)]
pub(crate) struct Journal {
    pub(crate) started: Vec<(String, Instant)>,
    pub(crate) finished: Vec<String>,
    pub(crate) running: usize,
    pub(crate) most_running: usize,
    pub(crate) contexts: Vec<MessageContext>,
}

impl Script {
    pub(crate) fn started(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap()
            .started
            .iter()
            .map(|(key, _)| key.clone())
            .collect()
    }

    pub(crate) fn journal<T>(&self, look: impl FnOnce(&Journal) -> T) -> T {
        look(&self.0.lock().unwrap())
    }
}

/// Counts a handler as running until it is done or dropped.
struct Running(Script);

impl Drop for Running {
    fn drop(&mut self) {
        self.0
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .running -= 1;
    }
}

/// Written without `async_trait`, to be able to panic before it returns a future.
impl Router for Script {
    fn route<'s, 'r, 'm, 'f>(
        &'s self,
        record: &'r S3EventRecord,
        message: &'m MessageContext,
    ) -> BoxFuture<'f, Outcome>
    where
        's: 'f,
        'r: 'f,
        'm: 'f,
        Self: 'f,
    {
        let key = record.object.key.as_str();
        assert!(!key.starts_with("panic-early"), "early");

        Box::pin(async move {
            let running = Running(self.clone());
            {
                let mut journal = self.0.lock().unwrap();
                journal.started.push((key.to_owned(), Instant::now()));
                journal.contexts.push(message.clone());
                journal.running += 1;
                journal.most_running = journal.most_running.max(journal.running);
            }

            let behaviour = key.split_once('/').map_or(key, |(behaviour, _)| behaviour);
            let outcome = match behaviour.split_once('-').unwrap_or((behaviour, "")) {
                ("ok", _) => Outcome::Handled,
                ("fail", _) => Outcome::Failed(HandlerError::retry("it failed")),
                ("permanent", _) => Outcome::Failed(HandlerError::permanent("it failed for good")),
                ("skip", _) => Outcome::Skipped(SkipReason::Duplicate),
                ("gone", _) => Outcome::Skipped(SkipReason::Gone),
                ("nothing", _) => Outcome::Failed(HandlerError::skip("nothing to do")),
                ("unrouted", _) => Outcome::Skipped(SkipReason::Unrouted),
                ("panic", "long") => std::panic::panic_any("x".repeat(7_000_000)),
                ("panic", _) => panic!("it panicked"),
                ("hang", _) => std::future::pending().await,
                ("run", milliseconds) => {
                    tokio::time::sleep(Duration::from_millis(milliseconds.parse().unwrap())).await;
                    Outcome::Handled
                }
                other => panic!("no behaviour `{other:?}`"),
            };

            self.0.lock().unwrap().finished.push(key.to_owned());
            drop(running);

            outcome
        })
    }

    fn routes(&self) -> &[Route] {
        &[]
    }
}

pub(crate) fn put(key: &str) -> RecordBuilder {
    RecordBuilder::new(EventName::OBJECT_CREATED_PUT).with_key(key)
}

pub(crate) fn dispatcher() -> (Dispatcher<Script>, Script) {
    let script = Script::default();
    (Dispatcher::new(script.clone()), script)
}

/// Returns the ids in the batch response.
pub(crate) fn failures(report: &Result<BatchReport, Error>) -> Vec<String> {
    let report = report.as_ref().unwrap();
    let response = report.response();

    response
        .batch_item_failures
        .into_iter()
        .map(|failure| failure.item_identifier)
        .collect()
}

pub(crate) fn outcomes(report: &Result<BatchReport, Error>) -> Vec<MessageOutcome> {
    report
        .as_ref()
        .unwrap()
        .messages()
        .iter()
        .map(|message| message.outcome())
        .collect()
}

/// Returns a time on Tokio's clock, which the tests pause.
pub(crate) fn after(milliseconds: u64) -> Option<std::time::Instant> {
    Some((Instant::now() + Duration::from_millis(milliseconds)).into_std())
}
