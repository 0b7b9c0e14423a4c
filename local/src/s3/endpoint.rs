//! The S3 protocol on a port of this machine.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use s3s::S3Result;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tokio::net::TcpListener;

use super::cors::BucketCors;
use super::front::Front;
use super::front::credentials::{ACCESS_KEY, SECRET_KEY};
use super::front::request_ids::RequestIds;
use super::front::virtual_host::VirtualHosts;
use super::operations::Operations;
use super::store::Buckets;
use crate::Error;
use crate::aws::http_server::{HttpListener, HttpServer};
use crate::aws::listener::listen;
use crate::aws::web_access::{Origin, WebAccess};

/// How long open requests may go on when the endpoint is stopped.
const GRACE: Duration = Duration::from_secs(2);

/// How long a client may take to send the head of a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(60);

/// A server of the S3 protocol. It ends when it is dropped.
///
/// Requests are either signed with the access key `test` and the secret key `test`, or not signed.
/// A bucket is named by the path or by the host: `http://localhost:9090/photos/a.jpg` or
/// `http://photos.localhost:9090/a.jpg`.
///
/// The keys are public, so any web page could use them: its requests are refused, unless its origin
/// is [allowed](BoundS3Endpoint::with_allowed_origin).
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
    access: WebAccess,
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

        // Objects can be pages, and any page may link to an object.
        let access = WebAccess::new(address, refuse)
            .with_own_pages(|_| true)
            .with_marks(|headers| RequestIds::new().mark(headers))
            .with_allowed_origins([]);

        Ok(BoundS3Endpoint {
            address,
            listener,
            access,
        })
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

    /// Lets the pages of this origin use the endpoint, with CORS: a web application under
    /// development, for example. The host of the origin may also be the `Host` of requests.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::net::{Ipv4Addr, SocketAddr};
    /// use std::sync::Arc;
    ///
    /// use s3_dispatch_local::{BucketSpec, LocalPipeline, Origin, S3Endpoint, Topology};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), s3_dispatch_local::Error> {
    /// let topology = Topology::new().with_bucket(BucketSpec::new("photos"));
    /// let pipeline = LocalPipeline::builder().with_topology(topology).start().await?;
    ///
    /// let endpoint = S3Endpoint::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    ///     .await?
    ///     .with_allowed_origin(Origin::parse("http://localhost:5173")?)
    ///     .serve(Arc::clone(pipeline.buckets()));
    /// assert!(endpoint.address().ip().is_loopback());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_allowed_origin(mut self, origin: Origin) -> Self {
        self.access = self.access.with_allowed_origins([origin]);
        self
    }

    /// Starts to serve these [buckets](crate::LocalPipeline::buckets). Their events go to the
    /// pipeline that they belong to.
    #[must_use]
    pub fn serve(self, buckets: Arc<Buckets>) -> S3Endpoint {
        let cors = Arc::new(BucketCors(Arc::clone(&buckets)));
        let mut protocol = S3ServiceBuilder::new(Operations::new(buckets));
        protocol.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        protocol.set_host(VirtualHosts);
        protocol.set_access(AccessRule);

        let server = HttpListener::new(self.listener, self.access.with_cross_origin(cors))
            .with_header_timeout(HEADER_TIMEOUT)
            .with_grace(GRACE)
            .serve(Front::new(protocol.build()));

        S3Endpoint {
            address: self.address,
            server,
        }
    }
}

/// Allows unsigned requests, so that `curl -T` works. [`WebAccess`] refuses those of web pages.
struct AccessRule;

#[async_trait]
impl S3Access for AccessRule {
    async fn check(&self, _: &mut S3AccessContext<'_>) -> S3Result<()> {
        Ok(())
    }
}

/// Refuses a request of a web page, as S3 refuses one without permission.
fn refuse(reason: &str) -> Response<Full<Bytes>> {
    let ids = RequestIds::new();
    let reason = reason
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Error><Code>AccessDenied</Code><Message>{reason}</Message>{}</Error>",
        ids.xml()
    );

    let mut response = Response::new(Full::from(body));
    *response.status_mut() = StatusCode::FORBIDDEN;
    let xml = HeaderValue::from_static("application/xml");
    response.headers_mut().insert(header::CONTENT_TYPE, xml);
    ids.mark(response.headers_mut());

    response
}
