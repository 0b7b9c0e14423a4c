//! Signatures with the public keys ("Authenticating Requests (AWS Signature Version 4)", Amazon S3
//! API Reference, 2026).

use sha2::{Digest, Sha256};

use super::client::{Answer, S3Client};
use crate::web_access::request::{hex, hmac, signing_key};

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
        let now = jiff::Timestamp::now()
            .strftime("%Y%m%dT%H%M%SZ")
            .to_string();
        let day = &now[..8];
        let scope = format!("{day}/us-east-1/s3/aws4_request");
        let (path, query) = target.split_once('?').unwrap_or((target, ""));

        let names = "host;x-amz-content-sha256;x-amz-date";
        let canonical = format!(
            "{method}\n{path}\n{query}\nhost:{}\nx-amz-content-sha256:{digest}\n\
             x-amz-date:{now}\n\n{names}\n{digest}",
            self.0
        );
        let canonical = hex(&Sha256::digest(canonical));
        let text = format!("AWS4-HMAC-SHA256\n{now}\n{scope}\n{canonical}");
        let signature = hex(&hmac(&signing_key(day), &text));

        vec![
            format!("x-amz-date: {now}"),
            format!("x-amz-content-sha256: {digest}"),
            format!(
                "Authorization: AWS4-HMAC-SHA256 Credential=test/{scope}, SignedHeaders={names}, \
                 Signature={signature}"
            ),
        ]
    }
}
