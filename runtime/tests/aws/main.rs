//! DynamoDB and SQS as a server answers them; `conformance/ministack/with` starts one and sets
//! `S3_DISPATCH_AWS_ENDPOINT`.

#![allow(missing_docs, clippy::unwrap_used)]

mod dynamodb;
mod sqs;

use aws_credential_types::Credentials;

/// The server's address; without one a test says that it is skipped.
fn endpoint() -> Option<String> {
    let endpoint = std::env::var("S3_DISPATCH_AWS_ENDPOINT").ok();
    if endpoint.is_none() {
        println!("skipped: S3_DISPATCH_AWS_ENDPOINT is not set");
    }

    endpoint
}

fn credentials() -> Credentials {
    Credentials::new("test", "test", None, None, "test")
}

/// No two runs share tables or queues.
fn unique(name: &str) -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::SystemTime::UNIX_EPOCH)
        .unwrap();
    format!("{name}-{}-{}", std::process::id(), now.as_nanos())
}
