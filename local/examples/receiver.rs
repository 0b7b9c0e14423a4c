//! A worker for the tests: it receives from its queue over SQS's JSON protocol, without an SDK.
//!
//! It handles a message by a line of output. The key `crash` ends the process, and an object above
//! `MAX_OBJECT_BYTES` is left alone. A receive waits for `WAIT` seconds, or for one. With
//! `STUBBORN`, SIGTERM does not end it.

#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};

use s3_dispatch::Notification;
use serde_json::{Value, json};

static IS_STOPPED: AtomicBool = AtomicBool::new(false);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let terminated = watch_termination();
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    println!("started with {}", arguments.join(" "));
    for name in [
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_ACCESS_KEY_ID",
        "SIZE",
    ] {
        println!("{name} is {}", std::env::var(name).unwrap_or_default());
    }

    let [command, flag, url, ..] = &arguments[..] else {
        panic!("too few arguments")
    };
    assert_eq!((&**command, &**flag), ("work", "--queue-url"));
    let url = url.clone();
    let loop_of_messages = tokio::task::spawn_blocking(move || receive(&url));

    terminated.await;
    println!("draining");
    if std::env::var_os("STUBBORN").is_none() {
        IS_STOPPED.store(true, Ordering::Relaxed);
    }
    loop_of_messages.await.unwrap();
    println!("drained");
}

/// Watches for SIGTERM from now on.
#[cfg(unix)]
fn watch_termination() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut signals = signal(SignalKind::terminate()).unwrap();
    async move { _ = signals.recv().await }
}

#[cfg(not(unix))]
fn watch_termination() -> impl Future<Output = ()> {
    std::future::pending()
}

fn receive(url: &str) {
    let max_bytes = std::env::var("MAX_OBJECT_BYTES");
    let wait: u32 = std::env::var("WAIT").map_or(1, |wait| wait.parse().unwrap());
    let max_bytes = max_bytes.map_or(u64::MAX, |bytes| bytes.parse().unwrap());

    while !IS_STOPPED.load(Ordering::Relaxed) {
        let answer = call(url, "ReceiveMessage", json!({"WaitTimeSeconds": wait}));
        let messages = answer["Messages"].as_array().cloned().unwrap_or_default();

        for message in messages {
            let body = message["Body"].as_str().unwrap().to_owned();
            let Ok(Notification::Records(records)) = Notification::parse(body) else {
                continue;
            };

            let object = &records[0].object;
            if object.key == "crash" {
                std::process::exit(3);
            }

            if object.size.is_none_or(|size| size <= max_bytes) {
                println!("handled {}", object.key);
                let handle = &message["ReceiptHandle"];
                call(url, "DeleteMessage", json!({"ReceiptHandle": handle}));
            }
        }
    }
}

/// Calls an operation of SQS.
fn call(url: &str, operation: &str, mut input: Value) -> Value {
    input["QueueUrl"] = url.into();
    let body = input.to_string();
    let host = url.split('/').nth(2).unwrap();

    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-amz-json-1.0\r\n\
         X-Amz-Target: AmazonSQS.{operation}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n\
         {body}",
        body.len()
    )
    .unwrap();

    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or_default()
}
