//! A function for the tests. Its handler does what the key says, such as ending the process.
//!
//! With the variable `QUEUE`, a queue's name, it acknowledges messages itself, over SQS's JSON
//! protocol.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use s3_dispatch::delivery::ReceiptHandle;
use s3_dispatch::queue::{Queue, QueueError};
use s3_dispatch::{Dispatcher, ObjectKey, Routes, async_trait};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), s3_dispatch::Error> {
    let routes = Routes::new(()).on_fn("ObjectCreated:*", async |key: ObjectKey| {
        handle(key.as_str());
        Ok::<_, std::io::Error>(())
    });

    let mut dispatcher = Dispatcher::new(routes);
    let endpoint = std::env::var("AWS_ENDPOINT_URL_SQS");
    if let (Ok(endpoint), Ok(queue)) = (endpoint, std::env::var("QUEUE")) {
        let url = format!("{}/123456789012/{queue}", endpoint.trim_end_matches('/'));
        dispatcher = dispatcher.with_queue(JsonQueue { url });
    }

    s3_dispatch::run(dispatcher).await
}

fn handle(key: &str) {
    match key {
        "abort" => std::process::abort(),
        "exit" => std::process::exit(0),
        "exhaust" => exhaust_memory(),
        "overflow" => println!("{}", overflow_stack(0)),
        "block" => std::thread::sleep(Duration::from_secs(3600)),
        _ => {}
    }
}

/// Asks for more memory than there is, which ends the process.
fn exhaust_memory() {
    let bytes = Vec::<u8>::with_capacity(1 << 46);
    println!("{}", bytes.capacity());
}

fn overflow_stack(depth: usize) -> usize {
    let frame = [depth; 1024];
    if depth == usize::MAX {
        return 0;
    }

    overflow_stack(depth + 1) + frame[depth % 1024]
}

/// The queue with this URL, which is on this machine.
struct JsonQueue {
    url: String,
}

impl JsonQueue {
    fn call(&self, operation: &str, input: &Value) -> std::io::Result<Value> {
        let host = self.url.split('/').nth(2).unwrap_or_default();
        let body = input.to_string();
        let mut stream = TcpStream::connect(host)?;
        write!(
            stream,
            "POST / HTTP/1.1\r\nHost: {host}\r\nX-Amz-Target: AmazonSQS.{operation}\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )?;

        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();

        Ok(serde_json::from_str(body)?)
    }
}

#[async_trait]
impl Queue for JsonQueue {
    async fn delete(&self, messages: &[&ReceiptHandle]) -> Vec<Result<(), QueueError>> {
        let entries: Vec<_> = messages
            .iter()
            .enumerate()
            .map(|(id, handle)| json!({"Id": id.to_string(), "ReceiptHandle": handle.as_str()}))
            .collect();
        let input = json!({"QueueUrl": self.url, "Entries": entries});

        let is_deleted = |id: usize| match self.call("DeleteMessageBatch", &input) {
            Ok(answer) => {
                let deleted = answer["Successful"].as_array();
                let id = id.to_string();
                let is_deleted =
                    deleted.is_some_and(|deleted| deleted.iter().any(|entry| entry["Id"] == *id));
                is_deleted
                    .then_some(())
                    .ok_or_else(|| QueueError::refused(answer.to_string()))
            }
            Err(error) => Err(QueueError::failed(error)),
        };

        (0..messages.len()).map(is_deleted).collect()
    }

    async fn change_visibility(
        &self,
        messages: &[(&ReceiptHandle, Duration)],
    ) -> Vec<Result<(), QueueError>> {
        let refuse = |_| Err(QueueError::refused("this function changes no visibility"));
        messages.iter().map(refuse).collect()
    }
}
