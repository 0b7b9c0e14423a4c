//! An HTTP/1.1 server on a listener: the accept loop, the limits, and the graceful stop.
//!
//! Four servers share it: S3, SQS, Lambda's Runtime API, and the page of the program. None of them
//! can be started without [`WebAccess`], which keeps web pages away.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::HttpService;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::aws::web_access::{WebAccess, WebGuard};

/// How long the accept loop waits after an error. The system may be out of file descriptors for a
/// moment.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(50);

/// A listener that is about to serve HTTP.
///
/// Clients can connect already; they wait until [`serve`](Self::serve) is called.
#[derive(Debug)]
#[must_use = "`serve` makes it a server"]
pub struct HttpListener {
    listener: TcpListener,
    access: WebAccess,
    max_connections: usize,
    header_timeout: Option<Duration>,
    grace: Duration,
}

/// A server of HTTP/1.1. Dropping it closes all its connections.
pub struct HttpServer {
    is_stopped: watch::Sender<bool>,
    accept_loop: JoinHandle<()>,
}

impl HttpListener {
    /// Serves on this listener, without limits. Requests of web pages are answered only if `access`
    /// allows them.
    pub fn new(listener: TcpListener, access: WebAccess) -> Self {
        Self {
            listener,
            access,
            max_connections: usize::MAX,
            header_timeout: None,
            grace: Duration::ZERO,
        }
    }

    /// Sets how many connections are served at once. Further clients wait.
    pub fn with_max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
        self
    }

    /// Sets how long a client may take to send the head of a request.
    pub fn with_header_timeout(mut self, timeout: Duration) -> Self {
        self.header_timeout = Some(timeout);
        self
    }

    /// Sets how long open requests may go on after [`HttpServer::stop`] is called. Without it they
    /// are cut off at once.
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Starts to answer requests with this service.
    pub fn serve<S>(self, service: S) -> HttpServer
    where
        S: HttpService<Incoming, Future: Send, Error: Into<Box<dyn StdError + Send + Sync>>>
            + Clone
            + Send
            + 'static,
        S::ResBody:
            Body<Data = Bytes, Error: Into<Box<dyn StdError + Send + Sync>>> + Send + 'static,
    {
        self.serve_over(|stream| stream, service)
    }

    /// Starts to answer requests with this service, over what `wrap` makes of each connection: a
    /// stream with a timeout, for example.
    pub fn serve_over<S, I>(
        self,
        wrap: impl Fn(TcpStream) -> I + Send + 'static,
        service: S,
    ) -> HttpServer
    where
        S: HttpService<Incoming, Future: Send, Error: Into<Box<dyn StdError + Send + Sync>>>
            + Clone
            + Send
            + 'static,
        S::ResBody:
            Body<Data = Bytes, Error: Into<Box<dyn StdError + Send + Sync>>> + Send + 'static,
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (is_stopped, stopped) = watch::channel(false);
        let header_timeout = self.header_timeout;
        let service = WebGuard::new(self.access.clone(), service);

        let connect = move |stream: TcpStream, stopped| {
            // If this fails, the connection is only slower.
            drop(stream.set_nodelay(true));
            serve_connection(wrap(stream), service.clone(), header_timeout, stopped)
        };

        HttpServer {
            is_stopped,
            accept_loop: tokio::spawn(self.accept(connect, stopped)),
        }
    }

    /// Accepts connections until the server is stopped, then gives open requests some time to end.
    async fn accept<F>(
        self,
        connect: impl Fn(TcpStream, watch::Receiver<bool>) -> F,
        stopped: watch::Receiver<bool>,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut connections = JoinSet::new();
        let mut stop = stopped.clone();

        loop {
            let has_room = connections.len() < self.max_connections;

            tokio::select! {
                accepted = self.listener.accept(), if has_room => match accepted {
                    Ok((stream, _)) => drop(connections.spawn(connect(stream, stopped.clone()))),
                    Err(_) => tokio::time::sleep(PAUSE_AFTER_ERROR).await,
                },
                Some(_) = connections.join_next() => {}
                () = wait_for_stop(&mut stop) => break,
            }
        }

        drop(self.listener);
        let all_ended = async { while connections.join_next().await.is_some() {} };
        // What is still open after the grace period is cut off.
        drop(tokio::time::timeout(self.grace, all_ended).await);
    }
}

impl HttpServer {
    /// Accepts no more connections, and waits until open requests have ended or their grace period
    /// is over.
    pub async fn stop(&mut self) {
        self.is_stopped.send_replace(true);

        if !self.accept_loop.is_finished() {
            // The loop does not panic.
            drop((&mut self.accept_loop).await);
        }
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.accept_loop.abort();
    }
}

impl fmt::Debug for HttpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpServer").finish_non_exhaustive()
    }
}

async fn serve_connection<I, S>(
    stream: I,
    service: S,
    header_timeout: Option<Duration>,
    mut stopped: watch::Receiver<bool>,
) where
    I: AsyncRead + AsyncWrite + Unpin,
    S: HttpService<Incoming, Error: Into<Box<dyn StdError + Send + Sync>>>,
    S::ResBody: Body<Error: Into<Box<dyn StdError + Send + Sync>>> + 'static,
{
    let mut protocol = http1::Builder::new();
    if let Some(timeout) = header_timeout {
        protocol
            .timer(TokioTimer::new())
            .header_read_timeout(timeout);
    }

    let mut connection = std::pin::pin!(protocol.serve_connection(TokioIo::new(stream), service));

    tokio::select! {
        // A client that disconnects is not an error.
        _ = connection.as_mut() => return,
        () = wait_for_stop(&mut stopped) => {}
    }

    connection.as_mut().graceful_shutdown();
    drop(connection.await);
}

async fn wait_for_stop(stopped: &mut watch::Receiver<bool>) {
    // An error means that the server was dropped.
    drop(stopped.wait_for(|is_stopped| *is_stopped).await);
}
