//! The copies of the programs that run.
//!
//! A build of the same program, here or by an editor, replaces its file at any moment. What runs is
//! a copy, which only a good build replaces, and in one step.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::failure::Failure;

/// A folder with the programs that run. It is removed with this value.
#[derive(Debug)]
pub(super) struct Copies(PathBuf);

impl Copies {
    /// A folder in the target directory, which belongs to this process.
    pub(super) fn new(target: &Path) -> Self {
        let name = std::process::id().to_string();
        Self(target.join("s3-dispatch-local").join(name))
    }

    /// Where the copy of a program is. A program sees its own name there.
    pub(super) fn path(&self, program: &Path) -> PathBuf {
        self.0.join(program.file_name().unwrap_or_default())
    }

    /// Copies a program, and replaces the copy that is there.
    pub(super) fn replace(&self, program: &Path) -> Result<(), Failure> {
        let copy = self.path(program);
        let mut new = copy.clone().into_os_string();
        new.push(".new");

        let replaced = fs::create_dir_all(&self.0)
            .and_then(|()| fs::copy(program, &new))
            .and_then(|_| fs::rename(&new, &copy));

        replaced.map_err(|error: io::Error| {
            let (program, copy) = (program.display(), copy.display());
            Failure::new(format!("`{program}` cannot be copied to `{copy}`: {error}"))
        })
    }
}

impl Drop for Copies {
    fn drop(&mut self) {
        // What is left there is in the way of nothing, and `cargo clean` removes it.
        drop(fs::remove_dir_all(&self.0));
    }
}
