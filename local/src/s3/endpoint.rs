//! S3's protocol on a port of this machine.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service as Protocol, S3ServiceBuilder};
use s3s::{S3Result, s3_error};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::s3::service::{ObjectEvents, S3Service};
use crate::s3::store::Buckets;
use crate::{Error, ErrorKind};

/// How long open requests may take to end when the endpoint is stopped.
const GRACE: Duration = Duration::from_secs(2);

/// A server of S3's protocol. It ends when this is dropped.
///
/// Requests are signed with the access key `test` and the secret key `test`, or not at all.
#[derive(Debug)]
pub struct S3Endpoint {
    address: SocketAddr,
    is_stopped: watch::Sender<bool>,
    server: JoinHandle<()>,
}

/// An address that a server will listen on: clients can connect, and wait.
#[derive(Debug)]
pub struct BoundS3Endpoint {
    address: SocketAddr,
    listener: TcpListener,
}

impl S3Endpoint {
    /// Takes this address; port 0 is a free one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Address`], when the address cannot be listened on: its port is in use, perhaps.
    pub async fn bind(address: SocketAddr) -> Result<BoundS3Endpoint, Error> {
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| refused(address, error))?;
        let address = listener
            .local_addr()
            .map_err(|error| refused(address, error))?;

        Ok(BoundS3Endpoint { address, listener })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more requests, and lets those that are open end.
    pub async fn stop(&mut self) {
        self.is_stopped.send_replace(true);
        if !self.server.is_finished() {
            // Nothing in it panics.
            drop((&mut self.server).await);
        }
    }
}

impl BoundS3Endpoint {
    /// Where it will listen.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves these buckets, whose events go there.
    #[must_use]
    pub fn serve(self, buckets: Arc<Buckets>, events: Arc<dyn ObjectEvents>) -> S3Endpoint {
        let mut protocol = S3ServiceBuilder::new(S3Service::new(buckets, events));
        protocol.set_auth(SimpleAuth::from_single("test", "test"));
        protocol.set_access(Access);
        let (is_stopped, stopped) = watch::channel(false);
        let server = tokio::spawn(serve(self.listener, protocol.build(), stopped));

        S3Endpoint {
            address: self.address,
            is_stopped,
            server,
        }
    }
}

impl Drop for S3Endpoint {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Lets unsigned requests in, so that `curl -T` will do, but not those of another site's page in a
/// browser.
struct Access;

#[async_trait::async_trait]
impl S3Access for Access {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        if context.credentials().is_none() && context.headers().contains_key(http::header::ORIGIN) {
            return Err(s3_error!(
                AccessDenied,
                "requests of a web page must be signed"
            ));
        }

        Ok(())
    }
}

fn refused(address: SocketAddr, error: io::Error) -> Error {
    let text = match error.kind() {
        io::ErrorKind::AddrInUse => format!("`{address}` is in use by another program"),
        io::ErrorKind::PermissionDenied => format!("`{address}` may not be listened on"),
        _ => format!("`{address}` cannot be listened on"),
    };
    Error::new(ErrorKind::Address, text).with_source(error)
}

async fn serve(listener: TcpListener, protocol: Protocol, stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let mut stop = stopped.clone();

    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(serve_connection(stream, protocol.clone(), stopped.clone()))),
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

async fn serve_connection(
    stream: TcpStream,
    protocol: Protocol,
    mut stopped: watch::Receiver<bool>,
) {
    // Only a matter of speed.
    drop(stream.set_nodelay(true));
    let mut server = http1::Builder::new();
    server
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(60))
        .keep_alive(true);
    let mut connection = std::pin::pin!(server.serve_connection(TokioIo::new(stream), protocol));

    tokio::select! {
        // A client that goes away is no error.
        _ = connection.as_mut() => return,
        () = end(&mut stopped) => {}
    }

    connection.as_mut().graceful_shutdown();
    drop(connection.await);
}

async fn end(stopped: &mut watch::Receiver<bool>) {
    // An error says that the endpoint was dropped.
    drop(stopped.wait_for(|is_stopped| *is_stopped).await);
}
