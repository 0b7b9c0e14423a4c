//! Writes the body of an object to a file.

use std::io;
use std::path::{Path, PathBuf};

use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use crate::objects::content::reader::ObjectStream;
use crate::objects::error::{ObjectError, ObjectErrorKind};

/// Writes the body to a temporary file beside the path, and renames it when it is complete.
///
/// Returns the number of bytes.
pub(in crate::objects) async fn download(
    mut stream: ObjectStream,
    path: &Path,
) -> Result<u64, ObjectError> {
    let (temporary, file) = Temporary::create(beside(path)?).await?;
    let mut file = File::from_std(file);
    let mut written = 0;

    while let Some(piece) = stream.chunk().await? {
        let result = file.write_all(&piece).await;
        result.map_err(|error| failed(path, error))?;
        written += piece.len() as u64;
    }

    file.flush().await.map_err(|error| failed(path, error))?;
    drop(file);

    temporary.rename(path).await?;
    Ok(written)
}

/// A path that nobody else uses, in the same folder.
fn beside(path: &Path) -> Result<PathBuf, ObjectError> {
    if path.file_name().is_none() {
        return Err(failed(path, io::ErrorKind::InvalidFilename.into()));
    }

    // Without the name of the file, which may be as long as names can be.
    Ok(path.with_file_name(format!(".{:016x}.part", fastrand::u64(..))))
}

/// A file that is removed unless it is renamed.
///
/// Its owner changes sides with it: what a thread for files has begun, it finishes, also when the
/// download is dropped meanwhile.
struct Temporary(PathBuf);

impl Temporary {
    async fn create(path: PathBuf) -> Result<(Self, std::fs::File), ObjectError> {
        on_a_thread(move || {
            let file = std::fs::File::create_new(&path).map_err(|error| failed(&path, error))?;
            Ok((Self(path), file))
        })
        .await
    }

    async fn rename(mut self, path: &Path) -> Result<(), ObjectError> {
        let path = path.to_owned();
        on_a_thread(move || {
            std::fs::rename(&self.0, &path).map_err(|error| failed(&path, error))?;
            self.0.clear();
            Ok(())
        })
        .await
    }
}

async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ObjectError> + Send + 'static,
) -> Result<T, ObjectError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(ObjectError::new(ObjectErrorKind::File).with_source(error)),
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.0.as_os_str().is_empty() {
            // Also after an error nobody looks for the file, so there is nobody to tell.
            let _ = std::fs::remove_file(&self.0);
        }
    }
}

fn failed(path: &Path, error: io::Error) -> ObjectError {
    ObjectError::new(ObjectErrorKind::File)
        .with_detail(format!("`{}` cannot be written", path.display()))
        .with_source(error)
}
