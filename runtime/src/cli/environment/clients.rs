//! Clients of AWS, with the settings of the process's environment.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::Client;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use http::Uri;

/// Returns a client of SQS for the queue with this URL.
///
/// The region is that in the URL. Only if it names none, it is that of the settings.
pub(in crate::cli) async fn sqs(queue_url: &str) -> Client {
    Client::new(&settings(region(queue_url)).await)
}

/// Reads the settings that the SDK of AWS knows: credentials from the environment, the profile, a
/// web identity, the container or the instance, and `AWS_ENDPOINT_URL`. A region that is given wins
/// over the one of the settings.
pub(in crate::cli) async fn settings(region: Option<String>) -> SdkConfig {
    let https = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();

    let mut config = aws_config::defaults(BehaviorVersion::latest()).http_client(https);
    if let Some(region) = region {
        config = config.region(Region::new(region));
    }

    config.load().await
}

/// Returns the region in the URL of a queue, such as
/// `https://sqs.eu-central-1.amazonaws.com/123456789012/uploads`.
///
/// The hosts of VPC endpoints, of other partitions and of emulators have it in the same place
/// ("Amazon Simple Queue Service endpoints and quotas", AWS General Reference, 2026).
fn region(queue_url: &str) -> Option<String> {
    let uri: Uri = queue_url.parse().ok()?;
    let mut labels = uri.host()?.split('.');

    labels.find(|label| matches!(*label, "sqs" | "sqs-fips"))?;
    let region = labels.next()?;

    let ends_with_number = region.ends_with(|sign: char| sign.is_ascii_digit());
    let is_region = region.matches('-').count() >= 2 && ends_with_number;
    is_region.then(|| region.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(queue_url: &str, expected: Option<&str>) {
        assert_eq!(region(queue_url).as_deref(), expected);
    }

    #[test]
    fn the_region_is_that_of_the_queue() {
        for host in [
            "sqs.eu-central-1.amazonaws.com",
            "sqs-fips.eu-central-1.amazonaws.com",
            "sqs.eu-central-1.api.aws",
            "sqs.eu-central-1.amazonaws.com.cn",
            "vpce-0a1b-xyz.sqs.eu-central-1.vpce.amazonaws.com",
            "sqs.eu-central-1.localhost.localstack.cloud:4566",
        ] {
            let url = format!("https://{host}/123456789012/uploads");
            check(&url, Some("eu-central-1"));
        }

        check(
            "https://sqs.us-gov-west-1.amazonaws.com/1/q",
            Some("us-gov-west-1"),
        );
        check(
            "https://sqs.us-isob-east-1.sc2s.sgov.gov/1/q",
            Some("us-isob-east-1"),
        );
    }

    #[test]
    fn other_urls_leave_the_region_to_the_settings() {
        check("http://127.0.0.1:9324/uploads", None);
        check("http://localhost:4566/000000000000/uploads", None);
        check("https://sqs.example.com/uploads", None);
        check("https://sqs.my-company.com/uploads", None);
        check(
            "https://queue.amazonaws.com/123456789012/sqs.eu-central-1.x",
            None,
        );
    }
}
