//! A server of the Lambda Runtime API on loopback.
//!
//! From "Using the Lambda runtime API for custom runtimes", AWS Lambda Developer Guide, 2026.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, mpsc, watch};

const VERSION: &str = "/2018-06-01/runtime/";

/// The server. It hands out invocations in order and keeps the answers.
pub(crate) struct RuntimeApi {
    address: SocketAddr,
    invocations: mpsc::UnboundedSender<Invocation>,
    answers: mpsc::UnboundedReceiver<Answer>,
    waiting: watch::Receiver<usize>,
}

/// An invocation for the function.
pub(crate) struct Invocation {
    id: String,
    payload: Bytes,
    deadline: String,
}

/// An answer of the function: any request except the one for the next invocation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The path after the version: `invocation/<id>/response`, `invocation/<id>/error` or
    /// `init/error`.
    pub(crate) path: String,
    pub(crate) body: String,
}

struct Shared {
    invocations: Mutex<mpsc::UnboundedReceiver<Invocation>>,
    answers: mpsc::UnboundedSender<Answer>,
    /// The number of open requests for the next invocation.
    waiting: watch::Sender<usize>,
}

impl Invocation {
    /// An invocation with a deadline in half a minute.
    pub(crate) fn new(id: impl Into<String>, payload: impl Into<Bytes>) -> Self {
        let deadline = unix_time() + Duration::from_secs(30);
        Self {
            id: id.into(),
            payload: payload.into(),
            deadline: deadline.as_millis().to_string(),
        }
    }

    /// Sets `Lambda-Runtime-Deadline-Ms` to any text.
    pub(crate) fn with_deadline(self, deadline: impl Into<String>) -> Self {
        Self {
            deadline: deadline.into(),
            ..self
        }
    }
}

impl RuntimeApi {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (invocations, queue) = mpsc::unbounded_channel();
        let (answered, answers) = mpsc::unbounded_channel();
        let (waiting_now, waiting) = watch::channel(0);

        let shared = Arc::new(Shared {
            invocations: Mutex::new(queue),
            answers: answered,
            waiting: waiting_now,
        });

        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });

        Self {
            address,
            invocations,
            answers,
            waiting,
        }
    }

    /// The value of `AWS_LAMBDA_RUNTIME_API`: a host and a port.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn enqueue(&self, invocation: Invocation) {
        self.invocations.send(invocation).unwrap();
    }

    /// Waits for the next answer.
    pub(crate) async fn answer(&mut self) -> Answer {
        within("an answer", self.answers.recv()).await.unwrap()
    }

    pub(crate) async fn invoke(&mut self, invocation: Invocation) -> Answer {
        self.enqueue(invocation);
        self.answer().await
    }

    /// Waits until this many requests for the next invocation are open.
    pub(crate) async fn is_asked_by(&mut self, workers: usize) {
        within(
            "requests for an invocation",
            self.waiting.wait_for(|waiting| *waiting == workers),
        )
        .await
        .unwrap();
    }

    /// Whether there is no answer left.
    pub(crate) fn is_silent(&self) -> bool {
        self.answers.is_empty()
    }
}

/// The time since the Unix epoch.
pub(crate) fn unix_time() -> Duration {
    SystemTime::UNIX_EPOCH.elapsed().unwrap()
}

/// Waits, at most for a fixed time.
pub(crate) async fn within<T>(awaited: &str, future: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(Duration::from_secs(20), future).await;
    waited.unwrap_or_else(|_| panic!("waited too long for {awaited}"))
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    stream.set_nodelay(true).unwrap();
    let service = service_fn(move |request| respond(Arc::clone(&shared), request));

    // A function that ends closes its connections.
    drop(
        hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await,
    );
}

async fn respond(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request
        .uri()
        .path()
        .strip_prefix(VERSION)
        .unwrap_or_default()
        .to_owned();

    if request.method() == Method::GET && path == "invocation/next" {
        return Ok(next(&shared).await);
    }

    let body = request.into_body().collect().await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    // Sending fails if the test has ended.
    drop(shared.answers.send(Answer { path, body }));
    let accepted = Response::builder()
        .status(StatusCode::ACCEPTED)
        .header("Content-Type", "application/json");

    Ok(accepted.body(Full::from(r#"{"status":"OK"}"#)).unwrap())
}

async fn next(shared: &Shared) -> Response<Full<Bytes>> {
    let waiting = Waiting::start(&shared.waiting);
    let Some(invocation) = shared.invocations.lock().await.recv().await else {
        return Response::builder()
            .status(StatusCode::GONE)
            .body(Full::default())
            .unwrap();
    };

    drop(waiting);

    Response::builder()
        .header("Content-Type", "application/json")
        .header("Lambda-Runtime-Aws-Request-Id", invocation.id)
        .header("Lambda-Runtime-Deadline-Ms", invocation.deadline)
        .header(
            "Lambda-Runtime-Invoked-Function-Arn",
            "arn:aws:lambda:us-east-1:123456789012:function:put-processor",
        )
        .header(
            "Lambda-Runtime-Trace-Id",
            "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1",
        )
        .body(Full::new(invocation.payload))
        .unwrap()
}

/// Counts a request as open until it is dropped, even if its connection is closed.
struct Waiting<'w>(&'w watch::Sender<usize>);

impl<'w> Waiting<'w> {
    fn start(waiting: &'w watch::Sender<usize>) -> Self {
        waiting.send_modify(|waiting| *waiting += 1);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|waiting| *waiting -= 1);
    }
}
