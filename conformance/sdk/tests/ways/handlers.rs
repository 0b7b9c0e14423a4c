//! The handlers, which do what keys say and note it, and the program that has them.

use std::time::Duration;

use s3_dispatch::{
    Deduplicated, Dispatcher, EventPattern, HandlerError, LatestOnly, MemoryStore, MessageContext,
    Route, Router, Routes, S3EventRecord, State,
};

use crate::case::{Case, ROUTED, Record, Wrapper};
use crate::place::Notes;

/// What a handler that hangs prints to standard error.
pub(crate) const HANGS: &str = "a handler hangs";

/// What handlers of several tasks take.
const MOMENT: Duration = Duration::from_millis(20);

/// The routes of a case, with what is around them, after what was handled before.
pub(crate) async fn router(case: &Case, notes: Notes) -> Box<dyn Router> {
    let route = Route::new(EventPattern::from_static("ObjectCreated:*")).with_prefix(ROUTED);
    let routes = Routes::new(notes.clone()).on_fn(route, handle);
    let router: Box<dyn Router> = match case.wrapper {
        Wrapper::None => Box::new(routes),
        Wrapper::Deduplicated => Box::new(Deduplicated::new(routes, MemoryStore::new())),
        Wrapper::LatestOnly => Box::new(LatestOnly::new(routes, MemoryStore::new())),
    };

    if let Some(key) = case.handled_before {
        let newer = Record {
            key: format!("{ROUTED}{key}"),
            number: u64::MAX,
        };
        let record = newer.build().build();
        drop(router.route(&record, &MessageContext::new()).await);
        notes.clear();
    }

    router
}

async fn handle(record: S3EventRecord, State(notes): State<Notes>) -> Result<(), HandlerError> {
    // A task of a job has no size, and its version is made up by the test.
    let object = &record.object;
    let version = object.version_id.as_ref();
    let version = version.and_then(|version| version.as_str().strip_prefix('v')?.parse().ok());
    let record = Record {
        key: object.key.as_str().to_owned(),
        number: version.or(object.size).unwrap(),
    };
    notes.begin(&record);

    let result = match record.behaviour() {
        "done" => Ok(()),
        "takes" => {
            tokio::time::sleep(MOMENT).await;
            Ok(())
        }
        "fail" => Err(HandlerError::retry("it failed")),
        "permanent" => Err(HandlerError::permanent("it failed for good")),
        "skip" => Err(HandlerError::skip("nothing to do")),
        "panic" => panic!("it panicked"),
        "hang" => {
            eprintln!("{HANGS}");
            std::future::pending().await
        }
        other => panic!("no behaviour `{other}`"),
    };
    notes.end(&record);

    result
}

/// The program that handles a case, of which the environment says what is important for it.
pub(crate) fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(async {
        let variable = |name| std::env::var(name).ok();
        let wrapper = match variable("PROGRAM").unwrap().as_str() {
            "plain" => Wrapper::None,
            "deduplicated" => Wrapper::Deduplicated,
            "latest only" => Wrapper::LatestOnly,
            other => panic!("no program `{other}`"),
        };
        let case = Case {
            wrapper,
            handled_before: variable("HANDLED_BEFORE").map(|key| &*key.leak()),
            ..Case::default()
        };

        let notes = Notes::new(variable("NOTES").unwrap().into());
        let router = router(&case, notes).await;
        s3_dispatch::start(Dispatcher::new(router)).await.unwrap();
    });
}

/// The name by which the program knows what is around the routes.
pub(crate) fn program(wrapper: Wrapper) -> &'static str {
    match wrapper {
        Wrapper::None => "plain",
        Wrapper::Deduplicated => "deduplicated",
        Wrapper::LatestOnly => "latest only",
    }
}
