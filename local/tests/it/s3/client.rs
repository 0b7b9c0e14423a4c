//! An S3 client over plain HTTP, without signatures and without retries.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use s3_dispatch_local::{LocalPipeline, S3Endpoint};

const PATIENCE: Duration = Duration::from_secs(60);

/// A client of one endpoint. Each call blocks the thread.
#[derive(Debug, Clone, Copy)]
pub(crate) struct S3Client(pub(crate) SocketAddr);

/// What the endpoint answers.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

/// Serves the buckets of a pipeline.
pub(crate) async fn serve(pipeline: &LocalPipeline) -> (S3Endpoint, S3Client) {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let bound = S3Endpoint::bind(address).await.unwrap();
    let endpoint = bound.serve(pipeline.buckets().clone());
    let client = S3Client(endpoint.address());

    (endpoint, client)
}

impl S3Client {
    /// Sends a request without a body, which must be answered.
    pub(crate) fn call(self, method: &str, target: &str) -> Answer {
        self.send(method, target, &[], b"").unwrap()
    }

    /// Sends a request. Fails if the whole answer does not arrive.
    pub(crate) fn send(
        self,
        method: &str,
        target: &str,
        headers: &[&str],
        body: &[u8],
    ) -> io::Result<Answer> {
        self.send_to(&self.0.to_string(), method, target, headers, body)
    }

    /// Sends a request with this `Host`. Fails if the whole answer does not arrive.
    pub(crate) fn send_to(
        self,
        host: &str,
        method: &str,
        target: &str,
        headers: &[&str],
        body: &[u8],
    ) -> io::Result<Answer> {
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n");
        for header in headers {
            head += header;
            head += "\r\n";
        }
        head += &format!(
            "Content-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );

        let mut stream = TcpStream::connect(self.0)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(&[head.as_bytes(), body].concat())?;

        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let answer = parse(&String::from_utf8_lossy(&answer));
        let is_whole = |answer: &Answer| method == "HEAD" || answer.is_whole();
        answer
            .filter(is_whole)
            .ok_or(io::ErrorKind::UnexpectedEof.into())
    }
}

fn parse(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    Some(Answer {
        status: head.split(' ').nth(1)?.parse().ok()?,
        head: head.to_owned(),
        body: body.to_owned(),
    })
}

impl Answer {
    fn is_whole(&self) -> bool {
        let length = self.header("content-length");
        length.is_none_or(|length| length == self.body.len().to_string())
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "))
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The texts of all XML elements with this name.
    pub(crate) fn texts(&self, element: &str) -> Vec<&str> {
        let (start, end) = (format!("<{element}>"), format!("</{element}>"));
        self.body
            .split(start.as_str())
            .skip(1)
            .filter_map(|rest| rest.split(end.as_str()).next())
            .collect()
    }

    /// The text of the first XML element with this name.
    pub(crate) fn text(&self, element: &str) -> Option<&str> {
        self.texts(element).first().copied()
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}
