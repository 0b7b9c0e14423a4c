//! The index that both functions keep.

use std::env;
use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::sync::Arc;

use async_trait::async_trait;

/// Where the objects of buckets are listed.
#[async_trait]
pub trait Index: Send + Sync + 'static {
    /// Adds an object with its size in bytes, in place of an earlier one with this key.
    ///
    /// # Errors
    ///
    /// Returns an error if it was not added. A retry may help.
    async fn add(
        &self,
        bucket: &str,
        key: &str,
        size: u64,
    ) -> Result<(), Box<dyn Error + Send + Sync>>;
}

/// The reason why an index cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file is not named.
    #[error("the environment variable `INDEX_FILE` is not set")]
    NotSet,
    /// The file cannot be opened.
    #[error("the index cannot be opened")]
    Io(#[from] io::Error),
}

/// Opens the file `INDEX_FILE`. Each object appends a line, and of several with the same bucket and
/// key the last one counts: `amzn-s3-demo-bucket/photos/a.jpg 1024`.
///
/// # Errors
///
/// Returns an error if the variable is not set, or the file cannot be opened.
pub async fn open() -> Result<Arc<dyn Index>, OpenError> {
    let name = env::var_os("INDEX_FILE").ok_or(OpenError::NotSet)?;
    let file = OpenOptions::new().create(true).append(true).open(name)?;
    Ok(Arc::new(file))
}

#[async_trait]
impl Index for File {
    async fn add(
        &self,
        bucket: &str,
        key: &str,
        size: u64,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let mut file = self;
        file.write_all(format!("{bucket}/{key} {size}\n").as_bytes())?;
        Ok(())
    }
}
