//! `backfill`: makes events of objects that are there already, and handles or sends them.

mod options;
mod feed;
mod attempts;
mod state;
mod events;
mod list_length;

use std::error::Error as StdError;
use std::sync::Arc;

use s3_dispatch_core::Router;

use self::events::Events;
use self::feed::Feed;
use self::list_length::count_lines;
use self::state::Settings;
use super::catch_up::Tally;
use super::catch_up::here::{self, Here};
use super::catch_up::objects::{ObjectSource, Origin, Position};
use super::catch_up::progress::{Display, Pace, Record, ResumeFile};
use super::catch_up::selection::Sieve;
use super::catch_up::send::{self, SqsTarget};
use super::environment::bucket_client::BucketClient;
use super::environment::{clients, signals};
use super::{FAILURE, NOT_RUN, SUCCESS};
use crate::Dispatcher;
use crate::dispatch::Returned;
use crate::telemetry::errors::with_causes;
use crate::telemetry::logs;
use crate::telemetry::logs::escaped::escape;

pub(super) use options::Options;

/// How many events of a run with `--to` may be repeated after a kill.
const MOST_SENT_TWICE: u64 = 2_000;

/// Runs the command, and returns the exit status.
pub(super) async fn backfill<R: Router>(dispatcher: Dispatcher<R>, options: Options) -> i32 {
    if let Err(mistake) = options.check() {
        return not_run(mistake);
    }
    let stop = match signals::listen("backfill") {
        Ok(stop) => stop,
        Err(error) => return not_run(format!("the program cannot wait for signals: {error}")),
    };

    let from = match resume(&options) {
        Ok(from) => from,
        Err(error) => return not_run(with_causes(&*error)),
    };
    let display = Display::new(count_lines(&options.origin()), from.1.settled);
    logs::init_beside(display.lines());

    let events = match open(&dispatcher, &options, from, display.clone()).await {
        Ok(events) => Arc::new(events),
        Err(error) => return not_run(with_causes(&*error)),
    };
    let tally = Arc::new(Tally::default());
    let run = run(
        dispatcher,
        &options,
        Arc::clone(&events),
        Arc::clone(&tally),
        stop,
    );
    let shown = display.show(|| format!("{} begun", events.begun()));
    let ended = tokio::select! {
        ended = run => ended,
        () = shown => unreachable!("it never ends"),
    };
    display.end();

    report(&events, &tally, &options, ended)
}

fn not_run(error: impl std::fmt::Display) -> i32 {
    eprintln!("error: {}", escape(&error.to_string()));
    NOT_RUN
}

type Boxed = Box<dyn StdError + Send + Sync>;

fn resume(options: &Options) -> Result<(Option<ResumeFile>, Record), Boxed> {
    match &options.resume {
        Some(path) if !options.dry_run => {
            let (file, record) = ResumeFile::open(path, options.run())?;
            Ok((Some(file), record))
        }
        _ => Ok((None, Record::default())),
    }
}

/// Opens the source behind what is settled.
async fn open<R: Router>(
    dispatcher: &Dispatcher<R>,
    options: &Options,
    (resume, from): (Option<ResumeFile>, Record),
    display: Display,
) -> Result<Events, Boxed> {
    let BucketClient { client, region } = BucketClient::of(options.bucket()).await;
    let (origin, scope) = (options.origin(), options.scope());
    let source = ObjectSource::open(&origin, client.clone(), scope, &from.through).await?;

    let sieve = Sieve {
        bucket: options.bucket().to_owned(),
        region,
        prefix: options.prefix().map(str::to_owned),
        since: options.since(),
        until: options.until(),
        event: options.event().cloned(),
        versions: options.versions(),
        routes: dispatcher.router().routes().to_vec(),
    };
    let heads = options.head().then_some(client);
    let feed = Feed::new(source, sieve, heads);

    let concurrency = options.concurrency.unwrap_or(10);
    let settings = Settings {
        bucket: options.bucket().to_owned(),
        limit: options.limit,
        has_groups: options
            .to
            .as_deref()
            .is_some_and(|url| url.ends_with(".fifo")),
        resume,
        most_at_stake: if options.here {
            2 * concurrency + 100
        } else {
            MOST_SENT_TWICE
        },
        prints_failures: options.to.is_some(),
        attempts: if options.here { options.attempts } else { 1 },
        display,
    };

    Ok(Events::new(
        feed,
        Pace::new(options.rate()),
        &from,
        settings,
    ))
}

/// Handles, sends or counts the events. Returns why that ended early.
async fn run<R: Router>(
    dispatcher: Dispatcher<R>,
    options: &Options,
    events: Arc<Events>,
    tally: Arc<Tally>,
    stop: impl Future<Output = ()>,
) -> Result<(), String> {
    if options.dry_run {
        return tokio::select! {
            counted = events.count() => counted.map_err(|error| with_causes(&*error)),
            () = stop => Ok(()),
        };
    }

    if let Some(url) = &options.to {
        let target = SqsTarget::new(clients::sqs(url).await, url);
        let sent = send::send(&*events, &target, &tally, stop).await;
        return sent.map_err(|stopped| match stopped {
            send::Stopped::Queue(error) => with_causes(&error),
            send::Stopped::Source(error) => with_causes(&*error),
        });
    }

    // Nobody delivers them again, so nothing is learned from how often they came.
    let mut dispatcher = dispatcher
        .with_log_levels_of_environment()
        .on_returned(Returned::Together);
    if let Some(handlers) = options.concurrency {
        dispatcher = dispatcher.with_concurrency(handlers as usize);
    }
    let here = Here {
        drain: options.drain(),
        prints_failures: true,
    };
    let handled = here.run(dispatcher, events, tally, stop).await;
    handled.map_err(|stopped| match stopped {
        here::Stopped::Worker(error) => with_causes(&error),
        here::Stopped::Source(error) => with_causes(&*error),
    })
}

/// Prints what became of everything, and returns the exit status.
fn report(events: &Events, tally: &Tally, options: &Options, ended: Result<(), String>) -> i32 {
    tally.note(|counts| counts.left += events.untried());
    let counts = tally.so_far();
    let mut parts = match options.dry_run {
        true => vec![format!("{} events", events.begun())],
        false => vec![counts.to_string()],
    };
    parts.extend(Some(events.left_out()).filter(|left_out| !left_out.is_empty()));
    let error = ended.err().or_else(|| {
        let error = events.unwritable()?;
        Some(format!("the file of `--resume` cannot be written: {error}"))
    });
    // Zeros would only hide the error.
    if error.is_none() || !events.saw_nothing() {
        eprintln!("{}", parts.join("; "));
    }

    let through = events.record().through;
    match error {
        Some(error) => {
            eprintln!("error: {}", escape(&error));
            if through != Position::Start {
                eprintln!("a later run can go on {through}");
            }
            FAILURE
        }
        None if events.are_none() && through == Position::Start => {
            eprintln!("{}", escape(&without_objects(options)));
            SUCCESS
        }
        None if counts.is_success() => SUCCESS,
        None => FAILURE,
    }
}

/// Says that there was nothing to make events of.
fn without_objects(options: &Options) -> String {
    match options.origin() {
        Origin::Listing | Origin::Versions => options.scope().without_objects(),
        Origin::Inventory(list) | Origin::Keys(list) | Origin::Manifest(list) => {
            format!("the list `{list}` has no objects")
        }
    }
}
