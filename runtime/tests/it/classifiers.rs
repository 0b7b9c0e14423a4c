//! Classifiers: what the error of a handler means, and who sees it.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use s3_dispatch::failure::{DeadLetter, DeadLetterError, FailedMessage};
use s3_dispatch::{
    Backoff, BatchReport, Class, Classify, DeadLetters, Deduplicated, Dispatcher, HandlerError,
    LatestOnly, MemoryStore, MessageContext, ObjectKey, Outcome, Route, Router, Routes,
    S3EventRecord, async_trait,
};
use s3_dispatch_testing::{RecordBuilder, SqsBatchBuilder};

use crate::script::put;

/// The error of a program. Its text is its name.
#[derive(Debug)]
enum IndexError {
    Busy,
    NotAnImage,
    Gone,
    Down,
}

impl IndexError {
    fn named(name: &str) -> Self {
        match name {
            "busy" => Self::Busy,
            "not-an-image" => Self::NotAnImage,
            "gone" => Self::Gone,
            _ => Self::Down,
        }
    }
}

impl fmt::Display for IndexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl Error for IndexError {}

impl Classify for IndexError {
    fn class(&self) -> Class {
        match self {
            Self::Busy => Class::RetryAfter(Duration::from_secs(30)),
            Self::NotAnImage => Class::Permanent,
            Self::Gone => Class::Skip("it is gone".into()),
            Self::Down => Class::Retry,
        }
    }
}

/// An error around another one.
#[derive(Debug)]
struct Around(Box<dyn Error + Send + Sync>);

impl fmt::Display for Around {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("around")
    }
}

impl Error for Around {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

/// What each message became, by the sinks that see it: `dead`, a delay, `again`, or `done`.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<(String, String)>>>);

impl Notes {
    fn add(&self, message: &MessageContext, note: impl Into<String>) {
        let id = message.message_id().unwrap().to_string();
        self.0.lock().unwrap().push((id, note.into()));
    }

    fn of(&self, id: &str) -> String {
        let notes = self.0.lock().unwrap();
        let note = notes.iter().find(|(noted, _)| noted == id);
        note.map_or("done".to_owned(), |(_, note)| note.clone())
    }
}

#[async_trait]
impl DeadLetters for Notes {
    async fn put(&self, letter: &DeadLetter<'_>) -> Result<(), DeadLetterError> {
        self.add(letter.message, "dead");
        Ok(())
    }
}

#[async_trait]
impl Backoff for Notes {
    async fn postpone(
        &self,
        failed: &[FailedMessage<'_>],
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        for message in failed {
            let delay = message.retry_after.map(|delay| format!("{delay:?}"));
            self.add(message.context, delay.unwrap_or("again".to_owned()));
        }
        Ok(())
    }
}

/// Dispatches a message for each of these keys, and returns what each became.
async fn fates<R: Router>(dispatcher: Dispatcher<R>, keys: &[&str]) -> Vec<String> {
    let notes = Notes::default();
    let batch = keys.iter().fold(SqsBatchBuilder::new(), |batch, key| {
        batch.with_record(*key, put(key))
    });

    let dispatcher = dispatcher
        .with_dead_letters(notes.clone())
        .with_backoff(notes.clone());
    let report = dispatcher.dispatch(batch.to_bytes(), None).await.unwrap();
    assert_eq!(report.messages().len(), keys.len());

    keys.iter().map(|key| notes.of(key)).collect()
}

/// Fails with the error that the key names, through `?`. A key `around/busy` wraps it.
fn failing() -> Routes<()> {
    Routes::new(()).on_fn("*", async |key: ObjectKey| -> Result<(), HandlerError> {
        match key.as_str().split_once('/') {
            Some(("around", name)) => Err(Around(IndexError::named(name).into()))?,
            Some(("explicit", name)) => explicit(name)?,
            _ => Err(IndexError::named(key.as_str()))?,
        }
        Ok(())
    })
}

/// Fails with an error that the classifiers know, and says otherwise.
fn explicit(name: &str) -> Result<(), HandlerError> {
    let busy = IndexError::Busy;
    Err(match name {
        "permanent" => HandlerError::permanent(busy),
        "retry" => HandlerError::retry(busy),
        "skip" => HandlerError::skip("nothing to do"),
        "classified" => HandlerError::classified(IndexError::NotAnImage),
        _ => HandlerError::from(busy).with_retry_after(Duration::from_secs(1)),
    })
}

#[tokio::test]
async fn an_error_type_says_once_what_its_errors_mean() {
    let keys = ["busy", "not-an-image", "gone", "down"];
    let dispatcher = Dispatcher::new(failing());
    assert_eq!(fates(dispatcher.clone(), &keys).await, ["again"; 4]);

    let dispatcher = dispatcher.classify(Class::of::<IndexError>);
    assert_eq!(
        fates(dispatcher, &keys).await,
        ["30s", "dead", "done", "again"]
    );
}

#[tokio::test]
async fn the_causes_of_an_error_are_classified_too() {
    let dispatcher = Dispatcher::new(failing()).classify(Class::of::<IndexError>);
    let keys = ["around/busy", "around/not-an-image", "around/gone"];
    assert_eq!(fates(dispatcher, &keys).await, ["30s", "dead", "done"]);
}

#[tokio::test]
async fn what_a_handler_says_itself_is_final() {
    let dispatcher = Dispatcher::new(failing()).classify(Class::of::<IndexError>);
    let keys = [
        "explicit/permanent",
        "explicit/retry",
        "explicit/skip",
        "explicit/classified",
        "explicit/after",
    ];
    assert_eq!(
        fates(dispatcher, &keys).await,
        ["dead", "again", "done", "dead", "1s"]
    );
}

/// The second classifier knows the outer error, the first one the inner. The first one wins.
#[tokio::test]
async fn the_first_classifier_that_answers_is_asked_about_the_whole_chain() {
    let dispatcher = Dispatcher::new(failing())
        .classify(|error| error.is::<io::Error>().then_some(Class::Permanent))
        .classify(Class::of::<IndexError>)
        .classify(|error| error.is::<Around>().then_some(Class::Permanent));
    assert_eq!(fates(dispatcher, &["around/busy"]).await, ["30s"]);

    let dispatcher = Dispatcher::new(failing())
        .classify(|error| error.is::<Around>().then_some(Class::Permanent))
        .classify(Class::of::<IndexError>);
    assert_eq!(fates(dispatcher, &["around/busy"]).await, ["dead"]);
}

#[tokio::test]
async fn each_error_is_asked_about_from_the_outside_in() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&asked);
    let dispatcher = Dispatcher::new(failing()).classify(move |error| {
        notes.lock().unwrap().push(error.to_string());
        None
    });

    assert_eq!(fates(dispatcher, &["around/busy"]).await, ["again"]);
    assert_eq!(*asked.lock().unwrap(), ["around", "Busy"]);
}

#[tokio::test]
async fn a_classifier_that_panics_costs_one_record() {
    let dispatcher = Dispatcher::new(failing())
        .classify(|error| match error.to_string().as_str() {
            "Busy" => panic!("the classifier panicked"),
            _ => None,
        })
        .classify(Class::of::<IndexError>);
    let keys = ["busy", "not-an-image"];
    assert_eq!(fates(dispatcher, &keys).await, ["again", "dead"]);
}

#[tokio::test]
async fn an_endless_chain_of_causes_is_not_followed_for_ever() {
    #[derive(Debug)]
    struct Endless;

    impl fmt::Display for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("endless")
        }
    }

    impl Error for Endless {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&Self)
        }
    }

    let routes = Routes::new(()).on_fn("*", async || Err::<(), _>(Endless));
    let dispatcher = Dispatcher::new(routes).classify(|_| None);
    assert_eq!(fates(dispatcher, &["a"]).await, ["again"]);
}

/// A wrapper that notes the outcomes that it sees.
struct Watched<R> {
    router: R,
    seen: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl<R: Router> Router for Watched<R> {
    async fn route(&self, record: &S3EventRecord, message: &MessageContext) -> Outcome {
        let outcome = self.router.route(record, message).await;
        let seen = match &outcome {
            Outcome::Failed(error) => format!("{:?}", error.kind()),
            other => format!("{other:?}"),
        };
        self.seen.lock().unwrap().push(seen);
        outcome
    }

    fn routes(&self) -> &[Route] {
        self.router.routes()
    }
}

#[tokio::test]
async fn wrappers_of_the_routes_see_the_kind() {
    let seen = Arc::default();
    let router = Watched {
        router: failing(),
        seen: Arc::clone(&seen),
    };
    let dispatcher = Dispatcher::new(router)
        .with_concurrency(1)
        .classify(Class::of::<IndexError>);
    fates(dispatcher, &["down", "not-an-image", "gone"]).await;

    assert_eq!(
        *seen.lock().unwrap(),
        ["Retry", "Permanent", r#"Skipped(Other("it is gone"))"#]
    );
}

/// A router that makes its outcomes by itself, like a handler without `#[s3_handler]`.
struct ByHand;

#[async_trait]
impl Router for ByHand {
    async fn route(&self, record: &S3EventRecord, _: &MessageContext) -> Outcome {
        Outcome::Failed(IndexError::named(record.object.key.as_str()).into())
    }

    fn routes(&self) -> &[Route] {
        &[]
    }
}

async fn dispatch<R: Router>(router: R, sequencers: &[&str]) -> Vec<BatchReport> {
    let dispatcher = Dispatcher::new(router).classify(Class::of::<IndexError>);
    let mut reports = Vec::new();

    for sequencer in sequencers {
        let record = put("gone").with_sequencer(*sequencer);
        let batch = SqsBatchBuilder::new().with_record("1", record);
        reports.push(dispatcher.dispatch(batch.to_bytes(), None).await.unwrap());
    }

    reports
}

#[tokio::test]
async fn outcomes_that_routers_make_by_hand_are_classified_too() {
    let dispatcher = Dispatcher::new(ByHand).classify(Class::of::<IndexError>);
    let keys = ["busy", "not-an-image", "gone"];
    assert_eq!(fates(dispatcher, &keys).await, ["30s", "dead", "done"]);
}

/// The event that was skipped is remembered, and the older one is stale: the second handler would
/// otherwise be called.
#[tokio::test]
async fn latest_only_remembers_what_a_classifier_skips() {
    let seen = Arc::default();
    let watched = Watched {
        router: ByHand,
        seen: Arc::clone(&seen),
    };
    let router = LatestOnly::new(watched, MemoryStore::new());
    let reports = dispatch(router, &["09", "05"]).await;

    let skipped: Vec<_> = reports.iter().map(BatchReport::skipped).collect();
    assert_eq!(skipped, [1, 1]);
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn deduplicated_releases_what_a_classifier_skips() {
    let seen = Arc::default();
    let watched = Watched {
        router: failing(),
        seen: Arc::clone(&seen),
    };
    let router = Deduplicated::new(watched, MemoryStore::new());
    let reports = dispatch(router, &["09", "09"]).await;

    let skipped: Vec<_> = reports.iter().map(BatchReport::skipped).collect();
    assert_eq!(skipped, [1, 1]);
    assert_eq!(seen.lock().unwrap().len(), 2);
}

/// The error is an `anyhow::Error`, with and without context. Without the feature `anyhow`, a
/// backtrace may hide the outermost error.
#[tokio::test]
async fn errors_in_an_anyhow_error_are_classified() {
    use anyhow::Context as _;

    let routes = Routes::new(())
        .on_fn(
            "ObjectCreated:*",
            async |key: ObjectKey| -> anyhow::Result<()> { read(key.as_str()).context("reading") },
        )
        .on_fn(
            "ObjectRemoved:*",
            async |key: ObjectKey| -> Result<(), HandlerError> { Ok(read(key.as_str())?) },
        );
    let dispatcher = Dispatcher::new(routes).classify(Class::of::<IndexError>);

    assert_eq!(fates(dispatcher.clone(), &["busy"]).await, ["30s"]);

    let record = RecordBuilder::new("ObjectRemoved:Delete").with_key("busy");
    let batch = SqsBatchBuilder::new().with_record("1", record);
    let notes = Notes::default();
    let dispatcher = dispatcher.with_backoff(notes.clone());
    let report = dispatcher.dispatch(batch.to_bytes(), None).await.unwrap();

    assert_eq!(report.failed(), 1);
    if cfg!(feature = "anyhow") {
        assert_eq!(notes.of("1"), "30s");
    }
}

fn read(name: &str) -> anyhow::Result<()> {
    Err(IndexError::named(name))?
}
