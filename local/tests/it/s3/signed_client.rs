//! A client that signs its requests.

use super::client::{Answer, S3Client};
use super::signing::{Signed, basic, now};

/// The digest of a body with a trailer, which is not signed.
const UNSIGNED_TRAILER: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

impl S3Client {
    /// Sends a signed request without a body. The parameters of the target must be sorted.
    pub(crate) fn signed(self, method: &str, target: &str) -> Answer {
        let headers = self.signature(method, target, "UNSIGNED-PAYLOAD");
        let headers: Vec<_> = headers.iter().map(String::as_str).collect();
        self.send(method, target, &headers, b"").unwrap()
    }

    /// Puts `123456789` with a signature, in two chunks and with a trailer.
    pub(crate) fn put_in_chunks(
        self,
        target: &str,
        announced: &str,
        (trailer, value): (&str, &str),
    ) -> Answer {
        let mut headers = self.signature("PUT", target, UNSIGNED_TRAILER);
        headers.push(format!("x-amz-trailer: {announced}"));
        headers.push(String::from("x-amz-decoded-content-length: 9"));
        headers.push(String::from("Content-Encoding: aws-chunked"));
        let headers: Vec<_> = headers.iter().map(String::as_str).collect();

        let body = format!("5\r\n12345\r\n4\r\n6789\r\n0\r\n{trailer}:{value}\r\n\r\n");
        self.send("PUT", target, &headers, body.as_bytes()).unwrap()
    }

    /// The headers that sign a request whose body has this digest.
    fn signature(self, method: &str, target: &str, digest: &str) -> Vec<String> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (host, time) = (self.0.to_string(), now());
        let date = basic(time);

        let signed = Signed {
            method,
            path,
            query,
            headers: &[
                ("host", &host),
                ("x-amz-content-sha256", digest),
                ("x-amz-date", &date),
            ],
            time,
        };

        vec![
            format!("x-amz-date: {date}"),
            format!("x-amz-content-sha256: {digest}"),
            signed.authorization(),
        ]
    }
}
