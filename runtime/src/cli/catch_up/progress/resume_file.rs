//! The file of `--resume`: which run it is of, and what of it is settled.

use std::error::Error as StdError;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::window::Record;

/// A resume file.
///
/// It is replaced as a whole: a temporary file beside it is written, brought to the disk, and
/// renamed. So the program or the machine may end at any moment. As long as a run has it, another
/// file beside it is locked, which stays: it cannot be deleted without a moment in which two runs
/// might both have it.
#[derive(Debug, Clone)]
pub(in crate::cli) struct ResumeFile {
    path: PathBuf,
    run: Run,
    /// The number of the last write. A write that comes late must not undo a newer one.
    last: Arc<Mutex<u64>>,
    /// Ends with the process, however that ends.
    _lock: Arc<File>,
}

/// What a run is. Another run cannot go on from its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cli) struct Run(pub(in crate::cli) Vec<(String, String)>);

#[derive(Debug, Serialize, Deserialize)]
struct Content {
    /// The version of the form of the file.
    version: u32,
    run: Run,
    progress: Record,
}

impl ResumeFile {
    const VERSION: u32 = 1;

    /// Opens a file, and returns what is settled. A file that does not exist is created at the
    /// first write, and nothing is settled.
    ///
    /// # Errors
    ///
    /// If it cannot be read or created, is not such a file, is that of another run, or another
    /// process has it.
    pub(in crate::cli) fn open(
        path: &Path,
        run: Run,
    ) -> Result<(Self, Record), Box<dyn StdError + Send + Sync>> {
        let shown = path.display();
        let file = Self {
            path: path.to_owned(),
            run,
            last: Arc::default(),
            _lock: Arc::new(lock(path)?),
        };

        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok((file, Record::default()));
            }
            Err(error) => return Err(format!("`{shown}` cannot be read: {error}").into()),
        };

        let content: Content = serde_json::from_slice(&text)
            .map_err(|error| format!("`{shown}` is not a file of `--resume`: {error}"))?;
        if content.version != Self::VERSION {
            let text = format!("`{shown}` was written by another version of the program");
            return Err(text.into());
        }
        if let Some(difference) = content.run.difference(&file.run) {
            let text = format!(
                "`{shown}` is of another run: {difference}; to begin anew, name another file or \
                 delete this one"
            );
            return Err(text.into());
        }

        Ok((file, content.progress))
    }

    /// Replaces the file, unless a write with a greater number has. This blocks until the disk has
    /// it.
    pub(in crate::cli) fn write(&self, number: u64, progress: &Record) -> io::Result<()> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if number < *last {
            return Ok(());
        }
        *last = number;

        let content = Content {
            version: Self::VERSION,
            run: self.run.clone(),
            progress: progress.clone(),
        };
        let beside = beside(&self.path, "new");
        let mut file = File::create(&beside)?;
        file.write_all(&serde_json::to_vec(&content)?)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&beside, &self.path)?;

        // The name is in the folder, which has to reach the disk as well.
        #[cfg(unix)]
        {
            let folder = self
                .path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        }

        Ok(())
    }
}

/// Locks the file beside a resume file, before anything is done that nobody could remember.
fn lock(path: &Path) -> Result<File, String> {
    let shown = path.display();
    let file = File::options()
        .create(true)
        .append(true)
        .open(beside(path, "lock"))
        .map_err(|error| format!("`{shown}` cannot be written: {error}"))?;

    match file.try_lock() {
        // A file system that knows no locks cannot keep runs apart, and is used all the same.
        Err(TryLockError::Error(error)) if error.kind() != io::ErrorKind::Unsupported => {
            Err(format!("`{shown}` cannot be locked: {error}"))
        }
        Err(TryLockError::WouldBlock) => Err(format!(
            "another run goes on from `{shown}` right now; wait for its end, or name another file"
        )),
        _ => Ok(file),
    }
}

/// The path of a file beside a resume file.
fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(extension);
    path.with_file_name(name)
}

impl Run {
    /// The first option that differs, in words.
    fn difference(&self, now: &Self) -> Option<String> {
        let value = |run: &Self, name: &str| {
            let found = run.0.iter().find(|(own, _)| own == name);
            found.map(|(_, value)| value.clone())
        };

        let names = self.0.iter().chain(&now.0).map(|(name, _)| name);
        let changed = names.map(|name| (name, value(self, name), value(now, name)));
        let mut changed = changed.filter(|(_, before, now)| before != now);

        changed
            .next()
            .map(|(name, before, now)| match (before, now) {
                (Some(before), Some(now)) => {
                    format!("its `{name}` is {before:?}, and that of this run {now:?}")
                }
                (Some(before), None) => {
                    format!("its `{name}` is {before:?}, and this run has none")
                }
                _ => format!("it has no `{name}`, and this run has one"),
            })
    }
}
