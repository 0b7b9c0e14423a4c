//! What needs clients of the AWS SDK. They are made as the SDK's documentation makes them.

#[cfg(feature = "objects")]
use std::convert::Infallible;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
#[cfg(feature = "sqs")]
use s3_dispatch::SqsDeadLetters;
#[cfg(feature = "dynamodb")]
use s3_dispatch::{Deduplicated, DynamoDbStore, Router};
#[cfg(feature = "objects")]
use s3_dispatch::{HandlerError, Object, Objects, Routes, s3_handler};

/// Reads the settings that Lambda gives.
async fn settings() -> SdkConfig {
    let https = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();

    aws_config::defaults(BehaviorVersion::latest())
        .http_client(https)
        .load()
        .await
}

/// A route whose handler reads the object. The client is made when the function prepares.
#[cfg(feature = "objects")]
#[must_use]
pub fn routes_with_objects() -> Routes<Objects> {
    Routes::prepared_by(objects).on::<uploaded>()
}

#[cfg(feature = "objects")]
async fn objects() -> Result<Objects, Infallible> {
    Ok(Objects::new(aws_sdk_s3::Client::new(&settings().await)))
}

#[cfg(feature = "objects")]
#[s3_handler("ObjectCreated:*")]
async fn uploaded(object: Object) -> Result<(), HandlerError> {
    let head = object.head().await?;
    reading::take_note(object.bucket().as_str(), object.key().as_str(), head.size);

    Ok(())
}

/// Processes each record once.
#[cfg(feature = "dynamodb")]
pub async fn deduplicated<R: Router>(router: R) -> Deduplicated<R, DynamoDbStore> {
    let client = aws_sdk_dynamodb::Client::new(&settings().await);
    Deduplicated::new(router, DynamoDbStore::new(client, "s3-dispatch"))
}

/// Sends failed records to a queue.
#[cfg(feature = "sqs")]
pub async fn dead_letters() -> SqsDeadLetters {
    let client = aws_sdk_sqs::Client::new(&settings().await);
    SqsDeadLetters::new(
        client,
        "https://sqs.us-east-1.amazonaws.com/123456789012/letters",
    )
}
