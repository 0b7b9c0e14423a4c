//! Answers each request: by an operation, or as a form.

use std::pin::Pin;

use http::{Method, Request, Response};
use hyper::body::Incoming;
use hyper::service::Service;
use s3s::service::S3Service;
use s3s::{Body, HttpError, S3Result};

use super::request_ids::RequestIds;
use super::{authentication, partial, xml};
use crate::aws::traces::Sender;
use crate::s3::forms::{FormTarget, post};
use crate::s3::requests::xml_bodies::check_digest;

/// The S3 protocol, as clients meet it.
#[derive(Clone)]
pub(in crate::s3) struct Front {
    protocol: S3Service,
}

impl Front {
    pub(in crate::s3) fn new(protocol: S3Service) -> Self {
        Self { protocol }
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Body>, HttpError> {
        let ids = RequestIds::new();
        let is_head = request.method() == Method::HEAD;
        let answered = self.operate(request, ids.clone()).await;

        let mut response = match answered {
            Ok(response) => response?,
            Err(error) => error.to_http_response().map_err(internal_error)?,
        };
        if is_head {
            partial::mark_partial(&mut response);
        }
        xml::complete(&mut response, &ids);
        ids.mark(response.headers_mut());

        Ok(response)
    }

    async fn operate(
        &self,
        request: Request<Incoming>,
        ids: RequestIds,
    ) -> S3Result<Result<Response<Body>, HttpError>> {
        let (mut head, body) = request.into_parts();
        authentication::check(&mut head)?;
        head.extensions.insert(ids);
        head.extensions.insert(Sender::of(&head.headers));

        match FormTarget::of(&head) {
            Some(target) => post(&self.protocol, &target, head, body).await,
            None => {
                let request = check_digest(Request::from_parts(head, body)).await?;
                Ok(self.protocol.call(request).await)
            }
        }
    }
}

impl Service<Request<Incoming>> for Front {
    type Response = Response<Body>;
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, HttpError>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        Box::pin(self.clone().answer(request))
    }
}

/// The answer could not be written.
fn internal_error(error: s3s::S3Error) -> HttpError {
    HttpError::new(Box::new(error))
}
