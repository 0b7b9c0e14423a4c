//! The parts that both Rust workers of the benchmark need: their client, their arguments, and the
//! count of what they handled.
//!
//! Every worker handles messages with keys such as `uploads/2026/00000017.jpg`, and prints at its
//! end how many it has handled and the sum of their numbers. So the benchmark knows that a worker
//! has read every message and not only deleted it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::{BehaviorVersion, Config, Credentials, Region};

/// Counts the messages that were handled.
#[derive(Debug, Default)]
pub struct Tally {
    handled: AtomicU64,
    sum: AtomicU64,
    /// How long handlers have waited, in microseconds.
    waited: AtomicU64,
}

impl Tally {
    /// Nothing has been handled.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            handled: AtomicU64::new(0),
            sum: AtomicU64::new(0),
            waited: AtomicU64::new(0),
        }
    }

    /// Counts the object with this key.
    ///
    /// # Panics
    ///
    /// If the key has no number.
    pub fn add(&self, key: &str) {
        let name = key
            .rsplit('/')
            .next()
            .and_then(|name| name.split('.').next());
        let number: u64 = name
            .and_then(|name| name.parse().ok())
            .expect("the keys of the benchmark have numbers");

        self.handled.fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(number, Ordering::Relaxed);
    }

    /// Waits as a handler does, and counts how long that really took: timers fire late.
    pub async fn wait(&self, wait: Duration) {
        if !wait.is_zero() {
            let begun = Instant::now();
            tokio::time::sleep(wait).await;
            let waited = begun.elapsed().as_micros();
            let waited = u64::try_from(waited).unwrap_or(u64::MAX);
            self.waited.fetch_add(waited, Ordering::Relaxed);
        }
    }

    /// Prints the line that the benchmark reads.
    pub fn print(&self) {
        let [handled, sum, waited] =
            [&self.handled, &self.sum, &self.waited].map(|count| count.load(Ordering::Relaxed));
        println!("handled {handled} sum {sum} waited {waited} us");
    }
}

/// How long the handlers wait: the environment variable `WAIT_MS`, in milliseconds.
///
/// # Panics
///
/// If it is not a number.
#[must_use]
pub fn wait() -> Duration {
    let wait = std::env::var("WAIT_MS").map_or(0, |wait| wait.parse().expect("a number"));
    Duration::from_millis(wait)
}

/// Returns the value of an argument, such as that of `--queue-url`.
///
/// # Panics
///
/// If it is missing.
#[must_use]
pub fn argument(name: &str) -> String {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments
        .nth(1)
        .unwrap_or_else(|| panic!("the argument `{name}` is missing"))
}

/// A client of the AWS SDK for the simulated SQS of the benchmark.
///
/// # Panics
///
/// If the environment names no endpoint.
#[must_use]
pub fn client() -> Client {
    let endpoint = std::env::var("AWS_ENDPOINT_URL_SQS").expect("the endpoint is set");
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "benchmark"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint);

    Client::from_conf(config.build())
}
