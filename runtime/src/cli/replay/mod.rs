//! `replay`: handles events from files or a dead-letter queue, or sends them to a queue.

mod options;
mod filter;
mod files;
mod dead_letters;
mod dry_run;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use s3_dispatch_core::{ErrorKind, Route, Router, S3EventRecord};

use super::catch_up::here::{self, Here};
use super::catch_up::send::{self, SqsTarget};
use super::catch_up::tally::Counts;
use super::catch_up::{Source, Tally};
use super::environment::{clients, signals};
use super::{FAILURE, NOT_RUN, SUCCESS};
use crate::dispatch::Returned;
use crate::telemetry::errors::with_causes;
use crate::telemetry::logs;
use crate::telemetry::logs::escaped::escape;
use crate::{Dispatcher, SqsQueue};

use self::dead_letters::DeadLetterQueue;
use self::files::Files;
pub(super) use options::Options;

/// Replays the messages, and returns the exit status.
pub(super) async fn replay<R: Router>(dispatcher: Dispatcher<R>, options: Options) -> i32 {
    if let Err(mistake) = options.check() {
        return not_run(mistake);
    }
    logs::init_for_terminal();

    let stop = match signals::listen("replay") {
        Ok(stop) => stop,
        Err(error) => return not_run(&format!("the program cannot wait for signals: {error}")),
    };
    let was_stopped = Arc::new(AtomicBool::new(false));
    let noted = Arc::clone(&was_stopped);
    let stop = async move {
        stop.await;
        noted.store(true, Ordering::SeqCst);
    };

    let tally = Arc::new(Tally::default());
    let dispatcher = options.set(dispatcher.with_log_levels_of_environment());
    let run = Run {
        options: &options,
        tally: Arc::clone(&tally),
    };

    let status = match options.dead_letters() {
        None => {
            let event = dispatcher.batch_event().cloned();
            match Files::open(options.files(), event, run.selection(&[])) {
                // Nobody delivers them again, so nothing is learned from how often they came.
                Ok(files) => {
                    let dispatcher = dispatcher.on_returned(Returned::Together);
                    run.all(dispatcher, Arc::new(files), stop).await
                }
                Err(error) => return not_run(&error),
            }
        }
        Some(url) => {
            let queue = SqsQueue::new(clients::sqs(url).await, url);
            match queue.known_arn().await {
                Ok(_) => {
                    // Of another program's queue, nothing must be deleted as skipped.
                    let routes = match options.to() {
                        None => dispatcher.router().routes(),
                        Some(_) => &[],
                    };
                    let letters = DeadLetterQueue::new(queue, run.selection(routes));
                    run.all(dispatcher, Arc::new(letters), stop).await
                }
                Err(error) => return not_run(&with_causes(&error)),
            }
        }
    };

    report(&tally.so_far(), status, was_stopped.load(Ordering::SeqCst))
}

/// Prints what became of the messages, and returns the exit status.
fn report(counts: &Counts, status: i32, was_stopped: bool) -> i32 {
    // Zeros would only hide the error.
    if status != NOT_RUN || *counts != Counts::default() {
        eprintln!("{counts}");
    }

    match status {
        SUCCESS if was_stopped => {
            eprintln!("stopped before the end");
            FAILURE
        }
        SUCCESS if !counts.is_success() => FAILURE,
        other => other,
    }
}

/// What a source gives out, and where it counts what it does not.
struct Selection {
    filter: filter::Filter,
    /// The routes of which one has to take a record of a message, if there are any.
    routes: Vec<Route>,
    limit: Option<u64>,
    tally: Arc<Tally>,
}

impl Selection {
    /// Whether messages are given out without a look at their records.
    fn is_everything(&self) -> bool {
        self.filter.is_empty() && self.routes.is_empty()
    }

    /// Whether a route takes one of these records. Without records, there is nothing to take.
    fn is_routed(&self, records: &[S3EventRecord]) -> bool {
        let takes = |record| self.routes.iter().any(|route| route.matches(record));
        self.routes.is_empty() || records.is_empty() || records.iter().any(takes)
    }

    /// Whether a message is given out. What is not is counted.
    fn passes(&self, records: &[S3EventRecord], error: Option<&str>) -> bool {
        let passes = self.filter.is_empty() || self.filter.passes(records, error);
        if !passes {
            self.tally.note(|counts| counts.filtered += 1);
        }

        passes
    }
}

/// A run of the command.
struct Run<'r> {
    options: &'r Options,
    tally: Arc<Tally>,
}

impl Run<'_> {
    fn selection(&self, routes: &[Route]) -> Selection {
        Selection {
            filter: self.options.filter(),
            routes: routes.to_vec(),
            limit: self.options.limit(),
            tally: Arc::clone(&self.tally),
        }
    }

    /// Does with every message of a source what the options say.
    async fn all<R: Router, S: Source>(
        &self,
        dispatcher: Dispatcher<R>,
        source: Arc<S>,
        stop: impl Future<Output = ()>,
    ) -> i32 {
        if self.options.is_dry_run() {
            return dry_run::show(&*source, dispatcher.router(), &self.tally, stop).await;
        }

        match self.options.to() {
            Some(url) => self.send(&*source, url, stop).await,
            None => self.handle(dispatcher, source, stop).await,
        }
    }

    async fn send<S: Source>(&self, source: &S, url: &str, stop: impl Future<Output = ()>) -> i32 {
        let target = SqsTarget::new(clients::sqs(url).await, url);

        match send::send(source, &target, &self.tally, stop).await {
            Ok(()) => SUCCESS,
            Err(send::Stopped::Queue(error)) => match self.tally.so_far().sent {
                0 => not_run(&with_causes(&error)),
                _ => failed(&with_causes(&error)),
            },
            Err(send::Stopped::Source(error)) => failed(&with_causes(&*error)),
        }
    }

    async fn handle<R: Router, S: Source>(
        &self,
        dispatcher: Dispatcher<R>,
        source: Arc<S>,
        stop: impl Future<Output = ()>,
    ) -> i32 {
        let here = Here {
            drain: self.options.drain(),
            // What failed in a dead-letter queue is still there.
            prints_failures: self.options.dead_letters().is_none(),
        };

        match here
            .run(dispatcher, source, Arc::clone(&self.tally), stop)
            .await
        {
            Ok(()) => SUCCESS,
            Err(here::Stopped::Worker(error)) if error.kind() == ErrorKind::NotPrepared => {
                not_run(&with_causes(&error))
            }
            Err(here::Stopped::Worker(error)) => failed(&with_causes(&error)),
            Err(here::Stopped::Source(error)) => failed(&with_causes(&*error)),
        }
    }
}

/// Not a log, which a setting could hide: nothing else says why the program ends.
fn not_run(error: &str) -> i32 {
    eprintln!("error: {}", escape(error));
    NOT_RUN
}

fn failed(error: &str) -> i32 {
    eprintln!("error: {}", escape(error));
    FAILURE
}
