//! `audit`: compares the objects of a bucket with what was handled, and prints or replays the rest.

mod options;
mod counts;
mod current;
mod search;
mod events;

use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::primitives::DateTime;
use s3_dispatch_core::{ErrorKind, History, Router};

use self::counts::{Counts, Summary};
use self::events::Events;
use self::search::{Ages, Search};
use super::catch_up::here::{self, Here};
use super::catch_up::objects::{ObjectSource, Origin, Position};
use super::catch_up::progress::Display;
use super::catch_up::selection::Sieve;
use super::catch_up::send::{self, SqsTarget};
use super::catch_up::{SourceError, Tally};
use super::environment::bucket_client::BucketClient;
use super::environment::{clients, signals};
use super::{FAILURE, NOT_RUN, SUCCESS};
use crate::Dispatcher;
use crate::dispatch::Returned;
use crate::telemetry::errors::with_causes;
use crate::telemetry::logs;
use crate::telemetry::logs::escaped::escape;

pub(super) use options::Options;

/// How many missing events are printed at once.
const LINES_AT_ONCE: usize = 100;

/// Why an audit ended early.
enum Ended {
    /// It could not begin.
    NotRun(String),
    /// What was found and done before is right.
    Early(String),
}

/// Runs the command, and returns the exit status.
pub(super) async fn audit<R: Router>(dispatcher: Dispatcher<R>, options: Options) -> i32 {
    if let Err(mistake) = options.check() {
        return not_run(mistake);
    }
    let kept = match check(dispatcher.router().history()) {
        Ok(kept) => kept,
        Err(error) => return not_run(error),
    };
    let stop = match signals::listen("audit") {
        Ok(stop) => stop,
        Err(error) => return not_run(&format!("the program cannot wait for signals: {error}")),
    };
    let display = Display::new(None, 0);
    logs::init_beside(display.lines());

    let events = match open(&dispatcher, &options, kept).await {
        Ok(events) => Arc::new(events),
        Err(error) => return not_run(&with_causes(&*error)),
    };
    let scope = dispatcher.router().history().and_then(History::scope);
    let scope = scope.unwrap_or_default().to_owned();

    let tally = Arc::new(Tally::default());
    let work = run(dispatcher, &options, Arc::clone(&events), &tally, stop);
    let shown = display.show(|| tally.so_far().to_string());
    let ended = tokio::select! {
        ended = work => ended,
        () = shown => unreachable!("it never ends"),
    };
    display.end();

    report(&options, &events.counts().await, &tally, &scope, ended)
}

/// Says why nothing can be looked up, or for how long what was handled is remembered.
fn check(history: Option<&dyn History>) -> Result<Duration, &'static str> {
    history.and_then(History::keeps_states_for).ok_or(
        "the program does not remember which objects were handled: put `Deduplicated` around its \
         routes, and forward `Router::history` in wrappers of your own",
    )
}

/// Opens the listing of the bucket.
async fn open<R: Router>(
    dispatcher: &Dispatcher<R>,
    options: &Options,
    kept: Duration,
) -> Result<Events<R>, SourceError> {
    let BucketClient { client, region } = BucketClient::of(&options.bucket).await;
    let scope = options.scope();
    // Only a listing of versions says which version an object has. Events say it, too.
    let origin = Origin::Versions;
    let listing = ObjectSource::open(&origin, client.clone(), scope, &Position::Start).await?;

    let sieve = Sieve {
        bucket: options.bucket.clone(),
        region,
        prefix: options.prefix.clone(),
        since: options.since,
        until: options.until,
        event: options.event.clone(),
        versions: options.versions,
        routes: dispatcher.router().routes().to_vec(),
    };
    let ages = Ages {
        too_new: options.grace.time,
        too_old: SystemTime::now().checked_sub(kept).map(DateTime::from),
    };
    let router = dispatcher.shared_router();
    let search = Search::new(router, client, listing, sieve, ages);
    let has_groups = options
        .to
        .as_deref()
        .is_some_and(|url| url.ends_with(".fifo"));

    Ok(Events::new(search, &options.bucket, has_groups))
}

/// Prints, handles or sends what is missing.
async fn run<R: Router>(
    dispatcher: Dispatcher<R>,
    options: &Options,
    events: Arc<Events<R>>,
    tally: &Arc<Tally>,
    stop: impl Future<Output = ()>,
) -> Result<(), Ended> {
    if let Some(url) = &options.to {
        let target = SqsTarget::new(clients::sqs(url).await, url);
        let sent = send::send(&*events, &target, tally, stop).await;

        return sent.map_err(|stopped| match stopped {
            send::Stopped::Queue(error) => Ended::Early(with_causes(&error)),
            send::Stopped::Source(error) => source_ended(&error),
        });
    }

    if !options.replay {
        return tokio::select! {
            printed = print(&*events) => printed,
            () = stop => Err(Ended::Early("stopped before the end".to_owned())),
        };
    }

    // Nobody delivers them again, so nothing is learned from how often they came.
    let mut dispatcher = dispatcher
        .with_log_levels_of_environment()
        .on_returned(Returned::Together);
    if let Some(handlers) = options.concurrency {
        dispatcher = dispatcher.with_concurrency(handlers);
    }

    let here = Here {
        drain: options.drain(),
        prints_failures: true,
    };
    let handled = here.run(dispatcher, events, Arc::clone(tally), stop).await;
    handled.map_err(|stopped| match stopped {
        here::Stopped::Worker(error) if error.kind() == ErrorKind::NotPrepared => {
            Ended::NotRun(with_causes(&error))
        }
        here::Stopped::Worker(error) => Ended::Early(with_causes(&error)),
        here::Stopped::Source(error) => source_ended(&error),
    })
}

/// Prints each missing event, one notification a line.
async fn print<R: Router>(events: &Events<R>) -> Result<(), Ended> {
    loop {
        let missing = events.missing(LINES_AT_ONCE).await;
        let missing = missing.map_err(|error| source_ended(&error))?;
        if missing.is_empty() {
            return Ok(());
        }

        let lines: String = missing
            .iter()
            .flat_map(|one| [one.notification.as_str(), "\n"])
            .collect();
        let written = io::stdout().lock().write_all(lines.as_bytes());
        written.map_err(|error| Ended::Early(format!("the events cannot be printed: {error}")))?;
    }
}

fn source_ended(error: &SourceError) -> Ended {
    Ended::Early(with_causes(&**error))
}

/// Prints what was found, and what became of it, and returns the exit status.
fn report(
    options: &Options,
    counts: &Counts,
    tally: &Tally,
    scope: &str,
    ended: Result<(), Ended>,
) -> i32 {
    let done = tally.so_far();
    let summary = Summary {
        counts,
        grace: &options.grace,
    };
    let is_empty = *counts == Counts::default();
    match (&ended, options.replay || options.to.is_some()) {
        // Zeros would only hide the error.
        (Err(_), _) if is_empty => {}
        (_, true) => eprintln!("{summary}; of these: {done}"),
        (_, false) => eprintln!("{summary}"),
    }
    if is_empty && ended.is_ok() {
        eprintln!("{}", escape(&options.scope().without_objects()));
    }

    if counts.missing > 0 && counts.handled == 0 {
        eprintln!(
            "nothing is remembered in the scope `{}`: a function in Lambda has its own name as its \
             scope, so set AWS_LAMBDA_FUNCTION_NAME to it, or choose a scope with `with_scope`; \
             and a `MemoryStore` forgets everything at the end of its own process",
            escape(scope)
        );
    }

    let is_healed = || {
        let lost: u64 = ["duplicate", "stale"]
            .iter()
            .filter_map(|reason| done.skipped.get(reason))
            .sum();
        let skipped: u64 = done.skipped.values().sum();

        done.is_success() && lost == 0 && done.handled + done.sent + skipped >= counts.missing
    };
    match ended {
        Err(Ended::NotRun(error)) => not_run(&error),
        Err(Ended::Early(error)) if counts.compared == 0 => not_run(&error),
        Err(Ended::Early(error)) => {
            eprintln!("error: {}", escape(&error));
            FAILURE
        }
        Ok(()) if counts.missing == 0 || is_healed() => SUCCESS,
        Ok(()) => FAILURE,
    }
}

/// Not a log, which a setting could hide: nothing else says why the program ends.
fn not_run(error: &str) -> i32 {
    eprintln!("error: {}", escape(error));
    NOT_RUN
}
