//! The page that shows the pipeline, on loopback.

mod activity;
mod event_stream;
mod routes;
mod security;
mod write_timeout;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use s3_dispatch_local::LocalPipeline;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

pub(crate) use self::activity::monitor::Board as Monitor;
use self::activity::monitor::Board;
use self::routes::App;
use self::write_timeout::Patient;

/// How many connections are served at a time; others wait.
const MAX_CONNECTIONS: usize = 64;

/// What the system keeps for a client that does not read.
const SEND_BUFFER_BYTES: u32 = 64 * 1024;

/// How long open requests may take to end when the page goes.
const GRACE: Duration = Duration::from_secs(1);

/// Serves the page.
pub(crate) struct Ui {
    is_stopped: watch::Sender<bool>,
    server: JoinHandle<()>,
}

/// An address that the page will be at.
pub(crate) struct BoundUi {
    address: SocketAddr,
    listener: TcpListener,
}

impl Ui {
    /// Takes this port of the loopback interface; 0 is a free one.
    pub(crate) fn bind(port: u16) -> Result<BoundUi, String> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let bound = listen(address).and_then(|listener| {
            Ok(BoundUi {
                address: listener.local_addr()?,
                listener,
            })
        });

        bound.map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => format!("`{address}` is in use by another program"),
            _ => format!("`{address}` cannot be listened on: {error}"),
        })
    }

    pub(crate) async fn stop(self) {
        self.is_stopped.send_replace(true);
        // Nothing in it panics.
        drop(self.server.await);
    }
}

impl BoundUi {
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Shows this pipeline, all of whose steps the board is told of, and puts what is dropped into
    /// its buckets by S3.
    pub(crate) fn serve(self, pipeline: LocalPipeline, board: Arc<Board>, s3: SocketAddr) -> Ui {
        let (is_stopped, stopped) = watch::channel(false);
        let app = App::new(pipeline, board, s3, self.address.port(), stopped.clone());

        Ui {
            is_stopped,
            server: tokio::spawn(serve(self.listener, Arc::new(app), stopped)),
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // As Tokio does by itself.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;

    socket.listen(128)
}

async fn serve(listener: TcpListener, app: Arc<App>, stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let mut stop = stopped.clone();

    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((stream, _)) => drop(connections.spawn(serve_connection(stream, Arc::clone(&app), stopped.clone()))),
                // Out of file descriptors, perhaps: it may pass.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
            () = end(&mut stop) => break,
        }
    }

    drop(listener);
    // What is still open then is cut.
    drop(
        tokio::time::timeout(GRACE, async {
            while connections.join_next().await.is_some() {}
        })
        .await,
    );
}

async fn serve_connection(stream: TcpStream, app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let service = service_fn(move |request| routes::respond(Arc::clone(&app), request));
    let mut server = http1::Builder::new();
    server
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(60))
        .keep_alive(true);
    let mut connection =
        std::pin::pin!(server.serve_connection(TokioIo::new(Patient::new(stream)), service));

    tokio::select! {
        // A client that goes away is no error.
        _ = connection.as_mut() => return,
        () = end(&mut stopped) => {}
    }

    connection.as_mut().graceful_shutdown();
    drop(connection.await);
}

/// Returns when the page goes.
async fn end(stopped: &mut watch::Receiver<bool>) {
    // An error says the same.
    drop(stopped.wait_for(|is_stopped| *is_stopped).await);
}
