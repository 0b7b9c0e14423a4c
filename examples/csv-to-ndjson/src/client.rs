//! The client of S3.

use std::convert::Infallible;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use s3_dispatch::Objects;

/// Connects to S3 with the settings that Lambda gives, or those of a terminal.
///
/// # Errors
///
/// Never: the first request finds out whether the settings are right.
pub async fn objects() -> Result<Objects, Infallible> {
    let https = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let config = aws_config::defaults(BehaviorVersion::latest()).http_client(https);

    Ok(Objects::new(client(&config.load().await)))
}

/// Makes a client that names the bucket in the path if there is an endpoint (`AWS_ENDPOINT_URL`).
///
/// Servers on one machine need that: they have no host name for each bucket.
#[must_use]
pub fn client(config: &SdkConfig) -> Client {
    let config = Builder::from(config).force_path_style(config.endpoint_url().is_some());
    Client::from_conf(config.build())
}
