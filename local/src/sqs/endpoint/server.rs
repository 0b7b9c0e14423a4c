//! The server of the endpoint.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::http::{refuse, respond};
use super::service::{Phase, SqsService};
use crate::aws::http_server::{HttpListener, HttpServer};
use crate::aws::listener::listen;
use crate::aws::web_access::{Origin, WebAccess};
use crate::pipeline::engine::Engine;
use crate::{Error, ErrorKind};

/// How long a client may take to send the head of a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(60);

/// How long open requests may go on when the endpoint is stopped.
const GRACE: Duration = Duration::from_secs(2);

/// A server of the SQS protocol. It ends when it is dropped.
pub(crate) struct SqsEndpoint {
    server: HttpServer,
    phase: watch::Sender<Phase>,
}

/// An address at which an endpoint is about to serve. Clients can connect already; they wait.
pub(crate) struct BoundSqsEndpoint {
    address: SocketAddr,
    listener: TcpListener,
    access: WebAccess,
}

impl BoundSqsEndpoint {
    /// Listens on this address of the loopback interface. Port 0 means any free port.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] when the address is not on the loopback interface, and
    /// [`ErrorKind::Address`] when it is not available.
    pub(crate) async fn bind(address: SocketAddr) -> Result<Self, Error> {
        if !address.ip().is_loopback() {
            let message = format!(
                "the SQS endpoint has no access control, and `{address}` is not a loopback address"
            );
            return Err(Error::new(ErrorKind::Configuration, message));
        }

        let (listener, address) = listen(address).await?;

        Ok(Self {
            address,
            listener,
            access: WebAccess::new(address, refuse),
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets the pages of these origins use the endpoint.
    pub(crate) fn with_allowed_origins(mut self, origins: &[Origin]) -> Self {
        self.access = self.access.with_allowed_origins(origins.iter().cloned());
        self
    }

    /// Starts to serve the queues of this pipeline.
    pub(crate) fn serve(self, engine: Arc<Engine>) -> SqsEndpoint {
        let (phase, phases) = watch::channel(Phase::Serving);
        let service = Arc::new(SqsService::new(engine, self.address, phases));
        let respond = service_fn(move |request| respond(Arc::clone(&service), request));

        let server = HttpListener::new(self.listener, self.access)
            .with_header_timeout(HEADER_TIMEOUT)
            .with_grace(GRACE)
            .serve(respond);

        SqsEndpoint { server, phase }
    }
}

impl SqsEndpoint {
    /// Answers clients that wait for a message. From now on, none waits for longer than a second.
    pub(crate) fn end_waits(&self) {
        self.phase.send_replace(Phase::Draining);
    }

    /// Accepts no more requests, answers clients that wait for a message, and gives other open
    /// requests some time to end.
    pub(crate) async fn stop(&mut self) {
        self.phase.send_replace(Phase::Stopped);
        self.server.stop().await;
    }
}
