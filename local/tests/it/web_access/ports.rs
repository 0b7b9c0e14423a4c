//! Every port, with the requests that it answers.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use s3_dispatch_local::{
    BucketSpec, Function, FunctionSpec, Invocation, Journal, LocalPipeline, Origin, Process,
    QueueSpec, S3Endpoint, Topology,
};
use serde_json::Value;

use super::request::{Request, presigned};
use crate::programs::wayward;
use crate::ui::browser::Ui;

pub(super) const ALLOWED: &str = "http://localhost:5173";

/// A port, and what it answers.
pub(super) struct Port {
    pub(super) name: &'static str,
    pub(super) address: SocketAddr,
    pub(super) requests: Vec<Request>,
    /// Whether it serves pages of its own.
    pub(super) has_pages: bool,
    /// Whether pages of other origins can be allowed.
    pub(super) takes_origins: bool,
    /// Reads the reason of a refusal, as a client of this port does.
    pub(super) reason: fn(&str) -> Option<String>,
}

/// All ports of a pipeline. They are closed when it is dropped.
pub(super) struct Ports {
    pub(super) all: Vec<Port>,
    pub(super) pipeline: LocalPipeline,
    _s3: S3Endpoint,
    _function: Process,
    _ui: Ui,
}

pub(super) fn any_port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

pub(super) async fn pipeline() -> LocalPipeline {
    let topology = Topology::new()
        .with_bucket(BucketSpec::new("photos"))
        .with_queue(QueueSpec::new("uploads"));

    LocalPipeline::builder()
        .with_topology(topology)
        .with_sqs_endpoint(any_port())
        .with_allowed_origin(Origin::parse(ALLOWED).unwrap())
        .start()
        .await
        .unwrap()
}

impl Ports {
    pub(super) async fn open() -> Self {
        let pipeline = pipeline().await;
        pipeline.put("photos", "a.jpg", "a").await.unwrap();

        let s3 = S3Endpoint::bind(any_port())
            .await
            .unwrap()
            .with_allowed_origin(Origin::parse(ALLOWED).unwrap())
            .serve(Arc::clone(pipeline.buckets()));
        let (function, runtime_api) = start_function(&pipeline).await;
        let ui = Ui::start(&["--allow-origin", ALLOWED]).await;
        let page = SocketAddr::from((Ipv4Addr::LOCALHOST, ui.port));

        Self {
            all: vec![
                s3_port(s3.address()),
                sqs_port(pipeline.sqs_address().unwrap()),
                runtime_api_port(runtime_api),
                page_port(page),
            ],
            pipeline,
            _s3: s3,
            _function: function,
            _ui: ui,
        }
    }
}

/// Starts a function, and returns the address of its Runtime API.
async fn start_function(pipeline: &LocalPipeline) -> (Process, SocketAddr) {
    let mut spec = FunctionSpec::new("wayward");
    spec.program = Some(wayward());
    let journal: Journal = pipeline.journal().clone();
    let function = Process::start(spec, journal).await.unwrap();

    let invocation = Invocation::new("1", "\"environment\"").with_timeout(Duration::from_secs(60));
    let answer = function.invoke(invocation).await.unwrap();
    let text = String::from_utf8(answer.to_vec()).unwrap();
    let address = text
        .split_once("AWS_LAMBDA_RUNTIME_API=")
        .and_then(|(_, rest)| rest.split(['"', '\\', '\n']).next()?.parse().ok())
        .unwrap();

    (function, address)
}

fn s3_port(address: SocketAddr) -> Port {
    let put = Request::new("PUT", "/photos/b.jpg", 200).with_body("b");
    let delete = presigned("DELETE", "/photos/c.jpg", &address.to_string());
    let form = [("key", "d.jpg"), ("file", "d")];

    Port {
        name: "S3",
        address,
        requests: vec![
            Request::new("GET", "/photos/a.jpg", 200),
            put,
            Request::form("/photos", &form, 204),
            Request::new("DELETE", delete, 204),
            Request::new("POST", "/photos/e.jpg?uploads", 200),
        ],
        has_pages: true,
        takes_origins: true,
        reason: |body| {
            let (_, rest) = body.split_once("<Code>AccessDenied</Code><Message>")?;
            let (reason, ids) = rest.split_once("</Message><RequestId>")?;
            assert!(ids.ends_with("</HostId></Error>"), "{body}");
            Some(reason.to_owned())
        },
    }
}

fn sqs_port(address: SocketAddr) -> Port {
    let call = Request::new("POST", "/", 200)
        .with_header("X-Amz-Target: AmazonSQS.GetQueueUrl")
        .with_body(r#"{"QueueName":"uploads"}"#);

    Port {
        name: "SQS",
        address,
        requests: vec![
            call,
            Request::new("GET", "/", 404),
            Request::new("PUT", "/", 404),
            Request::form("/", &[("Action", "ListQueues")], 404),
        ],
        has_pages: false,
        takes_origins: true,
        reason: |body| {
            let error: Value = serde_json::from_str(body).ok()?;
            let name = error["__type"].as_str()?;
            assert!(name.ends_with("#AccessDeniedException"), "{name}");
            error["message"].as_str().map(String::from)
        },
    }
}

fn runtime_api_port(address: SocketAddr) -> Port {
    let version = "/2018-06-01/runtime";
    let answer = format!("{version}/invocation/2/response");

    Port {
        name: "Runtime API",
        address,
        requests: vec![
            Request::new("GET", format!("{version}/nothing"), 404),
            Request::new("PUT", format!("{version}/init/error"), 404),
            Request::new("POST", &answer, 400).with_body("{}"),
            Request::form(&answer, &[("a", "b")], 400),
        ],
        has_pages: false,
        takes_origins: false,
        reason: |body| {
            let error: Value = serde_json::from_str(body).ok()?;
            assert_eq!(error["errorType"], "AccessDenied");
            error["errorMessage"].as_str().map(String::from)
        },
    }
}

fn page_port(address: SocketAddr) -> Port {
    let put = "/object?bucket=amzn-s3-demo-bucket&key=a.jpg";
    let faults = Request::new("POST", "/faults", 204)
        .with_header("Content-Type: application/json")
        .with_body(r#"{"rates": []}"#);

    Port {
        name: "the page",
        address,
        requests: vec![
            Request::new("GET", "/main.js", 200),
            Request::new("PUT", put, 201).with_body("a"),
            faults,
            Request::form("/faults", &[("rates", "")], 415),
        ],
        has_pages: true,
        takes_origins: false,
        reason: |body| {
            let error: Value = serde_json::from_str(body).ok()?;
            error["error"].as_str().map(String::from)
        },
    }
}
