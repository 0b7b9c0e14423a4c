//! Forms as browsers send them, and their policies.

use super::super::client::Answer;
use super::super::setup::{BUCKET, Setup};
use super::super::signing::{basic, credential, now, sign_v2, sign_v4};

/// The `Content-Type` of a form.
pub(super) const MULTIPART: &str = "Content-Type: multipart/form-data; boundary=--b-1";

/// A policy that never expires and allows every key, of a bucket with the conditions.
pub(super) fn policy(conditions: &str) -> String {
    let separator = if conditions.is_empty() { "" } else { ", " };
    format!(
        r#"{{"expiration": "2999-01-01T00:00:00Z", "conditions": [{{"bucket": "{BUCKET}"}},
            ["starts-with", "$key", ""]{separator}{conditions}]}}"#
    )
}

/// A form to be sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Form {
    fields: Vec<(String, String)>,
    file: Option<(Option<String>, Vec<u8>)>,
    after: Vec<(String, String)>,
}

impl Form {
    /// A form with this key, without a signature.
    pub(super) fn new(key: &str) -> Self {
        let form = Self::default().with_file(Some("cat.png"), b"text");
        form.with("key", key)
    }

    /// A form with this key and these fields, and a policy that allows them.
    pub(super) fn signed(key: &str, fields: &[(&str, &str)]) -> Self {
        let conditions: Vec<_> = fields
            .iter()
            .map(|(name, _)| format!(r#"["starts-with", "${name}", ""]"#))
            .collect();
        let form = fields
            .iter()
            .fold(Self::new(key), |form, (name, value)| form.with(name, value));

        form.sign_v2(&policy(&conditions.join(", ")))
    }

    /// Adds a field before the file.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.into(), value.into()));
        self
    }

    /// Adds a field after the file.
    pub(super) fn with_after(mut self, name: &str, value: &str) -> Self {
        self.after.push((name.into(), value.into()));
        self
    }

    /// Removes a field.
    pub(super) fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(other, _)| other != name);
        self
    }

    pub(super) fn with_file(mut self, name: Option<&str>, body: &[u8]) -> Self {
        self.file = Some((name.map(str::to_owned), body.to_vec()));
        self
    }

    pub(super) fn without_file(mut self) -> Self {
        self.file = None;
        self
    }

    /// Adds a policy and its signature, version 2.
    pub(super) fn sign_v2(self, policy: &str) -> Self {
        let policy = base64(policy.as_bytes());
        let signature = base64(&sign_v2(&policy));
        self.with("AWSAccessKeyId", "test")
            .with("policy", &policy)
            .with("signature", &signature)
    }

    /// Adds a policy with these conditions and its signature, version 4. It was signed long ago.
    pub(super) fn sign_v4(self, conditions: &str) -> Self {
        let time = now() - jiff::SignedDuration::from_hours(100);
        let (credential, date) = (credential(time), basic(time));
        let separator = if conditions.is_empty() { "" } else { ", " };
        let policy = policy(&format!(
            r#"{{"x-amz-algorithm": "AWS4-HMAC-SHA256"}}, {{"x-amz-credential": "{credential}"}},
               {{"x-amz-date": "{date}"}}{separator}{conditions}"#
        ));
        let policy = base64(policy.as_bytes());
        let signature = sign_v4(time, &policy);

        self.with("x-amz-algorithm", "AWS4-HMAC-SHA256")
            .with("x-amz-credential", &credential)
            .with("x-amz-date", &date)
            .with("policy", &policy)
            .with("x-amz-signature", &signature)
    }

    /// The form as the body of a request.
    pub(super) fn body(&self) -> Vec<u8> {
        let mut body = Vec::new();
        let text = |(name, value): &(String, String)| {
            format!("----b-1\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };

        for field in &self.fields {
            body.extend(text(field).into_bytes());
        }
        if let Some((name, bytes)) = &self.file {
            let name = name.as_deref();
            let name = name
                .map(|name| format!("; filename=\"{name}\""))
                .unwrap_or_default();
            let head = format!(
                "----b-1\r\nContent-Disposition: form-data; name=\"file\"{name}\r\n\
                 Content-Type: image/x-of-the-part\r\n\r\n"
            );
            body.extend([head.as_bytes(), bytes, b"\r\n"].concat());
        }
        for field in &self.after {
            body.extend(text(field).into_bytes());
        }

        body.extend(b"----b-1--\r\n");
        body
    }

    /// Sends the form to the bucket.
    pub(super) fn send(&self, setup: &Setup) -> Answer {
        let target = format!("POST /{BUCKET}");
        setup.send_to("localhost", &target, &[MULTIPART], &self.body())
    }

    /// Sends the form, which must fail with this status, code and text.
    pub(super) fn check_fails(&self, setup: &Setup, status: u16, code: &str, text: &str) {
        let answer = self.send(setup);
        let actual = (answer.status, answer.text("Code"));
        assert_eq!(actual, (status, Some(code)), "{self:?}: {answer:?}");
        let message = answer.text("Message").unwrap_or_default();
        let message = message.replace("&apos;", "'").replace("&quot;", "\"");
        assert!(message.contains(text), "{text}: {answer:?}");
        assert_eq!(setup.ok(&format!("GET /{BUCKET}")).texts("Key"), [""; 0]);
    }
}

/// Encodes bytes in base64.
pub(super) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |chunk: &[u8]| {
        let bits = chunk
            .iter()
            .fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        let bits = bits << (8 * (3 - chunk.len()));
        let digits = (0..=chunk.len())
            .map(|digit| char::from(DIGITS[(bits >> (18 - 6 * digit) & 63) as usize]));
        format!("{:=<4}", digits.collect::<String>())
    };

    bytes.chunks(3).map(group).collect()
}
