//! What outlives a restart.

pub(crate) mod line;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::pipeline::log::line::{self as log_line, FORMAT};
use crate::pipeline::transit::Parcel;
use crate::sqs::stored::QueueChange;
use crate::{Error, ErrorKind};

/// A file to which every change is appended, as a line of JSON, before anybody is told of it.
///
/// A line that is written outlives the process. It outlives the machine once it is synced, which is
/// waited for where something new is acknowledged (an event of S3, a message that is sent) and
/// nowhere else: a receive or a deletion that is forgotten only makes a message come again, as SQS
/// may have it come at any time.
///
/// When the file has grown to several times of what it stands for, and at every start, it is
/// written anew beside the old one, which it then replaces.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    file: Arc<File>,
    /// Up to where it is whole.
    length: u64,
    /// How long it is when it is to be written anew.
    longest: u64,
    entries: Vec<Entry>,
    /// Held as long as the log is, so that no two pipelines write into one folder.
    _lock: File,
}

/// One change.
#[derive(Debug, Clone)]
pub(crate) enum Entry {
    /// So far has been counted.
    Counters {
        next_event: u64,
        last_sequencer: u64,
    },
    /// A parcel is on its way.
    Parcel {
        serial: u64,
        due: SystemTime,
        parcel: Parcel,
    },
    /// It has arrived.
    Arrived { serial: u64, due: SystemTime },
    /// A queue has changed.
    Queue {
        queue: Arc<str>,
        change: QueueChange,
    },
}

/// What is still to be done before something is acknowledged.
#[derive(Debug)]
pub(crate) struct Flush {
    file: Arc<File>,
    path: PathBuf,
}

impl Flush {
    /// Blocks.
    pub(crate) fn run(self) -> Result<(), Error> {
        self.file
            .sync_data()
            .map_err(|error| cannot("write", &self.path, error))
    }
}

const FILE: &str = "queues.jsonl";
const NEW_FILE: &str = "queues.jsonl.new";
const LOCK: &str = "lock";
const SMALL: u64 = 16 * 1024 * 1024;

impl Entry {
    /// Whether something is gone.
    pub(crate) fn is_removal(&self) -> bool {
        matches!(
            self,
            Self::Arrived { .. }
                | Self::Queue {
                    change: QueueChange::Removed { .. },
                    ..
                }
        )
    }
}

impl Log {
    /// Opens the log of this folder, and makes both where they are missing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Storage`] when that is not possible, another pipeline uses the folder, or the
    /// log is none.
    pub(crate) fn open(folder: &Path) -> Result<Self, Error> {
        fs::create_dir_all(folder).map_err(|error| cannot("make the folder", folder, error))?;
        let lock_path = folder.join(LOCK);
        let lock = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&lock_path);
        let lock = lock.map_err(|error| cannot("open", &lock_path, error))?;

        lock.try_lock().map_err(|error| match error {
            fs::TryLockError::WouldBlock => Error::new(
                ErrorKind::Storage,
                format!(
                    "the folder `{}` is in use by another pipeline",
                    folder.display()
                ),
            ),
            fs::TryLockError::Error(error) => cannot("lock", &lock_path, error),
        })?;

        let path = folder.join(FILE);

        let file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(&path);

        let file = file.map_err(|error| cannot("open", &path, error))?;
        let text = fs::read(&path).map_err(|error| cannot("read", &path, error))?;
        // What is behind the last end of a line was not written to its end, so nobody was told of
        // it.
        let whole = text
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |last| last + 1);
        let entries = read(&text[..whole], &path)?;
        let length = whole as u64;

        Ok(Self {
            path,
            file: Arc::new(file),
            length,
            longest: longest(length),
            entries,
            _lock: lock,
        })
    }

    /// What was written down.
    pub(crate) fn take_entries(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.entries)
    }

    pub(crate) fn append(&mut self, entries: &[Entry]) -> Result<(), Error> {
        if entries.is_empty() {
            return Ok(());
        }

        let mut lines = Vec::new();
        for entry in entries {
            log_line::write(entry, &mut lines);
        }

        let written = (&*self.file).write_all(&lines);
        if let Err(error) = written {
            // Half of a line must not stand before the next one.
            drop(self.file.set_len(self.length));
            // What is missing now is written as soon as anything can be.
            self.longest = 0;
            return Err(cannot("write", &self.path, error));
        }

        self.length += lines.len() as u64;
        Ok(())
    }

    /// Whether it has grown too long, or lacks what could not be written for a while.
    pub(crate) fn is_to_be_rewritten(&self) -> bool {
        self.length >= self.longest
    }

    /// Makes what is appended by now outlast the machine.
    pub(crate) fn sync(&self) -> Flush {
        Flush {
            file: Arc::clone(&self.file),
            path: self.path.clone(),
        }
    }

    /// Writes it anew. When that fails it stays as it is; if nothing is missing in it, it may grow
    /// much longer before this is tried again.
    pub(crate) fn rewrite(&mut self, entries: impl Iterator<Item = Entry>) -> Result<(), Error> {
        if self.longest > 0 {
            self.longest = longest(self.length);
        }

        let path = self.path.with_file_name(NEW_FILE);
        let (file, length) = write_new(&path, entries).map_err(|error| {
            // It takes room that others need.
            drop(fs::remove_file(&path));
            cannot("write", &path, error)
        })?;

        fs::rename(&path, &self.path).map_err(|error| cannot("replace", &self.path, error))?;

        if let Some(folder) = self.path.parent() {
            let synced = File::open(folder).and_then(|folder| folder.sync_all());
            synced.map_err(|error| cannot("write", folder, error))?;
        }

        (self.file, self.length, self.longest) = (Arc::new(file), length, longest(length));
        Ok(())
    }
}

/// As long as one of this length may become.
fn longest(length: u64) -> u64 {
    SMALL.max(4 * length)
}

fn write_new(path: &Path, entries: impl Iterator<Item = Entry>) -> io::Result<(File, u64)> {
    let mut file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .open(path)?;

    let mut buffer = Vec::from(FORMAT);

    for entry in entries {
        log_line::write(&entry, &mut buffer);
        if buffer.len() > 64 * 1024 {
            file.write_all(&buffer)?;
            buffer.clear();
        }
    }

    file.write_all(&buffer)?;
    file.sync_all()?;
    let length = file.seek(SeekFrom::End(0))?;

    // Appended to from now on, wherever a failed write has left the cursor.
    Ok((OpenOptions::new().append(true).open(path)?, length))
}

fn read(text: &[u8], path: &Path) -> Result<Vec<Entry>, Error> {
    if text.is_empty() {
        return Ok(Vec::new());
    }

    let Some(lines) = text.strip_prefix(FORMAT) else {
        let message = format!(
            "`{}` was not written by this version, or is something else",
            path.display()
        );
        return Err(Error::new(ErrorKind::Storage, message));
    };

    let lines = lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());

    lines
        .enumerate()
        .map(|(index, line)| {
            log_line::read(line).map_err(|error| {
                // The first line is the format's.
                let message = format!("line {} of `{}` cannot be read", index + 2, path.display());
                Error::new(ErrorKind::Storage, message).with_source(error)
            })
        })
        .collect()
}

fn cannot(what: &str, path: &Path, error: io::Error) -> Error {
    let message = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            format!("the disk is full: cannot {what} `{}`", path.display())
        }
        _ => format!("cannot {what} `{}`", path.display()),
    };
    Error::new(ErrorKind::Storage, message).with_source(error)
}
