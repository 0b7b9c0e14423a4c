//! The file of a program: whether it can be started, and whether it has changed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How often a program is looked at.
const INTERVAL: Duration = Duration::from_millis(250);

/// What tells one build of a program from the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileVersion {
    modified: Option<SystemTime>,
    length: u64,
    /// A build replaces the file, even if the clock has not moved on.
    #[cfg(unix)]
    inode: u64,
}

impl FileVersion {
    /// The version of this file now. `None` while there is none, such as in the middle of a build.
    pub(super) fn of(program: &Path) -> Option<Self> {
        let metadata = fs::metadata(program).ok()?;

        Some(Self {
            modified: metadata.modified().ok(),
            length: metadata.len(),
            #[cfg(unix)]
            inode: std::os::unix::fs::MetadataExt::ino(&metadata),
        })
    }
}

/// Waits until another version of this file is there than this one, and has been for a moment,
/// because a build may still write it.
pub(super) async fn changed(program: &Path, from: Option<&FileVersion>) {
    let mut last = None;

    loop {
        tokio::time::sleep(INTERVAL).await;
        let now = FileVersion::of(program);
        if now.is_some() && now.as_ref() != from && now == last {
            return;
        }

        last = now;
    }
}

/// The absolute path of a program, or what is wrong with it.
pub(super) fn find(program: &Path) -> Result<PathBuf, String> {
    let describe = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => String::from("does not exist"),
        _ => format!("cannot be used: {error}"),
    };

    // Links are not resolved: some programs look at the name that they are called by.
    let path = std::path::absolute(program).map_err(describe)?;
    let metadata = path.metadata().map_err(describe)?;

    if !metadata.is_file() {
        return Err(String::from("is not a file"));
    }

    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 == 0 {
        return Err(String::from("is not executable"));
    }

    Ok(path)
}
