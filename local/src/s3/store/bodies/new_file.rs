//! A file that is being written.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A new file. It is removed again if it is dropped before it is [kept](NewFile::keep): by a client
/// that goes away, for example.
///
/// Its functions block.
#[derive(Debug)]
pub(super) struct NewFile {
    file: File,
    path: PathBuf,
    is_kept: bool,
}

impl NewFile {
    pub(super) fn create(path: PathBuf) -> io::Result<Self> {
        Ok(Self {
            file: File::create(&path)?,
            path,
            is_kept: false,
        })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Keeps the file. With a folder, its own one, it is on disk then, with its name.
    pub(super) fn keep(mut self, synced: Option<&Path>) -> io::Result<()> {
        if let Some(folder) = synced {
            self.file.sync_all()?;
            File::open(folder)?.sync_all()?;
        }
        self.is_kept = true;

        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.is_kept {
            // If this fails, the file is removed at the next start.
            drop(fs::remove_file(&self.path));
        }
    }
}
