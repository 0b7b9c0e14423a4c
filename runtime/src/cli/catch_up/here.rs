//! Handles the messages of a source in this process.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use s3_dispatch_core::delivery::{Delivery, Envelope};
use s3_dispatch_core::{Error, Router, S3EventRecord};

use super::ending::Ending;
use super::source::{Settled, Source, SourceError};
use super::tally::Tally;
use crate::dispatch::{MessageFailure, MessageOutcome};
use crate::worker::observer::{Ended, Observer, RecordEnd};
use crate::{Dispatcher, Worker};

/// How messages are handled here.
pub(in crate::cli) struct Here {
    /// How long handlers may go on after the first signal.
    pub(in crate::cli) drain: Duration,
    /// Whether events that failed are printed, one notification a line.
    pub(in crate::cli) prints_failures: bool,
}

/// Why the messages of a source could not be handled to its end.
pub(in crate::cli) enum Stopped {
    /// No message was handled, because the handlers could not be prepared or the worker failed.
    Worker(Error),
    /// Everything before was handled or reported.
    Source(SourceError),
}

impl Here {
    /// Runs the handlers of a dispatcher for every message of a source, until the source ends or
    /// `stop` does. What becomes of each message is counted in the tally.
    ///
    /// Nothing but the source is told of failures: no dead-letter sink and no backoff.
    ///
    /// # Errors
    ///
    /// The handlers could not be prepared, or the source could not be read to its end.
    pub(in crate::cli) async fn run<R: Router, S: Source>(
        self,
        dispatcher: Dispatcher<R>,
        source: Arc<S>,
        tally: Arc<Tally>,
        stop: impl Future<Output = ()>,
    ) -> Result<(), Stopped> {
        let queue = Arc::new(Ending::new(Arc::clone(&source)));
        let watch = Watch {
            queue: Arc::clone(&queue),
            tally: Arc::clone(&tally),
            prints_failures: self.prints_failures,
        };

        // One receive at a time, so that the order of the source is the order of arrival.
        let worker = Worker::new(dispatcher.without_sinks(), Arc::clone(&queue))
            .with_receivers(1)
            .with_visibility(source.visibility())
            .with_drain(self.drain)
            .with_observer(Arc::new(watch));
        let stop = async {
            stop.await;
            source.stop();
        };

        let report = tokio::select! {
            report = worker.run(stop) => report,
            () = source.keep() => unreachable!("it never ends"),
        };

        if report.is_err() {
            source.stop();
        }
        let left = queue.leave_the_rest().await;
        source.finish().await;
        tally.note(|counts| counts.left += left);

        match (report, queue.take_error()) {
            (Err(error), _) => Err(Stopped::Worker(error)),
            (Ok(_), Some(error)) => Err(Stopped::Source(error)),
            (Ok(_), None) => Ok(()),
        }
    }
}

/// Counts what became of each message, and prints the events that failed.
struct Watch<S> {
    queue: Arc<Ending<S>>,
    tally: Arc<Tally>,
    prints_failures: bool,
}

impl<S: Source> Observer for Watch<S> {
    fn ended(&self, delivery: &Delivery, message: usize, ended: &Ended) {
        let of = &delivery.messages()[message];
        let handle = of.context.receipt_handle();
        if let (Some(handle), [RecordEnd::Failed(failure)]) = (handle, &ended.records[..])
            && self.queue.is_tried_again(handle, failure)
        {
            return;
        }

        self.tally.note(|counts| {
            for record in &ended.records {
                match record {
                    RecordEnd::Handled => counts.handled += 1,
                    RecordEnd::Skipped(reason) => {
                        *counts.skipped.entry(reason.name()).or_default() += 1;
                    }
                    RecordEnd::DeadLetter | RecordEnd::Failed(_) | RecordEnd::NotReached => {}
                }
            }

            match ended.outcome {
                MessageOutcome::Succeeded => {}
                MessageOutcome::Failed(MessageFailure::Malformed) => counts.unreadable += 1,
                MessageOutcome::Failed(MessageFailure::RecordFailed) => counts.failed += 1,
                MessageOutcome::Failed(_) => counts.left += 1,
            }
        });

        let mut settled = match ended.outcome {
            MessageOutcome::Succeeded => return,
            MessageOutcome::Failed(MessageFailure::NotReached | MessageFailure::LeftOut) => {
                Settled::Left
            }
            MessageOutcome::Failed(_) => Settled::Failed,
        };
        let records = delivery.records_of(of).iter().zip(&ended.records);
        let envelope = of.envelopes.iter().last();
        for (record, end) in records.filter(|(_, end)| has_failed(end)) {
            if *end == RecordEnd::NotReached {
                log_not_reached(record);
            }
            if self.prints_failures && !print(record, envelope) {
                // Nobody would know of it, so a later run has to take it.
                settled = Settled::Left;
                self.queue.stop_source();
            }
        }

        // Last, because what is settled may be recorded as done.
        if let Some(handle) = handle {
            self.queue.settle(handle, settled);
        }
    }
}

fn has_failed(end: &RecordEnd) -> bool {
    matches!(end, RecordEnd::Failed(_) | RecordEnd::NotReached)
}

/// The error of a record that failed is in the log already.
fn log_not_reached(record: &S3EventRecord) {
    tracing::error!(
        event_name = record.event_name.as_str(),
        bucket = record.bucket.name.as_str(),
        key = record.object.key.as_str(),
        "record not tried: an earlier one of its key failed"
    );
}

/// Prints a record as a notification with this record alone, in one line. Returns whether that
/// worked.
fn print(record: &S3EventRecord, envelope: Option<Envelope>) -> bool {
    print_line(event(&record.raw_json(), envelope).as_bytes())
}

/// Prints an event that failed. Returns whether that worked.
pub(in crate::cli) fn print_line(event: &[u8]) -> bool {
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(event)
        .and_then(|()| stdout.write_all(b"\n"));

    if let Err(error) = &written {
        tracing::error!(%error, "an event that failed cannot be printed, so the run ends");
    }
    written.is_ok()
}

/// The event of a record as it could come by itself. In JSON, a line can only end between two
/// tokens, where a space is as good.
fn event(record: &str, envelope: Option<Envelope>) -> String {
    let record = record.replace(['\n', '\r'], " ");

    match envelope {
        Some(Envelope::EventBridge) => record,
        _ => format!(r#"{{"Records":[{record}]}}"#),
    }
}
