//! Prints what would be replayed.

use std::io::{self, Write};
use std::pin::pin;

use bytes::Bytes;
use futures_util::FutureExt;
use s3_dispatch_core::delivery::Delivery;
use s3_dispatch_core::{MessageContext, Route, Router, S3EventRecord};
use serde::Serialize;

use crate::cli::catch_up::{Item, Settled, Source, Tally};
use crate::cli::{FAILURE, SUCCESS};
use crate::telemetry::errors::with_causes;

/// One line of output: a record, or a message without records.
#[derive(Serialize)]
struct Line<'l> {
    /// The message id, or the file and line.
    message: Option<&'l str>,
    event_name: Option<&'l str>,
    bucket: Option<&'l str>,
    key: Option<&'l str>,
    /// Whether a route takes the record.
    is_routed: bool,
    /// The error that a dead letter tells of, or why a message cannot be read.
    error: Option<&'l str>,
}

/// Prints every message of a source, and returns the exit status.
pub(super) async fn show<S: Source, R: Router>(
    source: &S,
    router: &R,
    tally: &Tally,
    stop: impl Future<Output = ()>,
) -> i32 {
    let show_all = async {
        let mut stop = pin!(stop.fuse());
        let mut next = pin!(source.next(10).fuse());

        loop {
            tokio::select! {
                items = &mut next => match items {
                    Ok(items) if items.is_empty() => return SUCCESS,
                    Ok(items) => {
                        for item in &items {
                            show_item(item, router, tally);
                            source.settled(item.number, Settled::Left);
                        }
                        next.set(source.next(10).fuse());
                    }
                    Err(error) => {
                        eprintln!("error: {}", with_causes(&*error));
                        return FAILURE;
                    }
                },
                () = &mut stop => source.stop(),
            }
        }
    };

    let status = tokio::select! {
        status = show_all => status,
        () = source.keep() => unreachable!("it never ends"),
    };
    source.finish().await;

    status
}

/// Prints a message, and counts it as one that would be replayed.
fn show_item<R: Router>(item: &Item, router: &R, tally: &Tally) {
    let message: (MessageContext, Bytes) = (item.context.clone(), item.body.clone());
    let delivery = Delivery::from_messages([message]);
    let id = item.context.message_id().map(AsRef::<str>::as_ref);
    let error = item.error.as_deref();
    tally.note(|counts| counts.shown += 1);

    let line = |record: Option<&S3EventRecord>, error: Option<&str>| {
        print(&Line {
            message: id,
            event_name: record.map(|record| record.event_name.as_str()),
            bucket: record.map(|record| record.bucket.name.as_str()),
            key: record.map(|record| record.object.key.as_str()),
            is_routed: record.is_some_and(|record| is_routed(router.routes(), record)),
            error,
        });
    };

    if let Err(unreadable) = &delivery.messages()[0].content {
        let unreadable = unreadable.to_string();
        line(None, error.or(Some(&unreadable)));
    } else if delivery.records().is_empty() {
        line(None, error);
    }
    for record in delivery.records() {
        line(Some(record), error);
    }
}

fn is_routed(routes: &[Route], record: &S3EventRecord) -> bool {
    routes.iter().any(|route| route.matches(record))
}

fn print(line: &Line<'_>) {
    let mut stdout = io::stdout().lock();
    let written = serde_json::to_writer(&mut stdout, line).map_err(io::Error::from);
    if let Err(error) = written.and_then(|()| writeln!(stdout)) {
        tracing::error!(%error, "a line cannot be printed");
    }
}
