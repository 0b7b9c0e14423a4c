//! Where the files of bodies are: in a folder of the user's, or in a temporary one.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

/// How the names of temporary folders begin. They end with the process and a number.
const PREFIX: &str = "s3-dispatch-bodies-";

/// The extension of the file beside a temporary folder that is locked as long as its process lives.
const LOCK: &str = "lock";

/// A folder for bodies.
#[derive(Debug)]
pub(super) enum Folder {
    /// It outlives the process. Files can be on disk before they are used.
    Lasting { path: PathBuf, is_synced: bool },
    /// It is created for the first body that needs it, and removed with the store.
    Temporary {
        created: OnceLock<TemporaryFolder>,
        creating: Mutex<()>,
    },
}

/// A temporary folder.
#[derive(Debug)]
pub(super) struct TemporaryFolder {
    path: PathBuf,
    /// Says that the process lives.
    _lock: File,
    lock_path: PathBuf,
}

impl Folder {
    /// Opens a folder that outlives the process, and removes all files but these. Returns it with
    /// the number of the next file.
    pub(super) fn lasting(
        path: PathBuf,
        kept: &HashSet<u64>,
        is_synced: bool,
    ) -> io::Result<(Self, u64)> {
        fs::create_dir_all(&path)?;
        let mut next_file = 0;

        for entry in fs::read_dir(&path)? {
            let entry = entry?;
            let file = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse::<u64>().ok());

            match file {
                Some(file) if kept.contains(&file) => next_file = next_file.max(file + 1),
                Some(_) => fs::remove_file(entry.path())?,
                None => {}
            }
        }

        Ok((Self::Lasting { path, is_synced }, next_file))
    }

    pub(super) fn temporary() -> Self {
        Self::Temporary {
            created: OnceLock::new(),
            creating: Mutex::default(),
        }
    }

    pub(super) fn is_temporary(&self) -> bool {
        matches!(self, Self::Temporary { .. })
    }

    /// The path. Creates a temporary folder if there is none.
    pub(super) fn path(&self) -> io::Result<&Path> {
        let (created, creating) = match self {
            Self::Lasting { path, .. } => return Ok(path),
            Self::Temporary { created, creating } => (created, creating),
        };

        let _one = creating.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = match created.get() {
            Some(folder) => folder,
            None => {
                let folder = TemporaryFolder::create(&std::env::temp_dir())?;
                created.get_or_init(|| folder)
            }
        };

        Ok(&folder.path)
    }

    /// The path of a file that exists.
    pub(super) fn file(&self, number: u64) -> Option<PathBuf> {
        let folder = match self {
            Self::Lasting { path, .. } => path,
            Self::Temporary { created, .. } => &created.get()?.path,
        };

        Some(folder.join(number.to_string()))
    }

    /// The folder, if its files must be on disk before they are used.
    pub(super) fn synced(&self) -> Option<&Path> {
        match self {
            Self::Lasting {
                path,
                is_synced: true,
            } => Some(path),
            _ => None,
        }
    }
}

impl TemporaryFolder {
    /// Creates a folder that only this user can read. Removes those of processes that were killed.
    fn create(parent: &Path) -> io::Result<Self> {
        remove_left_over(parent);

        for number in 0.. {
            let path = parent.join(format!("{PREFIX}{}-{number}", std::process::id()));
            let lock_path = path.with_extension(LOCK);
            let lock = match File::create_new(&lock_path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                created => created?,
            };
            lock.lock()?;

            match private_folder().create(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    fs::remove_file(lock_path)?;
                }
                created => {
                    return created.map(|()| Self {
                        path,
                        _lock: lock,
                        lock_path,
                    });
                }
            }
        }

        unreachable!("the numbers do not end")
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // If this fails, the next process that needs such a folder removes it.
        drop(fs::remove_dir_all(&self.path));
        drop(fs::remove_file(&self.lock_path));
    }
}

/// Removes the folders of processes that no longer live. One that cannot be removed, such as that
/// of another user, stays.
fn remove_left_over(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };

    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        let is_ours = name.to_str().is_some_and(|name| name.starts_with(PREFIX));
        if !is_ours || path.extension().is_none_or(|extension| extension != LOCK) {
            continue;
        }

        let lock = File::open(&path);
        if lock.is_ok_and(|lock| lock.try_lock().is_ok()) {
            drop(fs::remove_dir_all(path.with_extension("")));
            drop(fs::remove_file(path));
        }
    }
}

#[cfg(unix)]
fn private_folder() -> DirBuilder {
    use std::os::unix::fs::DirBuilderExt;

    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    builder
}

#[cfg(not(unix))]
fn private_folder() -> DirBuilder {
    DirBuilder::new()
}
