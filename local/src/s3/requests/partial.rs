//! Answers to requests for a part of an object.

use http::{Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::service::Service;
use s3s::service::S3Service;
use s3s::{Body, HttpError};

use super::xml_bodies::check_digest;

/// The S3 protocol, with the status 206 for each answer about a part of an object. `s3s` answers
/// `HEAD` with 200, whatever the operation says.
#[derive(Clone)]
pub(in crate::s3) struct PartialContent(pub(in crate::s3) S3Service);

impl Service<Request<Incoming>> for PartialContent {
    type Response = Response<Body>;
    type Error = HttpError;
    type Future = std::pin::Pin<
        Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send + 'static>,
    >;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let is_head = request.method() == Method::HEAD;
        let protocol = self.0.clone();

        Box::pin(async move {
            let request = match check_digest(request).await {
                Ok(request) => request,
                Err(error) => {
                    let answer = error.to_http_response();
                    return answer.map_err(|error| HttpError::new(error.into()));
                }
            };
            let mut response = protocol.call(request).await?;
            let is_partial = response.headers().contains_key(header::CONTENT_RANGE);
            if is_head && is_partial && response.status() == StatusCode::OK {
                *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            }

            Ok(response)
        })
    }
}
