//! `inspect`: prints the S3 events in files.

use std::io::{self, Write};

use s3_dispatch_core::delivery::{Content, Delivery, Message};
use s3_dispatch_core::{Error, S3EventRecord};
use serde::Serialize;

use super::{FAILURE, SUCCESS, read};

/// One line of output: a record, a test notification, or something that could not be read.
#[derive(Serialize, Default)]
struct Line<'l> {
    file: &'l str,
    delivery: String,
    event_name: Option<&'l str>,
    bucket: Option<&'l str>,
    key: Option<&'l str>,
    key_as_sent: Option<&'l str>,
    size: Option<u64>,
    sequencer: Option<&'l str>,
    /// S3 did not send the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    backfilled: Option<bool>,
    /// What a message says that holds no S3 event.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'l str>,
}

/// Prints the events of all files and returns the exit status.
pub(super) fn inspect(files: &[String]) -> i32 {
    let mut stdout = io::BufWriter::new(io::stdout().lock());
    let mut status = SUCCESS;

    for file in files {
        let shown = match show(file, &mut stdout) {
            Ok(shown) => shown,
            // Standard output is closed, so nobody reads the rest.
            Err(_) => return FAILURE,
        };

        if !shown {
            status = FAILURE;
        }
    }

    match stdout.flush() {
        Ok(()) => status,
        Err(_) => FAILURE,
    }
}

/// Prints the events of one file. Returns whether all of it could be read.
fn show(file: &str, out: &mut impl Write) -> io::Result<bool> {
    let delivery = match read(file) {
        Ok(payload) => Delivery::parse(payload),
        Err(error) => {
            let error = Some(format!("the file cannot be read: {error}"));
            write_line(
                out,
                &Line {
                    file,
                    delivery: "none".to_owned(),
                    error,
                    ..Line::default()
                },
            )?;

            return Ok(false);
        }
    };

    let delivery = match delivery {
        Ok(delivery) => delivery,
        Err(error) => {
            write_line(out, &error_line(file, &error))?;
            return Ok(false);
        }
    };

    let mut all_readable = true;

    for message in delivery.messages() {
        for line in message_lines(file, &delivery, message) {
            write_line(out, &line)?;
        }

        all_readable &= message.content.is_ok();
    }

    Ok(all_readable)
}

/// The lines of one message: one for each record, or one for what else it is.
fn message_lines<'l>(file: &'l str, delivery: &'l Delivery, message: &'l Message) -> Vec<Line<'l>> {
    let line = Line {
        file,
        delivery: message.envelopes.to_string(),
        ..Line::default()
    };

    match &message.content {
        Ok(Content::Test(test)) => vec![Line {
            event_name: Some("s3:TestEvent"),
            bucket: test.bucket.as_ref().map(AsRef::<str>::as_ref),
            ..line
        }],
        Ok(Content::Other(other)) => vec![Line {
            note: Some(other.to_string()),
            ..line
        }],
        Ok(_) => delivery
            .records_of(message)
            .iter()
            .map(|record| record_line(file, message, record))
            .collect(),
        Err(error) => vec![error_line(file, error)],
    }
}

fn record_line<'l>(file: &'l str, message: &Message, record: &'l S3EventRecord) -> Line<'l> {
    Line {
        file,
        delivery: message.envelopes.to_string(),
        event_name: Some(record.event_name.as_str()),
        bucket: Some(record.bucket.name.as_str()),
        key: Some(record.object.key.as_str()),
        key_as_sent: Some(record.object.key.as_sent()),
        size: record.object.size,
        sequencer: record.object.sequencer.as_ref().map(AsRef::<str>::as_ref),
        backfilled: record.is_backfilled().then_some(true),
        ..Line::default()
    }
}

fn error_line<'l>(file: &'l str, error: &'l Error) -> Line<'l> {
    Line {
        file,
        delivery: "none".to_owned(),
        error: Some(error.to_string()),
        path: error.path(),
        ..Line::default()
    }
}

fn write_line(out: &mut impl Write, line: &Line<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}
