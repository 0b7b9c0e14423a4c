//! Requests to AWS that a handler makes. They go to the server of the test.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::{BehaviorVersion, Builder, Config, Credentials, Region};
use s3_dispatch::{ObjectKey, TraceHeaderInterceptor};

/// Sends a request without the interceptor, and one with it.
pub(crate) async fn send(key: &ObjectKey) {
    for (name, config) in [
        ("plain", config()),
        (
            "traced",
            config().interceptor(TraceHeaderInterceptor::new()),
        ),
    ] {
        let client = Client::from_conf(config.build());
        let purge = client.purge_queue().queue_url(format!("{key}/{name}"));
        // The server answers nothing that SQS would.
        drop(purge.send().await);
    }
}

fn config() -> Builder {
    let host = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap();

    Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::disabled())
        .endpoint_url(format!("http://{host}"))
}
