//! A client of the page that sends requests as a browser does.

use std::net::Ipv4Addr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::cli::{Program, start};
use crate::programs::wayward;

const PATIENCE: Duration = Duration::from_secs(60);
pub(super) const BUCKET: &str = "amzn-s3-demo-bucket";

/// A running program with a page.
pub(crate) struct Ui {
    pub(crate) program: Program,
    pub(crate) port: u16,
    pub(crate) s3: u16,
}

/// The response to a request.
#[derive(Debug)]
pub(super) struct PageResponse {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

/// The server-sent events of an open page.
pub(crate) struct Events(BufReader<TcpStream>);

impl Ui {
    pub(crate) async fn start(arguments: &[&str]) -> Self {
        Self::of(start(
            &wayward(),
            &[&["--port", "0", "--ui", "0"], arguments].concat(),
        ))
        .await
    }

    pub(crate) async fn of(mut program: Program) -> Self {
        let line = program.line("The page is at http://127.0.0.1:").await;
        let port = line.rsplit(':').next().unwrap().parse().unwrap();
        let s3 = program.port().await;
        Self { program, port, s3 }
    }

    pub(super) async fn get(&self, path: &str) -> PageResponse {
        self.ask("GET", path, &[], "").await
    }

    /// A request from the page itself, as a browser sends it.
    pub(super) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[&str],
        body: &str,
    ) -> PageResponse {
        let host = format!("Host: 127.0.0.1:{}", self.port);
        let length = format!("Content-Length: {}", body.len());

        send(
            self.port,
            method,
            path,
            &[&[&*host, &*length], headers].concat(),
            body,
        )
        .await
    }

    pub(super) async fn put(&self, key: &str, body: &str) -> PageResponse {
        self.ask(
            "PUT",
            &format!("/object?bucket={BUCKET}&key={key}"),
            &[],
            body,
        )
        .await
    }

    pub(super) async fn change_faults(&self, body: &str) -> PageResponse {
        self.ask("POST", "/faults", &["Content-Type: application/json"], body)
            .await
    }

    pub(crate) async fn watch(&self) -> Events {
        Events(BufReader::new(open(self.port).await))
    }
}

impl Events {
    /// Returns the next event, or `None` when the stream ends.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        let mut line = String::new();
        let next = async {
            loop {
                line.clear();
                if self.0.read_line(&mut line).await.unwrap() == 0 {
                    return None;
                }

                if let Some(data) = line.strip_prefix("data: ") {
                    return Some(serde_json::from_str(data).unwrap());
                }
            }
        };

        tokio::time::timeout(PATIENCE, next)
            .await
            .expect("no event arrived")
    }

    /// Returns the first event that matches.
    pub(crate) async fn until(&mut self, is_match: impl Fn(&Value) -> bool) -> Value {
        loop {
            let event = self.next().await.expect("the stream ended");
            if is_match(&event) {
                return event;
            }
        }
    }

    /// Waits until the message with this id is in this state.
    pub(crate) async fn message(&mut self, id: &str, state: &str) -> Value {
        let of = |event: &Value| {
            let messages = event["messages"].as_array().unwrap();
            messages
                .iter()
                .find(|message| message["id"] == id && message["state"] == state)
                .cloned()
        };

        of(&self.until(|event| of(event).is_some()).await).unwrap()
    }
}

/// Opens the event stream by HTTP/1.0, so that the body has no chunks.
async fn open(port: u16) -> TcpStream {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .unwrap();
    stream
        .write_all(format!("GET /events HTTP/1.0\r\nHost: localhost:{port}\r\n\r\n").as_bytes())
        .await
        .unwrap();

    stream
}

pub(super) async fn send(
    port: u16,
    method: &str,
    path: &str,
    headers: &[&str],
    body: &str,
) -> PageResponse {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .unwrap();
    let head = format!(
        "{method} {path} HTTP/1.0\r\n{}\r\n\r\n{body}",
        headers.join("\r\n")
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut response = String::new();
    let read = stream.read_to_string(&mut response);
    tokio::time::timeout(PATIENCE, read)
        .await
        .expect("no response arrived")
        .unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();

    PageResponse {
        status,
        head: head.to_lowercase(),
        body: body.to_owned(),
    }
}

pub(super) fn rate(event: &Value, hop: &str, fault: &str) -> f64 {
    let mut faults = event["state"]["faults"].as_array().unwrap().iter();
    faults
        .find(|own| own["hop"] == hop && own["fault"] == fault)
        .unwrap()["rate"]
        .as_f64()
        .unwrap()
}
