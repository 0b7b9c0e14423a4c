//! The AWS SDK as a client of the local pipeline's S3 and SQS, our DynamoDB store and SQS features
//! against a server that others wrote, and workers over the local pipeline's queue.
//!
//! `conformance/ministack/with` starts such a server and sets `S3_DISPATCH_AWS_ENDPOINT`.

#![allow(missing_docs, clippy::unwrap_used)]

mod dynamodb;
mod objects;
mod s3;
mod s3_notifications;
mod sqs;
mod sqs_client;
mod sqs_faults;
mod worker_worlds;

use aws_credential_types::Credentials;

/// Returns the server's address. Without one, prints that the test is skipped.
fn endpoint() -> Option<String> {
    let endpoint = other_endpoint();
    if endpoint.is_none() {
        println!("skipped: S3_DISPATCH_AWS_ENDPOINT is not set");
    }

    endpoint
}

/// The address of a server that others wrote.
fn other_endpoint() -> Option<String> {
    std::env::var("S3_DISPATCH_AWS_ENDPOINT").ok()
}

fn credentials() -> Credentials {
    Credentials::new("test", "test", None, None, "test")
}

/// Makes a name unique, so that no two runs share tables or queues.
fn unique(name: &str) -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::SystemTime::UNIX_EPOCH)
        .unwrap();
    format!("{name}-{}-{}", std::process::id(), now.as_nanos())
}
