//! The log on disk that lets a pipeline survive a restart.
//!
//! Queues and buckets change often and a little at a time, so changes are appended instead of
//! rewriting a file. The pipeline's state writes a change to the log before anyone learns of it.

pub(super) mod entry;
mod line;
mod message_line;
mod settings_line;
mod values;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::entry::LogEntry;
use self::line::{FORMAT, read_line, write_line};
use crate::{Error, ErrorKind};

const LOG_FILE: &str = "log.jsonl";
const NEW_LOG_FILE: &str = "log.jsonl.new";

/// The log of earlier versions, which kept the objects elsewhere.
const OLD_LOG_FILE: &str = "queues.jsonl";

const LOCK_FILE: &str = "lock";

/// A log that is shorter than this is not rewritten.
const MIN_REWRITE_BYTES: u64 = 16 * 1024 * 1024;

/// How much of a rewritten log is collected before it is written.
const BUFFER_BYTES: usize = 64 * 1024;

/// A file to which changes are appended.
///
/// What belongs together, such as an object and its event, is one line: a crash leaves all of it or
/// nothing, because a line without its end is not read.
///
/// A written line survives the end of the process. It survives a crash of the machine once it is
/// synced. Only the acknowledgement of something new waits for that: of a change of a bucket, or of
/// a message that is sent. If a receive or a delete is lost, a message arrives again, which SQS
/// allows at any time.
///
/// The log is rewritten at each start, and when it has grown to several times its useful size. The
/// new file then replaces the old one.
#[derive(Debug)]
pub(super) struct ChangeLog {
    path: PathBuf,
    file: Arc<File>,
    /// The length up to which the file is intact.
    length: u64,
    /// The length at which the file is rewritten; 0 if a change is missing in the file.
    max_length: u64,
    entries: Vec<LogEntry>,
    /// Whether an acknowledgement waits until the log is on disk.
    is_synced: bool,
    /// Held as long as the log, so that no two pipelines write into one folder.
    _lock: FolderLock,
}

/// A sync that must still happen before something is acknowledged.
#[derive(Debug)]
pub(super) struct PendingSync {
    file: Arc<File>,
    path: PathBuf,
}

impl PendingSync {
    /// Waits until the file is on disk. Blocks the thread.
    pub(super) fn run(self) -> Result<(), Error> {
        self.file
            .sync_data()
            .map_err(|error| io_error("write", &self.path, error))
    }
}

impl ChangeLog {
    /// Opens the log in this folder. Creates the folder and the log if they do not exist. Unless
    /// the log is synced, a crash of the machine may lose the newest changes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Storage`] when the folder or the log cannot be used, when another pipeline uses
    /// the folder, or when the log is damaged.
    pub(super) fn open(folder: &Path, is_synced: bool) -> Result<Self, Error> {
        fs::create_dir_all(folder).map_err(|error| io_error("create the folder", folder, error))?;
        let lock = FolderLock::take(folder)?;
        reject_old_log(folder)?;
        let path = folder.join(LOG_FILE);

        let file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(&path)
            .map_err(|error| io_error("open", &path, error))?;

        let text = fs::read(&path).map_err(|error| io_error("read", &path, error))?;
        // A line without its end was never acknowledged.
        let intact = text
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |last| last + 1);
        let entries = read_lines(&text[..intact], &path)?;
        let length = intact as u64;

        Ok(Self {
            path,
            file: Arc::new(file),
            length,
            max_length: max_length(length),
            entries,
            is_synced,
            _lock: lock,
        })
    }

    /// The entries that the log contained when it was opened.
    pub(super) fn take_entries(&mut self) -> Vec<LogEntry> {
        std::mem::take(&mut self.entries)
    }

    /// Appends entries, all of them or none.
    pub(super) fn append(&mut self, entries: &[LogEntry]) -> Result<(), Error> {
        if entries.is_empty() {
            return Ok(());
        }

        let mut line = Vec::new();
        write_line(entries, &mut line);

        if let Err(error) = (&*self.file).write_all(&line) {
            // Truncated, so that the next line does not follow half of this one.
            drop(self.file.set_len(self.length));
            // The missing entries are written as soon as the disk allows.
            self.max_length = 0;
            return Err(io_error("write", &self.path, error));
        }

        self.length += line.len() as u64;
        Ok(())
    }

    /// Whether the log is too long, or an earlier append failed.
    pub(super) fn needs_rewrite(&self) -> bool {
        self.length >= self.max_length
    }

    /// The sync that makes everything appended so far survive a crash of the machine, if anyone
    /// waits for it.
    pub(super) fn pending_sync(&self) -> Option<PendingSync> {
        self.is_synced.then(|| PendingSync {
            file: Arc::clone(&self.file),
            path: self.path.clone(),
        })
    }

    /// Replaces the log by one with these entries. If that fails the log stays as it is. It is then
    /// rewritten much later, unless a change is missing in it.
    pub(super) fn rewrite(&mut self, entries: impl Iterator<Item = LogEntry>) -> Result<(), Error> {
        if self.max_length > 0 {
            self.max_length = max_length(self.length);
        }

        let path = self.path.with_file_name(NEW_LOG_FILE);
        let (file, length) = write_new(&path, entries).map_err(|error| {
            // The unfinished file takes space on a disk that may be full.
            drop(fs::remove_file(&path));
            io_error("write", &path, error)
        })?;

        fs::rename(&path, &self.path).map_err(|error| io_error("replace", &self.path, error))?;

        if let Some(folder) = self.path.parent() {
            File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(|error| io_error("write", folder, error))?;
        }

        self.file = Arc::new(file);
        self.length = length;
        self.max_length = max_length(length);

        Ok(())
    }
}

/// The length at which a log of this length is rewritten.
fn max_length(length: u64) -> u64 {
    MIN_REWRITE_BYTES.max(4 * length)
}

/// Makes sure that only one pipeline uses the folder.
#[derive(Debug)]
struct FolderLock(File);

impl FolderLock {
    fn take(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(LOCK_FILE);
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(|error| io_error("open", &path, error))?;

        file.try_lock().map_err(|error| match error {
            fs::TryLockError::WouldBlock => {
                let folder = folder.display();
                let message = format!("the folder `{folder}` is in use by another pipeline");
                Error::new(ErrorKind::Storage, message)
            }
            fs::TryLockError::Error(error) => io_error("lock", &path, error),
        })?;

        Ok(Self(file))
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // Closing the file is not enough: a process that this one is starting has a copy of it
        // until its own program begins. If this fails, the lock ends with that copy.
        drop(self.0.unlock());
    }
}

fn write_new(path: &Path, entries: impl Iterator<Item = LogEntry>) -> io::Result<(File, u64)> {
    let mut file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .open(path)?;

    let mut buffer = Vec::from(FORMAT);

    for entry in entries {
        write_line(&[entry], &mut buffer);
        if buffer.len() > BUFFER_BYTES {
            file.write_all(&buffer)?;
            buffer.clear();
        }
    }

    file.write_all(&buffer)?;
    file.sync_all()?;
    let length = file.seek(SeekFrom::End(0))?;

    // Opened again to append, so that a failed write cannot misplace the next one.
    Ok((OpenOptions::new().append(true).open(path)?, length))
}

fn read_lines(text: &[u8], path: &Path) -> Result<Vec<LogEntry>, Error> {
    if text.is_empty() {
        return Ok(Vec::new());
    }

    let Some(lines) = text.strip_prefix(FORMAT) else {
        let path = path.display();
        let message = format!("`{path}` is not a log that this version can read");
        return Err(Error::new(ErrorKind::Storage, message));
    };

    let lines = lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    let mut entries = Vec::new();

    for (index, line) in lines.enumerate() {
        entries.extend(read_line(line).map_err(|error| {
            // The format is the first line.
            let message = format!("line {} of `{}` cannot be read", index + 2, path.display());
            Error::new(ErrorKind::Storage, message).with_source(error)
        })?);
    }

    Ok(entries)
}

/// Rejects a folder of an earlier version.
fn reject_old_log(folder: &Path) -> Result<(), Error> {
    if !folder.join(OLD_LOG_FILE).exists() {
        return Ok(());
    }

    let folder = folder.display();
    let message = format!(
        "the folder `{folder}` was written by an earlier version, and this one cannot read it; \
         choose another folder, or delete this one with its objects and messages"
    );

    Err(Error::new(ErrorKind::Storage, message))
}

fn io_error(action: &str, path: &Path, error: io::Error) -> Error {
    let path = path.display();
    let message = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            format!("the disk is full: cannot {action} `{path}`")
        }
        _ => format!("cannot {action} `{path}`"),
    };

    Error::new(ErrorKind::Storage, message).with_source(error)
}
