//! The files that describe objects and uploads, one file each.

use std::io;
use std::path::{Path, PathBuf};

use s3s::S3Result;
use serde::{Deserialize, Serialize};

use super::errors::storage_error;
use crate::aws::digest::sha256_hex;

/// The subfolder of the objects.
pub(super) const OBJECTS: &str = "objects";

/// The subfolder of the uploads.
pub(super) const UPLOADS: &str = "uploads";

/// The folder of the descriptions. Without a folder nothing is written.
#[derive(Debug)]
pub(super) struct Descriptions {
    folder: Option<PathBuf>,
}

impl Descriptions {
    pub(super) fn new(folder: Option<PathBuf>) -> Self {
        Self { folder }
    }

    pub(super) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Writes a description, either completely or not at all.
    pub(super) fn write(&self, kind: &str, name: &str, value: &impl Serialize) -> S3Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };

        let path = folder.join(kind).join(name);
        let text = serde_json::to_vec(value).map_err(|error| storage_error(error.into()))?;
        let unfinished = path.with_extension("new");

        std::fs::write(&unfinished, text)
            .and_then(|()| std::fs::rename(&unfinished, &path))
            .map_err(storage_error)
    }

    pub(super) fn remove(&self, kind: &str, name: &str) -> S3Result<()> {
        match &self.folder {
            Some(folder) => {
                std::fs::remove_file(folder.join(kind).join(name)).map_err(storage_error)
            }
            None => Ok(()),
        }
    }
}

/// The name of the file that describes an object: a digest, because a key can be too long for a
/// file name.
pub(super) fn object_file_name(bucket: &str, key: &str) -> String {
    sha256_hex(format!("{bucket}/{key}").as_bytes())
}

/// Reads all descriptions in a folder, and removes those that were not finished.
pub(super) fn read_all<T: for<'de> Deserialize<'de>>(folder: &Path) -> io::Result<Vec<T>> {
    std::fs::create_dir_all(folder)?;
    let mut all = Vec::new();

    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some() {
            std::fs::remove_file(path)?;
            continue;
        }

        let text = std::fs::read(&path)?;
        all.push(serde_json::from_slice(&text).map_err(|error| {
            let message = format!("`{}` cannot be read: {error}", path.display());
            io::Error::new(io::ErrorKind::InvalidData, message)
        })?);
    }

    Ok(all)
}
