//! Asks before every request.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::EXPECT;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Either, Full, Limited};
use hyper::body::{Body, Incoming};
use hyper::service::HttpService;

use super::access::{Admitted, WebAccess};
use super::cors;
use super::cross_origin::CrossOriginAnswer;

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
    /// It is answered by the service.
    Admitted(Request<Incoming>, Permission),
    /// It is answered here, after its body is read if there is one to read.
    Answered(Response<Full<Bytes>>, Option<Incoming>),
}

/// What the answer tells a browser.
enum Permission {
    /// Nothing.
    None,
    /// The page of this origin may read everything.
    Page(HeaderValue),
    /// What the resource says.
    Resource(HeaderMap),
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
        let resource = match &checked {
            Ok(admitted) => self.access.cross_origin(&head, admitted),
            Err(_) => CrossOriginAnswer::Default,
        };
        let request = Request::from_parts(head, body);

        let admitted = match checked {
            Ok(admitted) => admitted,
            Err(reason) => return answer(self.access.refuse(&reason), request),
        };

        match (resource, admitted) {
            (CrossOriginAnswer::Headers(headers), _) => {
                Admission::Admitted(request, Permission::Resource(headers))
            }
            (CrossOriginAnswer::Reply(mut response), admitted) => {
                if matches!(admitted, Admitted::Page(_)) && response.status().is_success() {
                    cors::allow_private_network(request.headers(), response.headers_mut());
                }
                answer(response, request)
            }
            (CrossOriginAnswer::Default, Admitted::Page(origin)) => {
                match cors::preflight(&request) {
                    Some(mut response) => {
                        self.access.mark(response.headers_mut());
                        cors::allow(response.headers_mut(), &origin);
                        answer(response, request)
                    }
                    None => Admission::Admitted(request, Permission::Page(origin)),
                }
            }
            (CrossOriginAnswer::Default, _) => Admission::Admitted(request, Permission::None),
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
            Admission::Admitted(request, permission) => {
                let answer = self.service.clone().call(request);

                Box::pin(async move {
                    let mut response = answer.await?;
                    match permission {
                        Permission::None => {}
                        Permission::Page(origin) => cors::allow(response.headers_mut(), &origin),
                        Permission::Resource(headers) => response.headers_mut().extend(headers),
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
