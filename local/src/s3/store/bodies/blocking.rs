//! Work that blocks a thread, such as reading a file.

use std::io;

use tokio::task::spawn_blocking;

/// Does work on a thread that may be blocked. It goes on if the caller stops waiting.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}
