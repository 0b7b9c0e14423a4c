//! The connections of the health server, and their limits.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

use crate::worker::health::pages::Pages;

/// How many connections may be open. One more closes the oldest, so that clients that never ask
/// cannot keep the others away.
pub(super) const MAX_CONNECTIONS: usize = 64;

/// How long the head of a request may take.
const HEAD_LIMIT: Duration = Duration::from_secs(5);

/// How long a connection may take in all. Prometheus gives up after 10 seconds.
const CONNECTION_LIMIT: Duration = Duration::from_secs(10);

/// The smallest buffer that hyper takes. A larger head is refused.
const MAX_HEAD_BYTES: usize = 8_192;

/// How long to wait after an error. The system may be out of file descriptors for a moment.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(50);

/// Answers requests, one per connection. Dropping the future closes all of them.
pub(super) async fn accept(listener: TcpListener, pages: Arc<Pages>) -> Infallible {
    let mut connections = JoinSet::new();
    let mut open: VecDeque<AbortHandle> = VecDeque::with_capacity(MAX_CONNECTIONS);

    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    if open.len() == MAX_CONNECTIONS
                        && let Some(oldest) = open.pop_front()
                    {
                        oldest.abort();
                    }

                    open.push_back(connections.spawn(serve(stream, Arc::clone(&pages))));
                }
                Err(_) => sleep(PAUSE_AFTER_ERROR).await,
            },
            Some(_) = connections.join_next() => open.retain(|task| !task.is_finished()),
        }
    }
}

/// Answers one request and closes the connection.
pub(super) async fn serve<S>(stream: S, pages: Arc<Pages>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let answer = service_fn(|request| {
        let answer = pages.answer(&request);
        async { Ok::<_, Infallible>(answer) }
    });

    let connection = http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(MAX_HEAD_BYTES)
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), answer);

    // A client that disconnects, sends something else or is too slow is not our error.
    drop(timeout(CONNECTION_LIMIT, connection).await);
}
