//! An SQS client that speaks AWS JSON 1.0 over plain HTTP.
//!
//! It blocks a thread of its own. Meanwhile Tokio's paused clock does not move by itself, so a test
//! decides when time passes.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use s3_dispatch_local::{LocalPipeline, LocalPipelineBuilder};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

const PATIENCE: Duration = Duration::from_secs(60);

/// A client of one endpoint.
#[derive(Debug, Clone, Copy)]
pub(super) struct Client(pub(super) SocketAddr);

/// What the endpoint answers.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// The head, in lower case.
    pub(super) head: String,
    pub(super) body: Value,
}

/// An error as an SDK reports it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    /// The name in the JSON protocol, without its namespace.
    pub(super) name: String,
    /// The code of the query protocol.
    pub(super) code: String,
    pub(super) message: String,
}

/// Starts a pipeline with an SQS endpoint.
pub(super) async fn start(builder: LocalPipelineBuilder) -> (LocalPipeline, Client) {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let pipeline = builder.with_sqs_endpoint(address).start().await.unwrap();
    let client = Client(pipeline.sqs_address().unwrap());

    (pipeline, client)
}

impl Client {
    /// Calls an operation.
    pub(super) async fn call(self, operation: &str, input: Value) -> Answer {
        let target = format!("X-Amz-Target: AmazonSQS.{operation}");
        let host = format!("Host: {}", self.0);

        self.send("POST", &[&host, &target], input.to_string())
            .await
    }

    /// Calls an operation that must succeed.
    pub(super) async fn ok(self, operation: &str, input: Value) -> Value {
        let answer = self.call(operation, input.clone()).await;
        assert_eq!(answer.status, 200, "{operation} {input}: {answer:?}");

        answer.body
    }

    /// Calls an operation that must fail.
    pub(super) async fn refused(self, operation: &str, input: Value) -> Refusal {
        let answer = self.call(operation, input.clone()).await;
        assert!(answer.status >= 400, "{operation} {input}: {answer:?}");

        let name = answer.body["__type"].as_str().unwrap();
        let code = answer
            .head
            .lines()
            .find_map(|line| line.strip_prefix("x-amzn-query-error: "));

        Refusal {
            status: answer.status,
            name: name.rsplit('#').next().unwrap().to_owned(),
            code: code.unwrap().to_owned(),
            message: answer.body["message"].as_str().unwrap().to_owned(),
        }
    }

    /// Asserts that an operation fails with this code of the query protocol and this message.
    pub(super) async fn check_refused(
        self,
        operation: &str,
        input: Value,
        code: &str,
        message: &str,
    ) {
        let refusal = self.refused(operation, input.clone()).await;
        assert_eq!(
            (refusal.code.as_str(), refusal.message.as_str()),
            (&*format!("{};sender", code.to_lowercase()), message),
            "{operation} {input}: {refusal:?}"
        );
    }

    /// Calls an operation. `None` if the connection is closed without an answer.
    pub(super) async fn try_call(self, operation: &str, input: &Value) -> Option<Answer> {
        let stream = self.open(operation, input);

        tokio::task::spawn_blocking(move || read_text(stream))
            .await
            .unwrap()
            .map(|text| parse(&text))
    }

    /// Sends the request of an operation, and returns the connection on which the answer comes.
    pub(super) fn open(self, operation: &str, input: &Value) -> TcpStream {
        let target = format!("X-Amz-Target: AmazonSQS.{operation}");
        let host = format!("Host: {}", self.0);
        let head = head("POST", &[&host, &target], input.to_string().len());

        write(self.0, &head, &input.to_string())
    }

    /// Starts to call an operation that must succeed. The request is on its way when this returns.
    pub(super) fn begin(self, operation: &str, input: &Value) -> JoinHandle<Value> {
        let stream = self.open(operation, input);

        tokio::task::spawn_blocking(move || {
            let answer = read(stream);
            assert_eq!(answer.status, 200, "{answer:?}");
            answer.body
        })
    }

    /// Sends a request with these headers.
    pub(super) async fn send(self, method: &str, headers: &[&str], body: String) -> Answer {
        let head = head(method, headers, body.len());
        tokio::task::spawn_blocking(move || read(write(self.0, &head, &body)))
            .await
            .unwrap()
    }
}

fn head(method: &str, headers: &[&str], length: usize) -> String {
    format!(
        "{method} / HTTP/1.1\r\n{}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n",
        headers.join("\r\n"),
    )
}

fn write(address: SocketAddr, head: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all([head, body].concat().as_bytes()).unwrap();

    stream
}

fn read(stream: TcpStream) -> Answer {
    parse(&read_text(stream).expect("the server answers"))
}

/// The answer. `None` if the connection is closed without one.
fn read_text(mut stream: TcpStream) -> Option<String> {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();

    Some(answer).filter(|answer| !answer.is_empty())
}

fn parse(answer: &str) -> Answer {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();

    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_lowercase(),
        body: serde_json::from_str(body).unwrap_or(json!(body)),
    }
}
