//! Requests that this crate sends carry the trace header of their invocation.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use lambda_runtime::{Context, LambdaEvent};
use s3_dispatch::dispatch::Acknowledge;
use s3_dispatch::failure::ExponentialBackoff;
use s3_dispatch::objects::{Current, Object, Objects};

use s3_dispatch::{
    Deduplicated, Dispatcher, DynamoDbStore, HandlerError, Payload, Router, Routes, SqsBackoff,
    SqsDeadLetters, SqsQueue, State,
};
use s3_dispatch_testing::{SqsBatchBuilder, SqsMessageBuilder};

use crate::script::put;

/// What was asked for, and with which trace header.
type Requests = Arc<Mutex<BTreeSet<(String, Option<String>)>>>;

/// Answers every request like a service that has done it.
fn start_aws() -> (String, Requests) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let requests = Requests::default();
    let notes = Arc::clone(&requests);

    // It ends with the process.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let notes = Arc::clone(&notes);
            std::thread::spawn(move || serve(&stream.unwrap(), &notes));
        }
    });

    (endpoint, requests)
}

fn serve(mut stream: &TcpStream, notes: &Requests) {
    const ANSWER: &str = r#"{"Successful": [], "Failed": []}"#;
    let mut reader = BufReader::new(stream);

    loop {
        let (mut operation, mut trace_header, mut length) = (String::new(), None, 0);
        if reader.read_line(&mut operation).unwrap_or(0) == 0 {
            return;
        }
        operation.truncate(operation.find(' ').unwrap());

        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };

            match &*name.to_ascii_lowercase() {
                "content-length" => length = value.parse().unwrap(),
                "x-amz-target" => operation = value.to_owned(),
                "x-amzn-trace-id" => trace_header = Some(value.to_owned()),
                _ => {}
            }
        }

        reader.read_exact(&mut vec![0; length]).unwrap();
        let body = if operation == "HEAD" { "" } else { ANSWER };
        notes.lock().unwrap().insert((operation, trace_header));
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\n\
             content-length: {}\r\n\r\n{body}",
            ANSWER.len()
        )
        .unwrap();
    }
}

/// The configuration of a client of this service.
macro_rules! config {
    ($sdk:ident, $endpoint:expr) => {
        $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::v2026_01_12())
            .region($sdk::config::Region::new("eu-central-1"))
            .credentials_provider($sdk::config::Credentials::new(
                "id", "secret", None, None, "",
            ))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url($endpoint)
    };
}

/// A dispatcher that uses everything of this crate that sends requests to AWS.
fn dispatcher(endpoint: &str) -> Dispatcher<impl Router> {
    let sqs = aws_sdk_sqs::Client::from_conf(config!(aws_sdk_sqs, endpoint).build());
    let dynamodb = aws_sdk_dynamodb::Client::from_conf(config!(aws_sdk_dynamodb, endpoint).build());
    let s3 = config!(aws_sdk_s3, endpoint).force_path_style(true).build();
    let objects = Objects::new(aws_sdk_s3::Client::from_conf(s3));

    let routes = Routes::new(objects).on_fn(
        "*",
        async |_: Current, object: Object, State(objects): State<Objects>| {
            drop(object.bytes().await);
            drop(objects.put_once("results", "result", "text").await);

            match object.key().as_str() {
                "permanent" => Err(HandlerError::permanent("it is permanent")),
                "retry" => Err(HandlerError::retry("it may go away")),
                _ => Ok(()),
            }
        },
    );
    let once = Deduplicated::new(routes, DynamoDbStore::new(dynamodb, "table"));

    Dispatcher::new(once)
        .with_queue(SqsQueue::new(sqs.clone(), "http://queue"))
        .acknowledge(Acknowledge::All)
        .with_dead_letters(SqsDeadLetters::new(sqs.clone(), "http://letters"))
        .with_backoff(SqsBackoff::new(
            sqs,
            "http://queue",
            ExponentialBackoff::default(),
        ))
}

async fn dispatch(dispatcher: &Dispatcher<impl Router>, trace_header: &str) {
    let keys = ["ok", "permanent", "retry"];
    let batch = keys.iter().fold(SqsBatchBuilder::new(), |batch, key| {
        batch.with_message(SqsMessageBuilder::new(*key).with_record(put(key)))
    });
    let mut context = Context::default();
    context.xray_trace_id = Some(trace_header.to_owned());

    let event = LambdaEvent::new(Payload::from(batch.to_bytes()), context);
    let report = dispatcher.dispatch_event(event).await.unwrap();
    assert_eq!(report.failed_messages(), 1);
}

#[tokio::test]
async fn every_request_carries_the_header_of_its_own_invocation() {
    let (endpoint, requests) = start_aws();
    let dispatcher = dispatcher(&endpoint);
    tokio::join!(
        dispatch(&dispatcher, "Root=1;Lineage=1:a:0"),
        dispatch(&dispatcher, "Root=2;Lineage=1:b:0")
    );

    let requests = requests.lock().unwrap();
    for operation in [
        "HEAD",
        "GET",
        "PUT",
        "DynamoDB_20120810.PutItem",
        "AmazonSQS.DeleteMessageBatch",
        "AmazonSQS.SendMessage",
        "AmazonSQS.ChangeMessageVisibilityBatch",
    ] {
        for header in ["Root=1;Lineage=1:a:0", "Root=2;Lineage=1:b:0"] {
            let request = (operation.to_owned(), Some(header.to_owned()));
            assert!(requests.contains(&request), "{request:?}: {requests:?}");
        }
    }

    assert!(
        requests.iter().all(|(_, header)| header.is_some()),
        "{requests:?}"
    );
}

#[tokio::test]
async fn nothing_is_added_outside_an_invocation() {
    let (endpoint, requests) = start_aws();
    let batch = SqsBatchBuilder::new().with_record("1", put("ok"));
    let report = dispatcher(&endpoint)
        .dispatch(batch.to_bytes(), None)
        .await
        .unwrap();
    assert!(report.is_success());

    let requests = requests.lock().unwrap();
    assert!(!requests.is_empty());
    assert!(
        requests.iter().all(|(_, header)| header.is_none()),
        "{requests:?}"
    );
}
