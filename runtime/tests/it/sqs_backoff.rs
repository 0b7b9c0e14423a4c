//! `SqsBackoff`: which delays it asks for, and what it does when SQS refuses them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::{BehaviorVersion, Config, Credentials, Region};
use s3_dispatch::failure::ExponentialBackoff;
use s3_dispatch::{Dispatcher, HandlerError, ObjectKey, Routes, SqsBackoff};
use s3_dispatch_testing::NotificationBuilder;
use serde_json::{Value, json};

use crate::script::{failures, put};

/// A day in seconds, which is longer than SQS hides any message.
const DAY: u64 = 24 * 60 * 60;

/// How SQS answers a delay that is too long.
#[derive(Clone, Copy)]
enum Refusal {
    OneEntry,
    WholeCall,
}

/// An SQS that refuses delays above a limit, and notes the ones that it is asked for.
struct Sqs {
    endpoint: String,
    asked: Arc<Mutex<Vec<(String, u64)>>>,
}

impl Sqs {
    fn start(longest: u64, refusal: Refusal) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&asked);

        // It ends with the process.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                while let Some(body) = read_request(&stream) {
                    let (status, answer) = answer(&body, longest, refusal, &notes);
                    write!(
                        &stream,
                        "HTTP/1.1 {status}\r\ncontent-type: application/x-amz-json-1.0\r\n\
                         content-length: {}\r\n\r\n{answer}",
                        answer.len()
                    )
                    .unwrap();
                }
            }
        });

        Self { endpoint, asked }
    }

    /// Fails two messages, one of which asks for a delay, and returns the delays by receipt handle.
    async fn postpone(&self, retry_after: Duration) -> Vec<(String, u64)> {
        let routes = Routes::new(()).on_fn("*", move |key: ObjectKey| async move {
            let error = HandlerError::retry("throttled");
            Err::<(), _>(if key == "long" {
                error.with_retry_after(retry_after)
            } else {
                error.with_retry_after(Duration::from_millis(1_500))
            })
        });

        let no_delay = ExponentialBackoff::new(Duration::ZERO, Duration::ZERO);
        let message = |key: &str| {
            let body = NotificationBuilder::new().with_record(put(key)).to_json();
            json!({"messageId": key, "receiptHandle": key, "body": body, "eventSource": "aws:sqs"})
        };
        let batch = json!({"Records": [message("long"), message("short")]}).to_string();

        let report = Dispatcher::new(routes)
            .with_backoff(SqsBackoff::new(self.client(), "http://queue", no_delay))
            .dispatch(batch, None)
            .await;
        assert_eq!(failures(&report), ["long", "short"]);

        self.asked.lock().unwrap().clone()
    }

    fn client(&self) -> Client {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(&self.endpoint);

        Client::from_conf(config.build())
    }
}

/// Returns the body, or `None` when the connection has ended.
fn read_request(stream: &TcpStream) -> Option<Value> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;

    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }

        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }

        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
    }

    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;

    Some(serde_json::from_slice(&body).unwrap())
}

fn answer(
    body: &Value,
    longest: u64,
    refusal: Refusal,
    notes: &Mutex<Vec<(String, u64)>>,
) -> (&'static str, String) {
    let (mut successful, mut failed) = (Vec::new(), Vec::new());

    for entry in body["Entries"].as_array().unwrap() {
        let handle = entry["ReceiptHandle"].as_str().unwrap().to_owned();
        let seconds = entry["VisibilityTimeout"].as_u64().unwrap();
        notes.lock().unwrap().push((handle, seconds));

        if seconds <= longest {
            successful.push(json!({"Id": entry["Id"]}));
        } else {
            failed.push(json!({
                "Id": entry["Id"],
                "SenderFault": true,
                "Code": "InvalidParameterValue",
                "Message": "Total VisibilityTimeout for the message is beyond the limit",
            }));
        }
    }

    match refusal {
        Refusal::WholeCall if !failed.is_empty() => {
            let error = json!({
                "__type": "com.amazonaws.sqs#InvalidParameterValue",
                "message": "Total VisibilityTimeout for the message is beyond the limit",
            });
            ("400 Bad Request", error.to_string())
        }
        _ => {
            let answer = json!({"Successful": successful, "Failed": failed});
            ("200 OK", answer.to_string())
        }
    }
}

fn delays_of(asked: &[(String, u64)], handle: &str) -> Vec<u64> {
    asked
        .iter()
        .filter(|(asked, _)| asked == handle)
        .map(|(_, seconds)| *seconds)
        .collect()
}

#[tokio::test]
async fn any_delay_stays_below_12_hours_from_the_receive() {
    let twelve_hours = Duration::from_secs(12 * 60 * 60);

    for retry_after in [Duration::MAX, Duration::from_secs(DAY), twelve_hours] {
        let sqs = Sqs::start(12 * 60 * 60 - 1, Refusal::OneEntry);
        let asked = sqs.postpone(retry_after).await;

        let [seconds] = delays_of(&asked, "long")[..] else {
            panic!("{asked:?}")
        };
        // Five minutes may have passed before the invocation, and a moment since.
        assert!((42_840..=42_900).contains(&seconds), "{asked:?}");
        assert_eq!(delays_of(&asked, "short"), [2]);
    }
}

#[tokio::test]
async fn a_refused_delay_is_halved_and_the_others_stand() {
    let sqs = Sqs::start(20_000, Refusal::OneEntry);
    let asked = sqs.postpone(Duration::from_secs(40_000)).await;
    assert_eq!(delays_of(&asked, "long"), [40_000, 20_000]);
    assert_eq!(delays_of(&asked, "short"), [2]);

    let sqs = Sqs::start(20_000, Refusal::WholeCall);
    let asked = sqs.postpone(Duration::from_secs(40_000)).await;
    assert_eq!(delays_of(&asked, "long"), [40_000, 20_000]);
    assert_eq!(delays_of(&asked, "short"), [2, 1]);
}

#[tokio::test]
async fn a_delay_that_is_always_refused_is_given_up() {
    let sqs = Sqs::start(0, Refusal::OneEntry);
    let asked = sqs.postpone(Duration::from_secs(40_000)).await;
    assert_eq!(delays_of(&asked, "long"), [40_000, 20_000, 10_000, 5_000]);
    // Zero is never refused.
    assert_eq!(delays_of(&asked, "short"), [2, 1, 0]);
}
