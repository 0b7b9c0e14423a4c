//! The program as a worker: what it writes, its health, its metrics and its end.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use s3_dispatch_local::{LocalPipeline, StepKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use worker_service::BYTES;

use crate::BUCKET;
use crate::deployment::Deployment;
use crate::pipeline::{QUEUE, check_uploads, checksums, start, wait_for};

const PATIENCE: Duration = Duration::from_secs(60);

/// The status and the body of a page of the worker.
async fn page(health: SocketAddr, path: &str) -> (u16, String) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {health}\r\nConnection: close\r\n\r\n");
    let mut stream = TcpStream::connect(health).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();

    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

/// An address that no other program uses at the moment.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap()
}

/// Sends SIGTERM, and waits for the end of the worker, which must not be killed.
async fn drain(pipeline: &LocalPipeline) {
    tokio::time::timeout(PATIENCE, pipeline.stop_workers())
        .await
        .unwrap();

    let history = pipeline.journal().history();
    let ends = history.iter().filter_map(|step| match &step.kind {
        StepKind::FunctionCrashed { reason, .. } => Some(Some(reason.clone())),
        StepKind::FunctionStopped { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    assert_eq!(Vec::from_iter(ends), [None]);
}

/// The variables of the Deployment hold on this machine too, except those of AWS and the port.
#[tokio::test]
async fn a_worker_with_the_settings_of_the_deployment_writes_checksums() {
    let deployment = Deployment::read();
    assert_eq!(deployment.arguments, ["work"]);
    let health = free_address();
    let (pipeline, _endpoint) = start(|function| {
        let variables = deployment.variables.into_iter();
        let ours = variables.filter(|(name, _)| name.starts_with("S3_DISPATCH_"));
        function.environment.extend(ours);
        let port = ("S3_DISPATCH_HEALTH".into(), health.to_string());
        assert!(function.environment.insert(port.0, port.1).is_some());
        function.is_worker = true;
    })
    .await;
    check_uploads(&pipeline).await;

    for probe in deployment.probes {
        let (status, body) = page(health, &probe).await;
        assert_eq!(status, 200, "{probe}: {body}");
    }
    let (status, metrics) = page(health, "/metrics").await;
    assert_eq!(status, 200);
    // Two files of three bytes.
    for line in [
        &*format!("{BYTES} 6"),
        "# TYPE s3_dispatch_worker_receives_total counter",
    ] {
        assert!(
            metrics.lines().any(|found| found == line),
            "no `{line}`: {metrics}"
        );
    }

    drain(&pipeline).await;
    assert!(TcpStream::connect(health).await.is_err());
    pipeline.stop().await;
}

/// What runs at SIGTERM ends, and what waits is given back: an upload has a checksum or a message.
#[tokio::test]
async fn a_worker_that_is_told_to_stop_loses_nothing() {
    const UPLOADS: usize = 60;

    let (pipeline, _endpoint) = start(|function| {
        function.is_worker = true;
        let concurrency = ("S3_DISPATCH_CONCURRENCY".into(), "2".into());
        function.environment.extend([concurrency]);
    })
    .await;
    for number in 0..UPLOADS {
        let key = format!("uploads/{number}.txt");
        pipeline.put(BUCKET, &key, key.clone()).await.unwrap();
    }
    wait_for(&pipeline, |_| !checksums(&pipeline).is_empty()).await;
    drain(&pipeline).await;

    let messages = || pipeline.queue(QUEUE).unwrap().messages.len();
    let accounted = |_: &StepKind| checksums(&pipeline).len() + messages() == UPLOADS;
    wait_for(&pipeline, accounted).await;
    pipeline.stop().await;
}
