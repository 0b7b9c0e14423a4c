//! Signatures of clients ("Elements of an AWS API request signature", IAM User Guide, 2026).

use std::time::SystemTime;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// The header with the digest of a body, or with what stands for it.
const DIGEST: &str = "x-amz-content-sha256";

/// Where a signature is valid, after the day.
const SCOPE: [&str; 3] = ["us-east-1", "s3", "aws4_request"];

/// A request to sign. Headers and parameters are in the order of their names, encoded.
pub(super) struct Signed<'s> {
    pub(super) method: &'s str,
    pub(super) path: &'s str,
    pub(super) query: &'s str,
    pub(super) headers: &'s [(&'s str, &'s str)],
    pub(super) time: Timestamp,
}

/// The time now, in whole seconds.
pub(super) fn now() -> Timestamp {
    let now = Timestamp::try_from(SystemTime::now()).unwrap();
    Timestamp::from_second(now.as_second()).unwrap()
}

/// A time in the form of signatures: `20261126T093000Z`.
pub(super) fn basic(time: Timestamp) -> String {
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// The credential of the user at this time.
pub(super) fn credential(time: Timestamp) -> String {
    let day = time.strftime("%Y%m%d");
    format!("test/{day}/{}", SCOPE.join("/"))
}

impl Signed<'_> {
    /// The names of the signed headers.
    pub(super) fn names(&self) -> String {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| *name).collect();
        names.join(";")
    }

    /// The signature. The body is unsigned unless a header has its digest.
    pub(super) fn signature(&self) -> String {
        let mut digests = self.headers.iter().filter(|(name, _)| *name == DIGEST);
        let digest = digests
            .next()
            .map_or("UNSIGNED-PAYLOAD", |(_, digest)| *digest);
        let headers = self.headers.iter();
        let headers: String = headers
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        let canonical = format!(
            "{}\n{}\n{}\n{headers}\n{}\n{digest}",
            self.method,
            self.path,
            self.query,
            self.names(),
        );
        let credential = credential(self.time);
        let (_, scope) = credential.split_once('/').unwrap();
        let hash = hex(&Sha256::digest(canonical));

        let text = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{hash}", basic(self.time));
        sign_v4(self.time, &text)
    }

    /// The header `Authorization`.
    pub(super) fn authorization(&self) -> String {
        format!(
            "Authorization: AWS4-HMAC-SHA256 Credential={}, SignedHeaders={}, Signature={}",
            credential(self.time),
            self.names(),
            self.signature(),
        )
    }
}

/// Signs a text with signature version 4.
pub(super) fn sign_v4(time: Timestamp, text: &str) -> String {
    let day = time.strftime("%Y%m%d").to_string();
    let parts = [day.as_str(), SCOPE[0], SCOPE[1], SCOPE[2]];
    let key = parts
        .iter()
        .fold(b"AWS4test".to_vec(), |key, part| keyed(&key, part));

    hex(&keyed(&key, text))
}

/// Signs a text with signature version 2, in bytes.
pub(super) fn sign_v2(text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha1>::new_from_slice(b"test").unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn keyed(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
