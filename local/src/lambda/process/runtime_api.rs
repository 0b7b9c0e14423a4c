//! Lambda's Runtime API: the server that a process of a function talks to ("Using the Lambda
//! runtime API for custom runtimes", AWS Lambda Developer Guide, 2026).

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use crate::aws::arn::function_arn;
use crate::aws::http_server::{HttpListener, HttpServer};
use crate::aws::time::milliseconds;
use crate::aws::web_access::WebAccess;
use crate::lambda::error_report::error_text;
use crate::lambda::event::MAX_PAYLOAD_BYTES;
use crate::lambda::function::Invocation;

/// How long the server reads what a process has sent before it ended. Its connections are closed
/// then, so this is the time of a child that holds one open.
const GRACE: Duration = Duration::from_millis(200);

const VERSION: &str = "/2018-06-01/runtime/";

/// The Runtime API of one process. When it is dropped, the process gets no more responses.
pub(super) struct RuntimeApi {
    address: SocketAddr,
    requests: mpsc::Receiver<ProcessRequest>,
    current: Arc<CurrentInvocation>,
}

/// What a process sends to the Runtime API.
pub(super) enum ProcessRequest {
    /// The process is ready for the next invocation.
    Next(WaitingProcess),
    /// The process answered its invocation, with a payload or with the text of an error.
    Answer(Result<Bytes, String>),
    /// The process broke off its answer to the invocation with this id: it ended, or it closed the
    /// connection.
    BrokenOff(String),
    /// The process failed to start, with the text of its error.
    InitError(String),
}

/// A process that waits for an invocation.
pub(super) struct WaitingProcess(oneshot::Sender<NextInvocation>);

struct NextInvocation {
    invocation: Invocation,
    deadline: SystemTime,
    function: Arc<str>,
}

/// The id of the invocation that the process may answer.
type CurrentInvocation = Mutex<Option<String>>;

struct RequestHandler {
    requests: mpsc::Sender<ProcessRequest>,
    current: Arc<CurrentInvocation>,
}

impl RuntimeApi {
    /// Listens on a free port of the loopback interface.
    ///
    /// The server must outlive the process, because the process would complain about closed
    /// connections.
    pub(super) async fn start() -> io::Result<(Self, HttpServer)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;

        let (sender, requests) = mpsc::channel(4);
        let current = Arc::new(CurrentInvocation::default());
        let handler = Arc::new(RequestHandler {
            requests: sender,
            current: Arc::clone(&current),
        });

        // A connection that breaks belongs to a process that ends. Its exit status says more.
        let service = service_fn(move |request| respond(Arc::clone(&handler), request));
        let listener = HttpListener::new(listener, WebAccess::new(address, refuse));
        let server = listener.with_grace(GRACE).serve(service);

        Ok((
            Self {
                address,
                requests,
                current,
            },
            server,
        ))
    }

    /// The host and port for the variable `AWS_LAMBDA_RUNTIME_API`.
    pub(super) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Waits for the next request of the process.
    pub(super) async fn next_request(&mut self) -> ProcessRequest {
        match self.requests.recv().await {
            Some(request) => request,
            // The process and its server have ended.
            None => std::future::pending().await,
        }
    }

    /// Gives an invocation to a waiting process. A process that no longer waits does not get it.
    pub(super) fn give(&self, to: WaitingProcess, invocation: Invocation, function: &Arc<str>) {
        lock(&self.current).replace(invocation.request_id.clone());

        // An error means that the process has closed its connection.
        drop(to.0.send(NextInvocation {
            deadline: SystemTime::now() + invocation.timeout,
            invocation,
            function: Arc::clone(function),
        }));
    }
}

impl WaitingProcess {
    /// Whether the process has closed its connection.
    pub(super) fn is_gone(&self) -> bool {
        self.0.is_closed()
    }
}

async fn respond(
    handler: Arc<RequestHandler>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path();
    let path = path.strip_prefix(VERSION).unwrap_or_default().to_owned();

    Ok(match (request.method(), path.as_str()) {
        (&Method::GET, "invocation/next") => handler.next_invocation().await,
        (&Method::POST, "init/error") => {
            let error = match read_body(request).await {
                Ok(body) => error_text(&body),
                Err(error) => format!("its report {error}"),
            };
            handler.accept(ProcessRequest::InitError(error)).await
        }
        (&Method::POST, path) => match path
            .strip_prefix("invocation/")
            .and_then(|path| path.split_once('/'))
        {
            Some((id, kind @ ("response" | "error"))) => handler.answer(id, kind, request).await,
            _ => reject(StatusCode::NOT_FOUND, "InvalidPath"),
        },
        _ => reject(StatusCode::NOT_FOUND, "InvalidPath"),
    })
}

impl RequestHandler {
    async fn next_invocation(&self) -> Response<Full<Bytes>> {
        let (sender, invocation) = oneshot::channel();
        let request = ProcessRequest::Next(WaitingProcess(sender));
        if self.requests.send(request).await.is_err() {
            return never().await;
        }

        let Ok(next) = invocation.await else {
            return never().await;
        };

        let response = Response::builder()
            .header("Content-Type", "application/json")
            .header("Lambda-Runtime-Aws-Request-Id", &next.invocation.request_id)
            .header(
                "Lambda-Runtime-Deadline-Ms",
                milliseconds(next.deadline).to_string(),
            )
            .header(
                "Lambda-Runtime-Invoked-Function-Arn",
                function_arn(&next.function),
            )
            .header("Lambda-Runtime-Trace-Id", &next.invocation.trace_header)
            .body(Full::new(next.invocation.payload));

        response.unwrap_or_else(|_| reject(StatusCode::INTERNAL_SERVER_ERROR, "InvalidRequestID"))
    }

    async fn answer(
        &self,
        id: &str,
        kind: &str,
        request: Request<Incoming>,
    ) -> Response<Full<Bytes>> {
        let body = read_body(request).await;

        if matches!(body, Err(BodyError::BrokenOff)) {
            return self.break_off(id).await;
        }

        let is_current = lock(&self.current)
            .take_if(|current| current == id)
            .is_some();

        if !is_current {
            return reject(StatusCode::BAD_REQUEST, "InvalidRequestID");
        }

        match body {
            Err(error) => {
                let error = format!("Function.ResponseSizeTooLarge: the answer {error}");
                self.accept(ProcessRequest::Answer(Err(error))).await;
                reject(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge")
            }
            Ok(body) if kind == "response" => self.accept(ProcessRequest::Answer(Ok(body))).await,
            Ok(body) => {
                self.accept(ProcessRequest::Answer(Err(error_text(&body))))
                    .await
            }
        }
    }

    /// Reports an answer that broke off. The process may send it again, so the invocation stays
    /// open.
    async fn break_off(&self, id: &str) -> Response<Full<Bytes>> {
        let is_current = lock(&self.current).as_deref() == Some(id);
        if is_current {
            self.accept(ProcessRequest::BrokenOff(id.to_owned())).await;
        }

        // Nobody reads it: the connection is closed.
        reject(StatusCode::BAD_REQUEST, "InvalidRequest")
    }

    async fn accept(&self, request: ProcessRequest) -> Response<Full<Bytes>> {
        if self.requests.send(request).await.is_err() {
            return never().await;
        }

        let mut response = Response::new(Full::from(r#"{"status":"OK"}"#));
        *response.status_mut() = StatusCode::ACCEPTED;

        response
    }
}

/// Why a body could not be read.
enum BodyError {
    TooLong,
    BrokenOff,
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "is longer than 6 MB",
            Self::BrokenOff => "broke off",
        })
    }
}

async fn read_body(request: Request<Incoming>) -> Result<Bytes, BodyError> {
    let body = Limited::new(request.into_body(), MAX_PAYLOAD_BYTES).collect();

    match body.await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(BodyError::TooLong),
        Err(_) => Err(BodyError::BrokenOff),
    }
}

/// The response to a process that is about to be killed: it never comes.
async fn never() -> Response<Full<Bytes>> {
    std::future::pending().await
}

/// Refuses a request of a web page: only the process of the function may answer.
fn refuse(reason: &str) -> Response<Full<Bytes>> {
    let body = json!({"errorMessage": reason, "errorType": "AccessDenied"});
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = StatusCode::FORBIDDEN;

    response
}

fn reject(status: StatusCode, error_type: &str) -> Response<Full<Bytes>> {
    let body = format!(r#"{{"errorMessage":"","errorType":"{error_type}"}}"#);
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;

    response
}

fn lock(current: &CurrentInvocation) -> MutexGuard<'_, Option<String>> {
    current.lock().unwrap_or_else(PoisonError::into_inner)
}
