//! Asks before every request.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::EXPECT;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Either, Full, Limited};
use hyper::body::{Body, Incoming};
use hyper::service::HttpService;

use super::access::WebAccess;
use super::cors;

/// How much of a refused request is read before it is answered. Many clients send a request to its
/// end before they look at the answer.
const MAX_READ_BYTES: usize = 64 * 1024 * 1024;

/// How long a refused request is read.
const MAX_READ_TIME: Duration = Duration::from_secs(5);

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
    /// It is answered here, after its body is read if there is one to read.
    Answered(Response<Full<Bytes>>, Option<Incoming>),
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
            Err(reason) => answer(self.access.refuse(&reason), request),
            Ok(None) => Admission::Admitted(request, None),
            Ok(Some(origin)) => match cors::preflight(&request) {
                Some(mut response) => {
                    self.access.mark(response.headers_mut());
                    cors::allow(response.headers_mut(), &origin);
                    answer(response, request)
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
            Admission::Answered(response, body) => Box::pin(async {
                if let Some(body) = body {
                    read_to_end(body).await;
                }

                Ok(response.map(Either::Right))
            }),
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

/// Answers a request here. A client that asks whether it should send the body is told not to.
fn answer(response: Response<Full<Bytes>>, request: Request<Incoming>) -> Admission {
    let asks_first = request.headers().contains_key(EXPECT);
    let body = (!asks_first).then(|| request.into_body());

    Admission::Answered(response, body)
}

async fn read_to_end(body: Incoming) {
    let mut body = Limited::new(body, MAX_READ_BYTES);
    let all = async { while let Some(Ok(_)) = body.frame().await {} };

    // A longer body is cut off.
    drop(tokio::time::timeout(MAX_READ_TIME, all).await);
}
