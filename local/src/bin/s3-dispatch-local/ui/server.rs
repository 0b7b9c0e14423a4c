//! Accepts the connections of browsers.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use s3_dispatch_local::LocalPipeline;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::activity::Monitor;
use super::app::App;
use super::routes;
use super::shutdown::{self, Shutdown, ShutdownTrigger};
use super::write_timeout::WriteTimeout;

/// How many connections are served at once. Others wait to be accepted.
const MAX_CONNECTIONS: usize = 64;

/// How much the operating system buffers for a client that does not read.
const SEND_BUFFER_BYTES: u32 = 64 * 1024;

/// How long open requests may take to finish when the server stops.
const SHUTDOWN_TIME: Duration = Duration::from_secs(1);

/// The running server of the page.
pub(crate) struct Ui {
    shutdown: ShutdownTrigger,
    server: JoinHandle<()>,
}

/// A port that is bound, but not served yet.
pub(crate) struct BoundUi {
    address: SocketAddr,
    listener: TcpListener,
}

impl Ui {
    /// Binds this port of the loopback interface. 0 picks a free port.
    pub(crate) fn bind(port: u16) -> Result<BoundUi, String> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let bound = listen(address).and_then(|listener| {
            Ok(BoundUi {
                address: listener.local_addr()?,
                listener,
            })
        });
        bound.map_err(|error| {
            let reason = match error.kind() {
                io::ErrorKind::AddrInUse => format!("`{address}` is in use by another program"),
                _ => format!("cannot listen on `{address}`: {error}"),
            };

            format!("{reason}; choose another port with `--ui PORT`")
        })
    }

    pub(crate) async fn stop(self) {
        self.shutdown.start();
        // The task does not panic.
        drop(self.server.await);
    }
}

impl BoundUi {
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Shows this pipeline, whose steps the monitor observes. Files that are dropped on the page
    /// are put through the S3 endpoint at `s3`.
    pub(crate) fn serve(
        self,
        pipeline: LocalPipeline,
        monitor: Arc<Monitor>,
        s3: SocketAddr,
    ) -> Ui {
        let (trigger, shutdown) = shutdown::channel();
        let port = self.address.port();
        let app = App::new(pipeline, monitor, s3, port, shutdown.clone());

        Ui {
            shutdown: trigger,
            server: tokio::spawn(serve(self.listener, Arc::new(app), shutdown)),
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // `TcpListener::bind` does the same, but cannot set the size of the send buffer.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;

    socket.listen(128)
}

async fn serve(listener: TcpListener, app: Arc<App>, mut shutdown: Shutdown) {
    let mut connections = JoinSet::new();
    let connection_shutdown = shutdown.clone();

    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    let (app, shutdown) = (Arc::clone(&app), connection_shutdown.clone());
                    connections.spawn(serve_connection(stream, app, shutdown));
                }
                // For example, too many open files, which may be temporary.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
            () = shutdown.started() => break,
        }
    }

    drop(listener);
    let finished = tokio::time::timeout(SHUTDOWN_TIME, async {
        while connections.join_next().await.is_some() {}
    });

    // Connections that are still open are closed with the set.
    drop(finished.await);
}

async fn serve_connection(stream: TcpStream, app: Arc<App>, mut shutdown: Shutdown) {
    let stream = TokioIo::new(WriteTimeout::new(stream));
    let service = service_fn(move |request| routes::respond(Arc::clone(&app), request));

    let mut server = http1::Builder::new();
    server
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(60))
        .keep_alive(true);

    let mut connection = std::pin::pin!(server.serve_connection(stream, service));
    tokio::select! {
        // A client that disconnects is not an error.
        _ = connection.as_mut() => return,
        () = shutdown.started() => {}
    }

    connection.as_mut().graceful_shutdown();
    drop(connection.await);
}
