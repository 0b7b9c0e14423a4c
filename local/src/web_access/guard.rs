//! Asks before every request.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::{Either, Full};
use hyper::body::{Body, Incoming};
use hyper::service::HttpService;

use super::access::WebAccess;
use super::cors;

/// A service that is reached only by the requests that [`WebAccess`] allows.
#[derive(Clone)]
pub(crate) struct WebGuard<S> {
    access: Arc<WebAccess>,
    service: S,
}

/// What is to be done with a request.
enum Admission {
    /// It is answered by the service. If it comes from a page, that page may read the answer.
    Admitted(Request<Incoming>, Option<HeaderValue>),
    /// It is answered here.
    Answered(Response<Full<Bytes>>),
}

impl<S> WebGuard<S> {
    pub(crate) fn new(access: WebAccess, service: S) -> Self {
        Self {
            access: Arc::new(access),
            service,
        }
    }

    fn admit(&self, request: Request<Incoming>) -> Admission {
        let (head, body) = request.into_parts();
        let checked = self.access.check(&head);
        let request = Request::from_parts(head, body);

        match checked {
            Err(reason) => Admission::Answered(self.access.refuse(&reason)),
            Ok(None) => Admission::Admitted(request, None),
            Ok(Some(origin)) => match cors::preflight(&request) {
                Some(mut response) => {
                    cors::allow(response.headers_mut(), &origin);
                    Admission::Answered(response)
                }
                None => Admission::Admitted(request, Some(origin)),
            },
        }
    }
}

impl<S> hyper::service::Service<Request<Incoming>> for WebGuard<S>
where
    S: HttpService<Incoming, Future: Send + 'static> + Clone,
    S::ResBody: Body<Data = Bytes>,
{
    type Response = Response<Either<S::ResBody, Full<Bytes>>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        match self.admit(request) {
            Admission::Answered(response) => Box::pin(async { Ok(response.map(Either::Right)) }),
            Admission::Admitted(request, origin) => {
                let answer = self.service.clone().call(request);

                Box::pin(async move {
                    let mut response = answer.await?;
                    if let Some(origin) = origin {
                        cors::allow(response.headers_mut(), &origin);
                    }

                    Ok(response.map(Either::Left))
                })
            }
        }
    }
}
