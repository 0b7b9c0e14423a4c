//! Which server a client of SQS asks, and what decides that.

use aws_config::SdkConfig;
use aws_sdk_sqs::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
use aws_types::service_config::ServiceConfigKey;
use http::Uri;

/// The setting with the endpoint of SQS alone.
const FOR_SQS: &str = "AWS_ENDPOINT_URL_SQS";

/// The setting with the endpoint of every service.
const FOR_ALL: &str = "AWS_ENDPOINT_URL";

const PROFILE: &str = "the profile";

/// What stands for the endpoint that the SDK knows.
const REGION: &str = "the region";

/// The server that a client of SQS asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Endpoint {
    /// Such as `https://sqs.eu-central-1.amazonaws.com`.
    pub(in crate::cli) url: String,
    /// What decides that, such as `AWS_ENDPOINT_URL_SQS`.
    pub(in crate::cli) from: &'static str,
}

impl Endpoint {
    /// Returns the endpoint that the settings name, if they name one. A variable wins over the
    /// profile, and then what is for SQS alone over what is for every service.
    pub(super) fn of_settings(config: &SdkConfig) -> Option<Self> {
        let key = ServiceConfigKey::builder()
            .service_id("SQS")
            .env(FOR_ALL)
            .profile("endpoint_url")
            .build();
        let url = config.service_config()?.load_config(key.ok()?)?;

        let variables = [FOR_SQS, FOR_ALL].into_iter();
        let mut set = variables.filter(|variable| std::env::var_os(variable).is_some());
        Self::new(&url, set.next().unwrap_or(PROFILE))
    }

    /// Returns the endpoint that the URL of a queue names.
    pub(super) fn of_queue(origin: &str) -> Option<Self> {
        Self::new(origin, "the URL of the queue")
    }

    /// Returns the endpoint of AWS in the region of the settings. `None` without a region.
    pub(super) async fn of_region(config: &SdkConfig) -> Option<Self> {
        let params = Params::builder()
            .region(config.region()?.as_ref())
            .use_fips(config.use_fips().unwrap_or(false))
            .use_dual_stack(config.use_dual_stack().unwrap_or(false))
            .build();
        let resolver = DefaultResolver::new();
        let endpoint = resolver.resolve_endpoint(&params.ok()?).await.ok()?;

        Self::new(endpoint.url(), REGION)
    }

    fn new(url: &str, from: &'static str) -> Option<Self> {
        let url = origin(&url.parse().ok()?)?;
        Some(Self { url, from })
    }

    /// Warns if the URL of the queue names another server.
    pub(super) fn warn_of_another_server(&self, queue_url: &str) {
        if !self.is_another_server(queue_url) {
            return;
        }

        let (queue, endpoint, endpoint_from) = (queue_url, &*self.url, self.from);
        if self.from == REGION {
            tracing::warn!(
                queue,
                endpoint,
                "the endpoint of the region is asked, and not the server in the URL of the queue: \
                 set `AWS_ENDPOINT_URL_SQS` to ask another one"
            );
        } else {
            tracing::warn!(
                queue,
                endpoint,
                endpoint_from,
                "the server in the URL of the queue is not asked: the endpoint of the settings wins"
            );
        }
    }

    fn is_another_server(&self, queue_url: &str) -> bool {
        let (Some(asked), Some(named)) = (server(&self.url), server(queue_url)) else {
            return false;
        };

        asked != named && !(self.from == REGION && is_older_name(&named.0))
    }
}

/// Returns the scheme, host and port of a URL. A user name and a password are left out.
pub(super) fn origin(url: &Uri) -> Option<String> {
    let (scheme, host) = (url.scheme_str()?, url.host()?);
    let port = url.port().map(|port| format!(":{port}"));

    Some(format!("{scheme}://{host}{}", port.unwrap_or_default()))
}

/// Returns the host and port of a URL, in one form for each server.
fn server(url: &str) -> Option<(String, u16)> {
    let url: Uri = url.parse().ok()?;
    let host = url.host()?.trim_end_matches('.').to_ascii_lowercase();
    let host = match &*host {
        "127.0.0.1" | "[::1]" => String::from("localhost"),
        _ => host,
    };
    let default = if url.scheme_str() == Some("http") {
        80
    } else {
        443
    };

    Some((host, url.port_u16().unwrap_or(default)))
}

/// Whether this is a name that SQS had before, such as `eu-central-1.queue.amazonaws.com`: the same
/// service ("Amazon Simple Queue Service endpoints and quotas", AWS General Reference, 2026).
fn is_older_name(host: &str) -> bool {
    host.split('.').take(2).any(|label| label == "queue")
}

#[cfg(test)]
mod tests {
    use aws_config::Region;

    use super::*;

    #[track_caller]
    fn check(endpoint: &str, from: &'static str, queue_url: &str, is_another: bool) {
        let endpoint = Endpoint::new(endpoint, from).expect("a URL");
        let actual = endpoint.is_another_server(queue_url);
        assert_eq!(actual, is_another, "{endpoint:?} {queue_url}");
    }

    #[test]
    fn hosts_and_ports_are_compared() {
        for (endpoint, queue_url, is_another) in [
            ("http://127.0.0.1:9092", "http://127.0.0.1:9092/1/q", false),
            ("http://127.0.0.1:9092", "http://127.0.0.1:9099/1/q", true),
            ("http://localhost:9092", "http://127.0.0.1:9092/1/q", false),
            ("http://LocalHost:9092", "http://[::1]:9092/1/q", false),
            ("http://elasticmq", "http://elasticmq:80/q", false),
            ("https://elasticmq", "http://elasticmq/q", true),
            (
                "https://sqs.example.com./",
                "https://sqs.example.com/q",
                false,
            ),
            (
                "http://127.0.0.1:9092",
                "https://sqs.eu-central-1.amazonaws.com/1/q",
                true,
            ),
        ] {
            check(endpoint, FOR_SQS, queue_url, is_another);
        }
    }

    #[test]
    fn the_endpoint_of_the_region_has_older_names() {
        let endpoint = "https://sqs.eu-central-1.amazonaws.com";
        for (host, is_another) in [
            ("sqs.eu-central-1.amazonaws.com", false),
            ("eu-central-1.queue.amazonaws.com", false),
            ("queue.amazonaws.com", false),
            ("vpce-0a1b-xyz.sqs.eu-central-1.vpce.amazonaws.com", true),
            ("sqs-fips.eu-central-1.amazonaws.com", true),
        ] {
            check(endpoint, REGION, &format!("https://{host}/1/q"), is_another);
        }

        // Such a name says nothing about a server of the settings.
        check(
            "http://127.0.0.1:9092",
            FOR_ALL,
            "https://queue.amazonaws.com/1/q",
            true,
        );
    }

    #[test]
    fn a_password_is_not_shown() {
        let endpoint = Endpoint::new("http://me:secret@elasticmq:9324/path", FOR_SQS);
        let url = endpoint.map(|endpoint| endpoint.url);
        assert_eq!(url.as_deref(), Some("http://elasticmq:9324"));
    }

    #[tokio::test]
    async fn without_settings_the_region_decides() {
        let config = |region| SdkConfig::builder().region(Region::new(region));
        for (config, expected) in [
            (
                config("eu-central-1"),
                "https://sqs.eu-central-1.amazonaws.com",
            ),
            (
                config("cn-north-1"),
                "https://sqs.cn-north-1.amazonaws.com.cn",
            ),
            (
                config("us-gov-west-1").use_fips(true),
                "https://sqs.us-gov-west-1.amazonaws.com",
            ),
            (
                config("eu-central-1").use_dual_stack(true),
                "https://sqs.eu-central-1.api.aws",
            ),
        ] {
            let endpoint = Endpoint::of_region(&config.build()).await;
            assert_eq!(endpoint, Endpoint::new(expected, REGION));
        }

        let nowhere = SdkConfig::builder().build();
        assert_eq!(Endpoint::of_region(&nowhere).await, None);
    }
}
