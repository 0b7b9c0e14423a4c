//! `SqsQueue`: how many requests it sends at once.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::{BehaviorVersion, Config, Credentials, Region};
use s3_dispatch::SqsQueue;
use s3_dispatch::delivery::Delivery;
use s3_dispatch::queue::Queue;
use s3_dispatch_testing::{SqsBatchBuilder, SqsMessageBuilder};

use crate::script::put;

/// Answers every request with success, and counts connections. A client opens one for each request
/// that runs at once.
fn start_sqs() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);

    // It ends with the process.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            count.fetch_add(1, Ordering::SeqCst);
            std::thread::spawn(move || serve(&stream.unwrap()));
        }
    });

    (endpoint, connections)
}

fn serve(mut stream: &TcpStream) {
    const ANSWER: &str = r#"{"Successful": [], "Failed": []}"#;
    let mut reader = BufReader::new(stream);

    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }

            let line = line.trim_end().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }

            if line.is_empty() {
                break;
            }
        }

        reader.read_exact(&mut vec![0; length]).unwrap();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\n\
             content-length: {}\r\n\r\n{ANSWER}",
            ANSWER.len()
        )
        .unwrap();
    }
}

#[tokio::test]
async fn a_large_batch_does_not_open_a_connection_for_each_call() {
    let (endpoint, connections) = start_sqs();
    let config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint);
    let queue = SqsQueue::new(Client::from_conf(config.build()), "http://queue");

    let batch = (0..505).fold(SqsBatchBuilder::new(), |batch, index| {
        let message = SqsMessageBuilder::new(format!("{index}"));
        batch.with_message(message.with_record(put(&format!("{index}"))))
    });
    let delivery = Delivery::parse(batch.to_bytes()).unwrap();
    let messages = delivery.messages().iter();
    let handles: Vec<_> = messages
        .map(|message| message.context.receipt_handle().unwrap())
        .collect();

    let deleted = queue.delete(&handles).await;
    assert_eq!(deleted.iter().filter(|result| result.is_ok()).count(), 505);

    let times: Vec<_> = handles
        .iter()
        .map(|handle| (*handle, Duration::ZERO))
        .collect();
    let changed = queue.change_visibility(&times).await;
    assert_eq!(changed.iter().filter(|result| result.is_ok()).count(), 505);

    // Those of a pool may be opened a few at a time more than are needed.
    let connections = connections.load(Ordering::SeqCst);
    assert!(connections <= 25, "{connections}");
}
