//! Clients of AWS, with the settings of the process's environment.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::Client;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use http::Uri;

use super::endpoint::Endpoint;

/// The domains of AWS, in every partition ("Partitions", AWS SDK for Rust, `aws-sdk-sqs` 1.119).
const DOMAINS_OF_AWS: [&str; 14] = [
    "amazonaws.com",
    "api.aws",
    "amazonaws.com.cn",
    "api.amazonwebservices.com.cn",
    "amazonaws.eu",
    "api.amazonwebservices.eu",
    "c2s.ic.gov",
    "api.aws.ic.gov",
    "sc2s.sgov.gov",
    "api.aws.scloud",
    "cloud.adc-e.uk",
    "api.cloud-aws.adc-e.uk",
    "csp.hci.ic.gov",
    "api.aws.hci.ic.gov",
];

/// Returns a client of SQS for the queue with this URL.
#[cfg(feature = "replay")]
pub(in crate::cli) async fn sqs(queue_url: &str) -> Client {
    sqs_and_endpoint(queue_url).await.0
}

/// Returns a client of SQS for the queue with this URL, and the endpoint that it asks. That is
/// `None` if there is no region that would say it.
///
/// The region is that in the URL. Only if it names none, it is that of the settings. If the
/// settings name no endpoint and the URL is not one of AWS, its server is the endpoint. It warns if
/// another server than that in the URL is asked.
pub(in crate::cli) async fn sqs_and_endpoint(queue_url: &str) -> (Client, Option<Endpoint>) {
    let mut config = settings(region(queue_url)).await;
    let mut endpoint = Endpoint::of_settings(&config);
    if let (None, Some(origin)) = (&endpoint, foreign_origin(queue_url)) {
        endpoint = Endpoint::of_queue(&origin);
        config = config.into_builder().endpoint_url(origin).build();
    }

    if endpoint.is_none() {
        endpoint = Endpoint::of_region(&config).await;
    }
    if let Some(endpoint) = &endpoint {
        endpoint.warn_of_another_server(queue_url);
    }

    (Client::new(&config), endpoint)
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

/// Returns the server in the URL of a queue, such as `http://127.0.0.1:9324`. `None` if it is one
/// of AWS, whose endpoints the SDK knows.
fn foreign_origin(queue_url: &str) -> Option<String> {
    let uri: Uri = queue_url.parse().ok()?;
    let host = uri.host()?.trim_end_matches('.').to_ascii_lowercase();
    let is_of_aws = DOMAINS_OF_AWS.iter().any(|domain| {
        let rest = host.strip_suffix(domain);
        rest.is_some_and(|rest| rest.ends_with('.'))
    });

    let origin = (uri.scheme_str()?, uri.authority()?);
    (!is_of_aws).then(|| format!("{}://{}", origin.0, origin.1))
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

    #[track_caller]
    fn check_origin(queue_url: &str, expected: Option<&str>) {
        assert_eq!(
            foreign_origin(queue_url).as_deref(),
            expected,
            "{queue_url}"
        );
    }

    #[test]
    fn the_endpoints_of_aws_are_those_of_the_sdk() {
        for host in [
            "sqs.eu-central-1.amazonaws.com",
            "sqs.eu-central-1.amazonaws.com.",
            "SQS.eu-central-1.AmazonAWS.com",
            "sqs-fips.us-gov-west-1.amazonaws.com",
            "queue.amazonaws.com",
            "eu-central-1.queue.amazonaws.com",
            "vpce-0a1b-xyz.sqs.eu-central-1.vpce.amazonaws.com",
            "sqs.eu-central-1.api.aws",
            "sqs.cn-north-1.amazonaws.com.cn",
            "sqs.cn-north-1.api.amazonwebservices.com.cn",
            "vpce-0a1b-xyz.sqs.cn-north-1.vpce.amazonaws.com.cn",
            "sqs.eusc-de-east-1.amazonaws.eu",
            "sqs.eusc-de-east-1.api.amazonwebservices.eu",
            "sqs.us-iso-east-1.c2s.ic.gov",
            "sqs.us-iso-east-1.api.aws.ic.gov",
            "sqs.us-isob-east-1.sc2s.sgov.gov",
            "sqs.us-isob-east-1.api.aws.scloud",
            "sqs.eu-isoe-west-1.cloud.adc-e.uk",
            "sqs.eu-isoe-west-1.api.cloud-aws.adc-e.uk",
            "sqs.us-isof-south-1.csp.hci.ic.gov",
            "sqs.us-isof-south-1.api.aws.hci.ic.gov",
        ] {
            check_origin(&format!("https://{host}/123456789012/uploads"), None);
        }
    }

    #[test]
    fn another_server_is_asked_itself() {
        for (queue_url, expected) in [
            (
                "http://127.0.0.1:9324/queue/uploads",
                "http://127.0.0.1:9324",
            ),
            (
                "http://[::1]:4566/000000000000/uploads",
                "http://[::1]:4566",
            ),
            ("http://elasticmq/queue/uploads", "http://elasticmq"),
            (
                "http://sqs.eu-central-1.localhost.localstack.cloud:4566/000000000000/uploads",
                "http://sqs.eu-central-1.localhost.localstack.cloud:4566",
            ),
            (
                "https://sqs.example.com:443/uploads",
                "https://sqs.example.com:443",
            ),
            (
                "https://notamazonaws.com/1/uploads",
                "https://notamazonaws.com",
            ),
            (
                "https://sqs.eu-central-1.amazonaws.com.example.com/1/uploads",
                "https://sqs.eu-central-1.amazonaws.com.example.com",
            ),
        ] {
            check_origin(queue_url, Some(expected));
        }
    }
}
