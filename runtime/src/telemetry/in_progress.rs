//! A note of what is being handled, which outlives the process.

use std::collections::HashSet;
use std::fs::File;
use std::io::Write;
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
    path: PathBuf,
    /// `None` while nothing is being handled. Then the file does not exist.
    file: Option<File>,
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
    /// Finds the file of this execution environment, and logs what the last process in it was
    /// handling when it ended.
    ///
    /// Returns `None` outside Lambda.
    pub(crate) fn find() -> Option<Self> {
        // Each environment has a log stream of its own.
        let stream = std::env::var("AWS_LAMBDA_LOG_STREAM_NAME").ok()?;
        let function = std::env::var("AWS_LAMBDA_FUNCTION_NAME").ok()?;
        let path = path(&function, &stream);

        if let Ok(text) = std::fs::read_to_string(&path) {
            log_unfinished(&text);
            drop(std::fs::remove_file(&path));
        }

        Some(Self(Mutex::new(Notes {
            path,
            file: None,
            running: 0,
            next: 0,
        })))
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
    /// Appends a line. If that fails, nothing is lost but the note.
    fn append(&mut self, line: &Line) {
        if self.file.is_none() {
            self.file = File::create(&self.path).ok();
        }

        if let (Some(file), Ok(mut text)) = (&mut self.file, serde_json::to_vec(line)) {
            text.push(b'\n');
            drop(file.write_all(&text));
        }
    }

    fn clear(&mut self) {
        self.file = None;
        drop(std::fs::remove_file(&self.path));
    }
}

/// Returns the path of the file. Both names are ours and AWS's, but a log stream's has slashes.
fn path(function: &str, stream: &str) -> PathBuf {
    let name: String = ["s3-dispatch-", function, "-", stream]
        .into_iter()
        .flat_map(str::chars)
        .map(|character| match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => character,
            _ => '_',
        })
        .collect();

    std::env::temp_dir().join(name)
}

/// Logs each record that was begun and has not ended.
fn log_unfinished(text: &str) {
    for line in unfinished(text) {
        let Line::Begun {
            event_name,
            bucket,
            key,
            message_id,
            request_id,
            ..
        } = line
        else {
            continue;
        };

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

/// Returns the lines of records that were begun and have not ended. The last line may be
/// incomplete.
fn unfinished(text: &str) -> Vec<Line> {
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    let (begun, ended): (Vec<Line>, Vec<Line>) =
        lines.partition(|line| matches!(line, Line::Begun { .. }));
    let ended: HashSet<u64> = ended.iter().map(Line::number).collect();

    begun
        .into_iter()
        .filter(|line| !ended.contains(&line.number()))
        .collect()
}

impl Line {
    fn number(&self) -> u64 {
        match self {
            Self::Begun { number, .. } | Self::Ended { number } => *number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, unfinished};

    #[test]
    fn what_has_ended_is_not_reported() {
        let begun = |number: u64| {
            let line = Line::Begun {
                number,
                event_name: "ObjectCreated:Put".to_owned(),
                bucket: "bucket".to_owned(),
                key: "key".to_owned(),
                message_id: None,
                request_id: None,
            };
            serde_json::to_string(&line).expect("a line is JSON")
        };
        let text = [
            begun(0),
            begun(1),
            begun(2),
            serde_json::to_string(&Line::Ended { number: 1 }).expect("a line is JSON"),
            begun(3)[..20].to_owned(),
        ];

        let numbers: Vec<u64> = unfinished(&text.join("\n"))
            .iter()
            .map(Line::number)
            .collect();
        assert_eq!(numbers, [0, 2]);
    }
}
