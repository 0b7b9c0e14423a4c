//! Requests as browsers and other programs send them.

use std::net::SocketAddr;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(60);

/// A request without the headers that say where it comes from.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) target: String,
    pub(super) headers: Vec<String>,
    pub(super) body: String,
    /// The status of the answer when nothing is refused.
    pub(super) status: u16,
}

/// What a port answers.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// The head, in lower case.
    pub(super) head: String,
    pub(super) body: String,
}

impl Request {
    pub(super) fn new(method: &'static str, target: impl Into<String>, status: u16) -> Self {
        Self {
            method,
            target: target.into(),
            headers: Vec::new(),
            body: String::new(),
            status,
        }
    }

    pub(super) fn with_header(mut self, header: impl Into<String>) -> Self {
        self.headers.push(header.into());
        self
    }

    pub(super) fn with_body(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self
    }

    /// A form of a page, as browsers send it for `<form enctype="multipart/form-data">`.
    pub(super) fn form(target: &str, fields: &[(&str, &str)], status: u16) -> Self {
        let mut body = String::new();
        for (name, value) in fields {
            let file = if *name == "file" {
                "; filename=\"a\""
            } else {
                ""
            };
            body.push_str(&format!(
                "--x\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n"
            ));
        }
        body.push_str("--x--\r\n");

        Self::new("POST", target, status)
            .with_header("Content-Type: multipart/form-data; boundary=x")
            .with_body(body)
    }

    /// Sends the request with these headers. If it asks whether it may send its body, it only asks.
    pub(super) async fn send(&self, to: SocketAddr, headers: &[&str]) -> Answer {
        let own = self.headers.iter().map(String::as_str);
        let headers: Vec<_> = own.chain(headers.iter().copied()).collect();
        let asks_first = headers.iter().any(|header| header.starts_with("Expect: "));
        let text = format!(
            "{} {} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n{}\r\n\r\n{}",
            self.method,
            self.target,
            self.body.len(),
            headers.join("\r\n"),
            if asks_first { "" } else { &self.body }
        );

        let mut stream = TcpStream::connect(to).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer))
            .await
            .expect("no answer arrived")
            .unwrap();

        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();

        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_lowercase(),
            body: body.to_owned(),
        }
    }
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// A target with the signature of the public keys, as a page could make it ("Authenticating
/// Requests: Using Query Parameters", Amazon S3 API Reference, 2026).
pub(crate) fn presigned(method: &str, path: &str, host: &str) -> String {
    let now = jiff::Timestamp::now()
        .strftime("%Y%m%dT%H%M%SZ")
        .to_string();
    let day = &now[..8];
    let scope = format!("{day}/us-east-1/s3/aws4_request");
    let query = format!(
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=test%2F{}&X-Amz-Date={now}\
         &X-Amz-Expires=900&X-Amz-SignedHeaders=host",
        scope.replace('/', "%2F")
    );

    let canonical = format!("{method}\n{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD");
    let digest = hex(&Sha256::digest(canonical));
    let text = format!("AWS4-HMAC-SHA256\n{now}\n{scope}\n{digest}");

    let signature = hmac(&signing_key(day), &text);

    format!("{path}?{query}&X-Amz-Signature={}", hex(&signature))
}

/// The key that signs the requests of a day ("Authenticating Requests (AWS Signature Version 4)",
/// Amazon S3 API Reference, 2026).
pub(crate) fn signing_key(day: &str) -> Vec<u8> {
    let mut key = b"AWS4test".to_vec();
    for part in [day, "us-east-1", "s3", "aws4_request"] {
        key = hmac(&key, part);
    }

    key
}

/// HMAC with SHA-256, for keys of at most 64 bytes (RFC 2104).
pub(crate) fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let padded = |pad: u8| -> Vec<u8> {
        (0..64)
            .map(|at| key.get(at).copied().unwrap_or(0) ^ pad)
            .collect()
    };
    let inner = Sha256::digest([&padded(0x36), text.as_bytes()].concat());

    Sha256::digest([&padded(0x5c), &inner[..]].concat()).to_vec()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
