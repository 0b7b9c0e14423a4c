//! The S3 protocol on a port of this machine.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s::{S3Result, s3_error};
use tokio::net::TcpListener;

use super::service::S3Service;
use super::store::Buckets;
use crate::Error;
use crate::aws::http_server::{HttpListener, HttpServer};
use crate::aws::listener::listen;

/// How long open requests may go on when the endpoint is stopped.
const GRACE: Duration = Duration::from_secs(2);

/// How long a client may take to send the head of a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(60);

/// A server of the S3 protocol. It ends when it is dropped.
///
/// Requests are either signed with the access key `test` and the secret key `test`, or not signed.
#[derive(Debug)]
pub struct S3Endpoint {
    address: SocketAddr,
    server: HttpServer,
}

/// An address at which an endpoint is about to serve. Clients can connect already; they wait.
#[derive(Debug)]
pub struct BoundS3Endpoint {
    address: SocketAddr,
    listener: TcpListener,
}

impl S3Endpoint {
    /// Listens on this address. Port 0 means any free port.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Address`](crate::ErrorKind::Address) when the address is not available: its
    /// port is in use, for example.
    pub async fn bind(address: SocketAddr) -> Result<BoundS3Endpoint, Error> {
        let (listener, address) = listen(address).await?;

        Ok(BoundS3Endpoint { address, listener })
    }

    /// The address that the endpoint listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts no more requests, and gives open requests some time to end.
    pub async fn stop(&mut self) {
        self.server.stop().await;
    }
}

impl BoundS3Endpoint {
    /// The address that the endpoint will listen on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts to serve these [buckets](crate::LocalPipeline::buckets). Their events go to the
    /// pipeline that they belong to.
    #[must_use]
    pub fn serve(self, buckets: Arc<Buckets>) -> S3Endpoint {
        let mut protocol = S3ServiceBuilder::new(S3Service::new(buckets));
        protocol.set_auth(SimpleAuth::from_single("test", "test"));
        protocol.set_access(AccessRule);

        let server = HttpListener::new(self.listener)
            .with_header_timeout(HEADER_TIMEOUT)
            .with_grace(GRACE)
            .serve(protocol.build());

        S3Endpoint {
            address: self.address,
            server,
        }
    }
}

/// Allows unsigned requests, so that `curl -T` works, but not those that a web page of another site
/// sends from a browser.
struct AccessRule;

#[async_trait]
impl S3Access for AccessRule {
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
