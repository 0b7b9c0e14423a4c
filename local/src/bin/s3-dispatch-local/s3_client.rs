//! A small S3 client, for the demo and for files that are dropped on the page.

use std::error::Error;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{Method, Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::net::TcpStream;

/// The characters of a key that must be percent-encoded in a path.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Sends unsigned requests for the objects of one bucket.
pub(crate) struct S3Client {
    address: SocketAddr,
    bucket: String,
}

impl S3Client {
    pub(crate) fn new(address: SocketAddr, bucket: impl Into<String>) -> Self {
        Self {
            address,
            bucket: bucket.into(),
        }
    }

    pub(crate) async fn put(
        &self,
        key: &str,
        body: impl Into<Bytes>,
    ) -> Result<(), Box<dyn Error>> {
        self.send(Method::PUT, &self.path(key), None, Full::new(body.into()))
            .await
            .map(drop)
    }

    /// Puts an object from a request body, which must have a known length.
    pub(crate) async fn put_stream(&self, key: &str, body: Incoming) -> Result<(), Box<dyn Error>> {
        self.send(Method::PUT, &self.path(key), None, body)
            .await
            .map(drop)
    }

    pub(crate) async fn copy(&self, from: &str, to: &str) -> Result<(), Box<dyn Error>> {
        self.send(
            Method::PUT,
            &self.path(to),
            Some(&self.path(from)),
            Full::<Bytes>::default(),
        )
        .await
        .map(drop)
    }

    pub(crate) async fn delete(&self, key: &str) -> Result<(), Box<dyn Error>> {
        self.send(
            Method::DELETE,
            &self.path(key),
            None,
            Full::<Bytes>::default(),
        )
        .await
        .map(drop)
    }

    /// Uploads an object in parts.
    pub(crate) async fn upload(&self, key: &str, parts: Vec<Bytes>) -> Result<(), Box<dyn Error>> {
        let path = self.path(key);
        let started = self
            .send(
                Method::POST,
                &format!("{path}?uploads"),
                None,
                Full::<Bytes>::default(),
            )
            .await?;

        let text = String::from_utf8(started.into_body().to_vec())?;
        let id = text
            .split_once("<UploadId>")
            .and_then(|(_, text)| text.split_once("</UploadId>"));
        let (id, _) = id.ok_or("the S3 endpoint returned no upload id")?;
        let mut list = String::from("<CompleteMultipartUpload>");

        for (number, body) in (1..).zip(parts) {
            let target = format!("{path}?partNumber={number}&uploadId={id}");
            let part = self
                .send(Method::PUT, &target, None, Full::new(body))
                .await?;

            let e_tag = part
                .headers()
                .get(header::ETAG)
                .ok_or("the S3 endpoint returned no ETag")?
                .to_str()?;

            list.push_str(&format!(
                "<Part><PartNumber>{number}</PartNumber><ETag>{e_tag}</ETag></Part>"
            ));
        }

        list.push_str("</CompleteMultipartUpload>");
        self.send(
            Method::POST,
            &format!("{path}?uploadId={id}"),
            None,
            Full::<Bytes>::from(list),
        )
        .await
        .map(drop)
    }

    fn path(&self, key: &str) -> String {
        format!("/{}/{}", self.bucket, utf8_percent_encode(key, ENCODED))
    }

    async fn send<B>(
        &self,
        method: Method,
        target: &str,
        source: Option<&str>,
        body: B,
    ) -> Result<Response<Bytes>, Box<dyn Error>>
    where
        B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        let stream = TcpStream::connect(self.address).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // An error of the connection is also an error of the request.
        tokio::spawn(async move { drop(connection.await) });
        let mut request = Request::builder()
            .method(&method)
            .uri(target)
            .header(header::HOST, self.address.to_string());

        if let Some(source) = source {
            request = request.header("x-amz-copy-source", source);
        }

        let (head, body) = sender.send_request(request.body(body)?).await?.into_parts();
        let body = body.collect().await?.to_bytes();

        if !head.status.is_success() {
            let answer = String::from_utf8_lossy(&body).into_owned();
            return Err(format!(
                "the S3 endpoint rejected {method} {target}: {}: {answer}",
                head.status
            )
            .into());
        }

        Ok(Response::from_parts(head, body))
    }
}
