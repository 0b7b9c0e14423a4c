//! What the page asks for.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Body, Incoming};
use percent_encoding::percent_decode_str;
use s3_dispatch_local::{Faults, LocalPipeline, Visibility};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use super::activity::component::Node;
use super::{Board, event_stream, security};
use crate::s3_client::S3Client;

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The page and all that belongs to it.
const FILES: [(&str, &str, &str); 9] = [
    ("/", HTML, include_str!("page/page.html")),
    ("/style.css", STYLE, include_str!("page/style.css")),
    ("/main.js", SCRIPT, include_str!("page/main.js")),
    ("/dom.js", SCRIPT, include_str!("page/dom.js")),
    ("/diagram.js", SCRIPT, include_str!("page/diagram.js")),
    ("/messages.js", SCRIPT, include_str!("page/messages.js")),
    ("/details.js", SCRIPT, include_str!("page/details.js")),
    ("/faults.js", SCRIPT, include_str!("page/faults.js")),
    ("/put.js", SCRIPT, include_str!("page/put.js")),
];

/// How many browsers may watch at a time.
const MAX_VIEWERS: usize = 16;

/// Queues are not counted more often.
const PACE: Duration = Duration::from_millis(200);

const MAX_CHANGE_BYTES: usize = 16 * 1024;

/// What all requests share.
pub(crate) struct App {
    pub(crate) pipeline: LocalPipeline,
    pub(crate) board: Arc<Board>,
    pub(crate) stopped: watch::Receiver<bool>,
    s3: SocketAddr,
    port: u16,
    viewers: Arc<Semaphore>,
    counted: Mutex<Option<(Instant, Value)>>,
    /// Held while faults change, so that no change undoes another.
    faults: Mutex<()>,
}

type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// What is to go wrong how often: `{"rates": [{"hop": "invoke", "fault": "kill", "rate": 0.1}]}`.
/// All else stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    rates: Vec<Rate>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rate {
    hop: String,
    fault: String,
    rate: f64,
}

impl App {
    pub(crate) fn new(
        pipeline: LocalPipeline,
        board: Arc<Board>,
        s3: SocketAddr,
        port: u16,
        stopped: watch::Receiver<bool>,
    ) -> Self {
        let viewers = Arc::new(Semaphore::new(MAX_VIEWERS));
        Self {
            pipeline,
            board,
            stopped,
            s3,
            port,
            viewers,
            counted: Mutex::new(None),
            faults: Mutex::new(()),
        }
    }

    /// What is not told by steps: `{"queues": {"queue:uploads": {"visible": 1, ...}}, "faults":
    /// [...], "viewers": 1}`.
    pub(crate) fn state(&self) -> Value {
        let faults = self.pipeline.faults();
        let rates = Faults::places().map(
            |(hop, fault)| json!({"hop": hop.to_string(), "fault": fault.to_string(), "rate": faults.rate(hop, fault)}),
        );
        let viewers = MAX_VIEWERS - self.viewers.available_permits();

        json!({"queues": self.queues(), "faults": rates.collect::<Vec<_>>(), "seed": faults.seed(), "viewers": viewers})
    }

    fn queues(&self) -> Value {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, value)) = counted.as_ref().filter(|(at, _)| at.elapsed() < PACE) {
            return value.clone();
        }

        let queues = self.pipeline.topology().queues.iter().filter_map(|spec| {
            let queue = self.pipeline.queue(&spec.name).ok()?;
            let counts = json!({
                "delayed": queue.count(Visibility::Delayed),
                "visible": queue.count(Visibility::Visible),
                "in_flight": queue.count(Visibility::InFlight),
            });

            Some((Node::queue(&queue.name).to_string(), counts))
        });

        let value = Value::Object(queues.collect::<Map<_, _>>());
        *counted = Some((Instant::now(), value.clone()));

        value
    }

    /// Objects go through S3's own door, as everybody's do.
    async fn put(&self, request: Request<Incoming>) -> Answer {
        let query = request.uri().query().unwrap_or_default();
        let (Some(bucket), Some(key)) = (parameter(query, "bucket"), parameter(query, "key"))
        else {
            return refuse(StatusCode::BAD_REQUEST, "an object has a bucket and a key");
        };

        if request.body().size_hint().exact().is_none() {
            return refuse(StatusCode::LENGTH_REQUIRED, "an object has a length");
        }

        if key.is_empty()
            || !self
                .pipeline
                .topology()
                .buckets
                .iter()
                .any(|own| own.name == bucket)
        {
            return refuse(
                StatusCode::NOT_FOUND,
                "there is no such bucket, or the key is empty",
            );
        }

        match S3Client::new(self.s3, bucket)
            .put_stream(&key, request.into_body())
            .await
        {
            Ok(()) => answer(
                StatusCode::CREATED,
                "application/json",
                json!({"key": key}).to_string(),
            ),
            Err(error) => refuse(StatusCode::BAD_GATEWAY, s3_message(&error.to_string())),
        }
    }

    async fn change_faults(&self, request: Request<Incoming>) -> Answer {
        if request
            .headers()
            .get(header::CONTENT_TYPE)
            .is_none_or(|kind| kind != "application/json")
        {
            return refuse(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "faults are given as JSON",
            );
        }

        let Ok(body) = Limited::new(request.into_body(), MAX_CHANGE_BYTES)
            .collect()
            .await
        else {
            return refuse(StatusCode::PAYLOAD_TOO_LARGE, "that is too long");
        };

        let change: Change = match serde_json::from_slice(&body.to_bytes()) {
            Ok(change) => change,
            Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.to_string()),
        };
        let turn = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        let mut faults = self.pipeline.faults();

        for Rate { hop, fault, rate } in change.rates {
            let mut places = Faults::places();
            let place =
                places.find(|place| place.0.to_string() == hop && place.1.to_string() == fault);

            match place {
                Some((hop, fault)) if (0.0..=1.0).contains(&rate) => {
                    faults = faults.with_rate(hop, fault, rate)
                }
                Some(_) => {
                    return refuse(StatusCode::BAD_REQUEST, "a rate is a number from 0 to 1");
                }
                None => {
                    return refuse(
                        StatusCode::BAD_REQUEST,
                        "nothing of this name goes wrong there",
                    );
                }
            }
        }

        self.pipeline.set_faults(faults);
        drop(turn);
        self.board.touch();

        answer(StatusCode::NO_CONTENT, "application/json", "")
    }

    fn watch(self: Arc<Self>) -> Answer {
        let Ok(permit) = Arc::clone(&self.viewers).try_acquire_owned() else {
            return refuse(StatusCode::SERVICE_UNAVAILABLE, "too many pages are open");
        };

        let mut answer =
            Response::new(StreamBody::new(event_stream::events(self, permit)).boxed_unsync());
        let kind = header::HeaderValue::from_static("text/event-stream");
        answer.headers_mut().insert(header::CONTENT_TYPE, kind);

        answer
    }
}

/// Answers a request.
pub(crate) async fn respond(
    app: Arc<App>,
    request: Request<Incoming>,
) -> Result<Answer, Infallible> {
    let (head, body) = request.into_parts();
    let checked = security::check(&head, app.port);
    let request = Request::from_parts(head, body);
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());

    let mut answer = match (checked, method, path.as_str()) {
        (Err(reason), ..) => refuse(StatusCode::FORBIDDEN, reason),
        (_, Method::GET, "/events") => app.watch(),
        (_, Method::GET, "/message") => {
            let id = parameter(request.uri().query().unwrap_or_default(), "id").unwrap_or_default();
            match app.board.details(&id) {
                Some(details) => answer(StatusCode::OK, "application/json", details.to_string()),
                None => refuse(
                    StatusCode::NOT_FOUND,
                    "this message is long past, and forgotten",
                ),
            }
        }
        (_, Method::PUT, "/object") => app.put(request).await,
        (_, Method::POST, "/faults") => app.change_faults(request).await,
        (_, Method::GET, path) => match FILES.iter().find(|(own, ..)| *own == path) {
            Some((_, kind, text)) => answer(StatusCode::OK, kind, *text),
            None => refuse(StatusCode::NOT_FOUND, "there is nothing here"),
        },
        _ => refuse(StatusCode::NOT_FOUND, "there is nothing here"),
    };

    security::protect(answer.headers_mut());

    Ok(answer)
}

fn answer(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()).boxed_unsync());
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));

    answer
}

fn refuse(status: StatusCode, reason: &str) -> Answer {
    answer(
        status,
        "application/json",
        json!({"error": reason}).to_string(),
    )
}

/// A parameter of a query that is percent-encoded, and in which `+` means itself.
fn parameter(query: &str, name: &str) -> Option<String> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(own, _)| *own == name)?;

    percent_decode_str(value)
        .decode_utf8()
        .ok()
        .map(String::from)
}

/// What S3 says of an error, without its XML.
fn s3_message(error: &str) -> &str {
    let tagged = |from, to| Some(error.split_once(from)?.1.split_once(to)?.0);
    tagged("<Message>", "</Message>")
        .or_else(|| tagged("<Code>", "</Code>"))
        .unwrap_or(error)
}
