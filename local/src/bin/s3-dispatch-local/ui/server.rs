//! The server of the page.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use s3_dispatch_local::{HttpListener, HttpServer, LocalPipeline, WebAccess};
use tokio::net::{TcpListener, TcpSocket};

use super::activity::Monitor;
use super::app::App;
use super::routes;
use super::shutdown::{self, ShutdownTrigger};
use super::write_timeout::WriteTimeout;
use crate::project::BuildStatus;

/// How many connections are served at once. Others wait to be accepted.
const MAX_CONNECTIONS: usize = 64;

/// How much the operating system buffers for a client that does not read.
const SEND_BUFFER_BYTES: u32 = 64 * 1024;

/// How long a browser may take to send the head of a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(60);

/// How long open requests may take to finish when the server stops.
const SHUTDOWN_TIME: Duration = Duration::from_secs(1);

/// The running server of the page.
pub(crate) struct Ui {
    shutdown: ShutdownTrigger,
    server: HttpServer,
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

    pub(crate) async fn stop(mut self) {
        // Ends the event streams, which would otherwise stay open.
        self.shutdown.start();
        self.server.stop().await;
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
        build: BuildStatus,
    ) -> Ui {
        let (trigger, shutdown) = shutdown::channel();
        let app = Arc::new(App::new(pipeline, monitor, s3, build, shutdown));
        let service = service_fn(move |request| routes::respond(Arc::clone(&app), request));

        // Other sites may link to the page itself.
        let access =
            WebAccess::new(self.address, routes::refuse).with_own_pages(|path| path == "/");

        let server = HttpListener::new(self.listener, access)
            .with_max_connections(MAX_CONNECTIONS)
            .with_header_timeout(HEADER_TIMEOUT)
            .with_grace(SHUTDOWN_TIME)
            .serve_over(WriteTimeout::new, service);

        Ui {
            shutdown: trigger,
            server,
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
