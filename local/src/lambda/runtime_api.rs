//! The server that a function's process talks to ("Using the Lambda runtime API for custom
//! runtimes", AWS Lambda Developer Guide, 2026).

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};

use crate::Invocation;

const VERSION: &str = "/2018-06-01/runtime/";

/// The longest answer that Lambda takes: 6 MB ("Lambda quotas", AWS Lambda Developer Guide, 2026).
const MAX_ANSWER_BYTES: usize = 6 * 1024 * 1024;

/// Serves one process. When it is dropped the process is to end: it gets no more answers.
pub(crate) struct RuntimeApi {
    address: SocketAddr,
    calls: mpsc::Receiver<Call>,
    current: Arc<Current>,
}

/// The server itself, which closes its connections when it is dropped. Kept until the process has
/// ended, which would complain of them.
pub(crate) struct RuntimeServer(JoinHandle<()>);

/// What a process says.
pub(crate) enum Call {
    /// It wants the next invocation.
    Next(Handover),
    /// It has answered the invocation that it was given: with a payload, or with an error's text.
    Answered(Result<Bytes, String>),
    /// It cannot start, with the error's text.
    InitError(String),
}

/// A process that waits for an invocation.
pub(crate) struct Handover(oneshot::Sender<Given>);

struct Given {
    invocation: Invocation,
    deadline: SystemTime,
    function: Arc<str>,
}

/// The id of the invocation that a process may answer.
type Current = Mutex<Option<String>>;

/// What a function says of an error; all of it may be missing.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct FunctionFault {
    error_type: Option<String>,
    error_message: Option<String>,
}

struct Shared {
    calls: mpsc::Sender<Call>,
    current: Arc<Current>,
}

impl RuntimeApi {
    /// Listens on a free port of the loopback interface.
    pub(crate) async fn start() -> io::Result<(Self, RuntimeServer)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (sender, calls) = mpsc::channel(4);
        let current = Arc::new(Current::default());
        let shared = Arc::new(Shared {
            calls: sender,
            current: Arc::clone(&current),
        });
        let server = RuntimeServer(tokio::spawn(serve(listener, shared)));

        Ok((
            Self {
                address,
                calls,
                current,
            },
            server,
        ))
    }

    /// What `AWS_LAMBDA_RUNTIME_API` is: a host and a port.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// What the process says next.
    pub(crate) async fn call(&mut self) -> Call {
        match self.calls.recv().await {
            Some(call) => call,
            // The process has ended, and the server with it.
            None => std::future::pending().await,
        }
    }

    /// Gives an invocation to a process that waits; whether it still did.
    pub(crate) fn hand_over(
        &self,
        to: Handover,
        invocation: Invocation,
        function: &Arc<str>,
    ) -> bool {
        let deadline = SystemTime::now() + invocation.timeout;
        lock(&self.current).replace(invocation.request_id.clone());

        to.0.send(Given {
            invocation,
            deadline,
            function: Arc::clone(function),
        })
        .is_ok()
    }
}

impl Handover {
    /// Whether the process has closed its connection.
    pub(crate) fn is_gone(&self) -> bool {
        self.0.is_closed()
    }
}

impl Drop for RuntimeServer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    // Dropped with this future, and all connections with it.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(serve_connection(stream, Arc::clone(&shared)))),
                // Out of file descriptors, perhaps: it may pass.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve_connection(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(move |request| respond(Arc::clone(&shared), request));
    // A connection that breaks is that of a process that ends, of which its exit status says more.
    drop(
        http1::Builder::new()
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

    Ok(match (request.method(), path.as_str()) {
        (&Method::GET, "invocation/next") => next(&shared).await,
        (&Method::POST, "init/error") => {
            let fault = fault_text(&body(request).await.unwrap_or_default());
            accept(&shared, Call::InitError(fault)).await
        }
        (&Method::POST, path) => match path
            .strip_prefix("invocation/")
            .and_then(|path| path.split_once('/'))
        {
            Some((id, kind @ ("response" | "error"))) => answer(&shared, id, kind, request).await,
            _ => refuse(StatusCode::NOT_FOUND, "InvalidPath"),
        },
        _ => refuse(StatusCode::NOT_FOUND, "InvalidPath"),
    })
}

async fn next(shared: &Shared) -> Response<Full<Bytes>> {
    let (handover, given) = oneshot::channel();
    if shared
        .calls
        .send(Call::Next(Handover(handover)))
        .await
        .is_err()
    {
        return end().await;
    }

    let Ok(Given {
        invocation,
        deadline,
        function,
    }) = given.await
    else {
        return end().await;
    };

    let deadline = deadline
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();

    let response = Response::builder()
        .header("Content-Type", "application/json")
        .header("Lambda-Runtime-Aws-Request-Id", &invocation.request_id)
        .header("Lambda-Runtime-Deadline-Ms", deadline.to_string())
        .header("Lambda-Runtime-Invoked-Function-Arn", arn(&function))
        .header(
            "Lambda-Runtime-Trace-Id",
            "Root=1-00000000-000000000000000000000000;Sampled=0",
        )
        .body(Full::new(invocation.payload));

    response.unwrap_or_else(|_| refuse(StatusCode::INTERNAL_SERVER_ERROR, "InvalidRequestID"))
}

async fn answer(
    shared: &Shared,
    id: &str,
    kind: &str,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let body = body(request).await;
    if lock(&shared.current)
        .take_if(|current| current == id)
        .is_none()
    {
        return refuse(StatusCode::BAD_REQUEST, "InvalidRequestID");
    }

    match body {
        None => {
            let fault =
                String::from("Function.ResponseSizeTooLarge: the answer is longer than 6 MB");
            accept(shared, Call::Answered(Err(fault))).await;
            refuse(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge")
        }
        Some(body) if kind == "response" => accept(shared, Call::Answered(Ok(body))).await,
        Some(body) => accept(shared, Call::Answered(Err(fault_text(&body)))).await,
    }
}

async fn body(request: Request<Incoming>) -> Option<Bytes> {
    Limited::new(request.into_body(), MAX_ANSWER_BYTES)
        .collect()
        .await
        .ok()
        .map(http_body_util::Collected::to_bytes)
}

fn fault_text(body: &[u8]) -> String {
    let fault: FunctionFault = serde_json::from_slice(body).unwrap_or_default();
    match (fault.error_type, fault.error_message) {
        (Some(kind), Some(message)) => format!("{kind}: {message}"),
        (Some(text), None) | (None, Some(text)) => text,
        (None, None) => String::from_utf8_lossy(body).into_owned(),
    }
}

async fn accept(shared: &Shared, call: Call) -> Response<Full<Bytes>> {
    if shared.calls.send(call).await.is_err() {
        return end().await;
    }

    let mut response = Response::new(Full::from(r#"{"status":"OK"}"#));
    *response.status_mut() = StatusCode::ACCEPTED;

    response
}

/// The answer to a process that is to end, and does so before there is one.
async fn end() -> Response<Full<Bytes>> {
    std::future::pending().await
}

fn refuse(status: StatusCode, error_type: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(format!(
        r#"{{"errorMessage":"","errorType":"{error_type}"}}"#
    )));
    *response.status_mut() = status;

    response
}

fn arn(function: &str) -> String {
    format!("arn:aws:lambda:us-east-1:123456789012:function:{function}")
}

fn lock(current: &Current) -> std::sync::MutexGuard<'_, Option<String>> {
    current.lock().unwrap_or_else(PoisonError::into_inner)
}
