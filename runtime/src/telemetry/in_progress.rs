//! A note of what is being handled, which outlives the process.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use s3_dispatch_core::{MessageContext, S3EventRecord};
use serde::{Deserialize, Serialize};

/// A file that names the records that are being handled.
///
/// Lambda keeps the temporary folder when it starts a process again in the same execution
/// environment ("Understanding the Lambda execution environment lifecycle", AWS Lambda Developer
/// Guide, 2026). So a new process finds what the last one was doing when it ended.
#[derive(Debug)]
pub(crate) struct InProgress(Mutex<Notes>);

#[derive(Debug)]
struct Notes {
    file: File,
    /// How many records are being handled.
    running: usize,
    /// The number of the next record.
    next: u64,
}

/// One line of the file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Begun {
        number: u64,
        event_name: String,
        bucket: String,
        key: String,
        message_id: Option<String>,
        request_id: Option<String>,
    },
    Ended {
        number: u64,
    },
}

/// A record that is being handled. Dropping it notes that it has ended.
pub(crate) struct Begun<'n> {
    notes: &'n InProgress,
    number: u64,
}

impl InProgress {
    /// Opens the file of this execution environment, and logs what the last process in it was
    /// handling when it ended.
    ///
    /// Returns `None` if the file cannot be used. Nothing depends on it.
    pub(crate) fn open() -> Option<Self> {
        // Each environment has a log stream of its own.
        let stream = std::env::var("AWS_LAMBDA_LOG_STREAM_NAME").ok()?;
        let function = std::env::var("AWS_LAMBDA_FUNCTION_NAME").ok()?;

        match open_and_log(path(&function, &stream)) {
            Ok(file) => Some(Self(Mutex::new(Notes {
                file,
                running: 0,
                next: 0,
            }))),
            Err(error) => {
                let error = error.to_string();
                tracing::debug!(error, "what is in progress cannot be noted");
                None
            }
        }
    }

    /// Notes that the handling of a record begins.
    pub(crate) fn begin(&self, record: &S3EventRecord, message: &MessageContext) -> Begun<'_> {
        let mut notes = self.notes();
        let number = notes.next;
        notes.next += 1;
        notes.running += 1;

        notes.append(&Line::Begun {
            number,
            event_name: record.event_name.as_str().to_owned(),
            bucket: record.bucket.name.as_str().to_owned(),
            key: record.object.key.as_str().to_owned(),
            message_id: message.message_id().map(|id| id.as_str().to_owned()),
            request_id: message.request_id().map(|id| id.as_str().to_owned()),
        });

        Begun {
            notes: self,
            number,
        }
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        let mut notes = self.notes.notes();
        notes.running -= 1;

        if notes.running == 0 {
            notes.clear();
        } else {
            notes.append(&Line::Ended {
                number: self.number,
            });
        }
    }
}

impl Notes {
    /// Appends a line. Nothing is lost if that fails, except the note.
    fn append(&mut self, line: &Line) {
        if let Ok(mut text) = serde_json::to_vec(line) {
            text.push(b'\n');
            drop(self.file.write_all(&text));
        }
    }

    fn clear(&mut self) {
        drop(self.file.set_len(0));
        drop(self.file.seek(SeekFrom::Start(0)));
    }
}

/// Returns the path of the file. Both names are ours and AWS's, but a log stream's has slashes.
fn path(function: &str, stream: &str) -> PathBuf {
    let name: String = format!("s3-dispatch-{function}-{stream}")
        .chars()
        .map(|character| match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => character,
            _ => '_',
        })
        .collect();

    std::env::temp_dir().join(name)
}

fn open_and_log(path: PathBuf) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let mut file = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;

    let mut text = String::new();
    // What is not UTF-8 is no file of ours.
    if file.read_to_string(&mut text).is_ok() {
        log_unfinished(&text);
    }

    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;

    Ok(file)
}

/// Logs each record that was begun and has not ended. The last line may be incomplete.
fn log_unfinished(text: &str) {
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    let lines: Vec<Line> = lines.collect();

    let has_ended = |number: u64| {
        lines
            .iter()
            .any(|line| matches!(line, Line::Ended { number: ended } if *ended == number))
    };

    for line in &lines {
        let Line::Begun {
            number,
            event_name,
            bucket,
            key,
            message_id,
            request_id,
        } = line
        else {
            continue;
        };

        if !has_ended(*number) {
            tracing::error!(
                event_name,
                bucket,
                key,
                message_id,
                request_id,
                "the last process here ended while it handled this record"
            );
        }
    }
}
