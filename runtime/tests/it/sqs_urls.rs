//! Where `SqsQueue`, `SqsBackoff` and `SqsDeadLetters` take the URL of their queue from.
//!
//! Variables belong to the process, so most tests run again in one of their own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::{BehaviorVersion, Config, Credentials, Region};
use s3_dispatch::delivery::{QueueArn, ReceiptHandle};
use s3_dispatch::dispatch::{Acknowledge, Unreached};
use s3_dispatch::failure::ExponentialBackoff;
use s3_dispatch::queue::{Queue, Receive, ReceiveRequest};
use s3_dispatch::{
    Dispatcher, ErrorKind, HandlerError, ObjectKey, Router, Routes, SqsBackoff, SqsDeadLetters,
    SqsQueue,
};
use s3_dispatch_testing::{SqsBatchBuilder, SqsMessageBuilder};
use serde_json::{Value, json};

use crate::logs::with_log;
use crate::script::{after, put};

const QUEUE_URL: &str = "S3_DISPATCH_QUEUE_URL";
const DEAD_LETTERS_URL: &str = "S3_DISPATCH_DEAD_LETTERS_URL";
const UPLOADS: &str = "arn:aws-cn:sqs:cn-north-1:123456789012:uploads";

/// Runs `test` again in a process with these variables and no others of ours. Returns whether this
/// is that process.
fn is_own_process(test: &str, variables: &[(&str, &str)]) -> bool {
    const MARK: &str = "S3_DISPATCH_TEST_OF_URLS";
    if std::env::var_os(MARK).is_some() {
        return true;
    }

    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("sqs_urls::{test}"), "--nocapture"])
        .env_remove(QUEUE_URL)
        .env_remove(DEAD_LETTERS_URL)
        .env(MARK, "1")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let (log, errors) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success() && log.contains("1 passed"),
        "{variables:?}: {log}{errors}"
    );

    false
}

/// An SQS that answers everything with success, and notes its requests.
struct Sqs {
    endpoint: String,
    requests: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Sqs {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&requests);

        // It ends with the process.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let notes = Arc::clone(&notes);
                std::thread::spawn(move || serve(&stream, &notes));
            }
        });

        Self { endpoint, requests }
    }

    fn client(&self) -> Client {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("cn-north-1"))
            .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(&self.endpoint);

        Client::from_conf(config.build())
    }

    fn requests(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }

    /// The operations so far, and the queue that each was about.
    fn operations(&self) -> Vec<String> {
        let queue = |request: &Value| {
            let url = request["QueueUrl"].as_str();
            url.or(request["QueueName"].as_str()).unwrap().to_owned()
        };
        self.requests()
            .iter()
            .map(|(operation, request)| format!("{operation} {}", queue(request)))
            .collect()
    }

    /// A dispatcher that uses everything there is, and finds the URLs itself.
    fn dispatcher(&self) -> Dispatcher<impl Router> {
        let routes = Routes::new(()).on_fn("*", async |key: ObjectKey| match key.as_str() {
            "good" => Ok(()),
            "hopeless" => Err(HandlerError::permanent("no photo")),
            _ => Err(HandlerError::retry("throttled")),
        });
        let delays = ExponentialBackoff::new(Duration::from_secs(7), Duration::from_secs(7));

        Dispatcher::new(routes)
            .with_concurrency(1)
            .with_queue(SqsQueue::from_environment(self.client()))
            .acknowledge(Acknowledge::All)
            .with_backoff(SqsBackoff::from_environment(self.client(), delays))
            .with_dead_letters(SqsDeadLetters::from_environment(self.client()))
    }
}

fn serve(mut stream: &TcpStream, notes: &Mutex<Vec<(String, Value)>>) {
    let mut reader = BufReader::new(stream);

    loop {
        let (mut length, mut operation) = (0, String::new());
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }

            let line = line.trim_end();
            if line.is_empty() {
                break;
            }

            match line.split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.parse().unwrap();
                }
                Some((name, value)) if name.eq_ignore_ascii_case("x-amz-target") => {
                    operation = value.trim_start_matches("AmazonSQS.").to_owned();
                }
                _ => {}
            }
        }

        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let request: Value = serde_json::from_slice(&body).unwrap();
        let (status, answer) = answer(&operation, &request);
        notes.lock().unwrap().push((operation, request));
        write!(
            stream,
            "HTTP/1.1 {status}\r\ncontent-type: application/x-amz-json-1.0\r\n\
             content-length: {}\r\n\r\n{answer}",
            answer.len()
        )
        .unwrap();
    }
}

/// A queue `missing` does not exist, and only `uploads` has a redrive policy. The URLs have a form
/// that nobody could guess.
fn answer(operation: &str, request: &Value) -> (&'static str, String) {
    let answer = match operation {
        "GetQueueUrl" if request["QueueName"] == "missing" => {
            let error = json!({
                "__type": "com.amazonaws.sqs#QueueDoesNotExist",
                "message": "The specified queue does not exist.",
            });
            return ("400 Bad Request", error.to_string());
        }
        "GetQueueUrl" => json!({
            "QueueUrl": format!(
                "https://sqs.example/{}/of/{}",
                request["QueueName"].as_str().unwrap(),
                request["QueueOwnerAWSAccountId"].as_str().unwrap(),
            ),
        }),
        "GetQueueAttributes"
            if request["QueueUrl"] == "https://sqs.example/uploads/of/123456789012" =>
        {
            assert_eq!(request["AttributeNames"], json!(["RedrivePolicy"]));
            let policy =
                json!({"deadLetterTargetArn": format!("{UPLOADS}-dead"), "maxReceiveCount": 5});
            json!({"Attributes": {"RedrivePolicy": policy.to_string()}})
        }
        "GetQueueAttributes" => json!({}),
        "SendMessage" => json!({"MessageId": "1", "MD5OfMessageBody": "1"}),
        _ => json!({"Successful": [], "Failed": []}),
    };

    ("200 OK", answer.to_string())
}

/// A batch with one message for each of these keys, of the queue with this ARN.
fn batch(arn: &str, keys: &[&str]) -> String {
    let batch = SqsBatchBuilder::new().with_queue_arn(arn);
    let batch = keys.iter().fold(batch, |batch, key| {
        batch.with_message(SqsMessageBuilder::new(*key).with_record(put(key)))
    });

    batch.to_json()
}

/// Runs a batch of one message, and checks how many records were handled, became dead letters and
/// failed.
async fn run(dispatcher: &Dispatcher<impl Router>, arn: &str, key: &str, expected: [usize; 3]) {
    let report = dispatcher.dispatch(batch(arn, &[key]), None).await.unwrap();
    let found = [
        report.handled(),
        report.dead_letters(),
        report.failed_messages(),
    ];
    assert_eq!(found, expected, "{key}");
}

fn texts(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[tokio::test]
async fn the_environment_names_both_queues() {
    let (main, dead) = (
        "https://queues.example/1/main",
        "http://127.0.0.1:9324/queue/dead",
    );
    let variables = [(QUEUE_URL, main), (DEAD_LETTERS_URL, dead)];
    if !is_own_process("the_environment_names_both_queues", &variables) {
        return;
    }

    let sqs = Sqs::start();
    let dispatcher = sqs.dispatcher();
    dispatcher.prepare().await.unwrap();
    let batch = batch(UPLOADS, &["good", "hopeless", "busy"]);
    let report = dispatcher.dispatch(batch, None).await.unwrap();

    assert_eq!(
        (
            report.handled(),
            report.dead_letters(),
            report.failed_messages()
        ),
        (1, 1, 1)
    );
    let expected = [
        format!("DeleteMessageBatch {main}"),
        format!("SendMessage {dead}"),
        format!("DeleteMessageBatch {main}"),
        format!("ChangeMessageVisibilityBatch {main}"),
    ];
    assert_eq!(sqs.operations(), expected);
}

#[tokio::test]
async fn without_the_variables_sqs_is_asked_once_for_each_queue_that_messages_name() {
    let test = "without_the_variables_sqs_is_asked_once_for_each_queue_that_messages_name";
    if !is_own_process(test, &[]) {
        return;
    }

    let sqs = Sqs::start();
    let dispatcher = sqs.dispatcher();
    dispatcher.prepare().await.unwrap();
    assert_eq!(sqs.requests(), []);

    let (main, dead) = (
        "https://sqs.example/uploads/of/123456789012",
        "https://sqs.example/uploads-dead/of/123456789012",
    );

    run(&dispatcher, UPLOADS, "good", [1, 0, 0]).await;
    let asked = json!({"QueueName": "uploads", "QueueOwnerAWSAccountId": "123456789012"});
    let requests = sqs.requests();
    assert_eq!(requests[0], ("GetQueueUrl".to_owned(), asked));
    assert_eq!(requests[1].1["QueueUrl"], main);

    run(&dispatcher, UPLOADS, "hopeless", [0, 1, 0]).await;
    let expected = [
        "GetQueueUrl uploads".to_owned(),
        format!("GetQueueAttributes {main}"),
        "GetQueueUrl uploads-dead".to_owned(),
        format!("SendMessage {dead}"),
        format!("DeleteMessageBatch {main}"),
    ];
    assert_eq!(sqs.operations(), expected);

    run(&dispatcher, UPLOADS, "busy", [0, 0, 1]).await;
    let expected = [
        "GetQueueUrl uploads".to_owned(),
        format!("ChangeMessageVisibilityBatch {main}"),
    ];
    assert_eq!(sqs.operations(), expected);

    // Everything is known by now, also by clones.
    let clone = dispatcher.clone();
    let keys = ["good", "hopeless", "busy"];
    let report = clone.dispatch(batch(UPLOADS, &keys), None).await.unwrap();
    assert_eq!(report.handled(), 1);
    let expected = [
        format!("DeleteMessageBatch {main}"),
        format!("SendMessage {dead}"),
        format!("DeleteMessageBatch {main}"),
        format!("ChangeMessageVisibilityBatch {main}"),
    ];
    assert_eq!(sqs.operations(), expected);

    // The function has another queue as well.
    let other = "arn:aws:sqs:eu-central-1:210987654321:other.fifo";
    run(&clone, other, "good", [1, 0, 0]).await;
    let expected = [
        "GetQueueUrl other.fifo",
        "DeleteMessageBatch https://sqs.example/other.fifo/of/210987654321",
    ];
    assert_eq!(sqs.operations(), expected);
}

#[tokio::test]
async fn the_messages_that_are_given_back_name_their_queue() {
    let test = "the_messages_that_are_given_back_name_their_queue";
    if !is_own_process(test, &[]) {
        return;
    }

    let sqs = Sqs::start();
    // No time is left for handlers, but a minute for the rest.
    let dispatcher = sqs
        .dispatcher()
        .on_unreached(Unreached::GiveBack)
        .with_deadline_margin(Duration::from_secs(60 * 60));
    let batch = batch(UPLOADS, &["good"]);
    let report = dispatcher.dispatch(batch, after(60_000)).await.unwrap();
    assert_eq!(report.failed_messages(), 1);

    let requests = sqs.requests();
    assert_eq!(requests[0].0, "GetQueueUrl");
    assert_eq!(requests[1].0, "ChangeMessageVisibilityBatch");
    assert_eq!(
        requests[1].1["QueueUrl"],
        "https://sqs.example/uploads/of/123456789012"
    );
    assert_eq!(requests[1].1["Entries"][0]["VisibilityTimeout"], 0);
}

#[tokio::test]
async fn a_variable_that_is_not_a_url_fails_the_start() {
    const TEST: &str = "a_variable_that_is_not_a_url_fails_the_start";
    let wrong = [
        "",
        " ",
        "uploads",
        "sqs.example/1/uploads",
        "https://sqs.example",
        UPLOADS,
    ];
    for variable in [QUEUE_URL, DEAD_LETTERS_URL] {
        for value in wrong {
            if is_own_process(TEST, &[(variable, value)]) {
                return check_wrong_variable().await;
            }
        }
    }
}

/// Checks the error of the one variable that is set.
async fn check_wrong_variable() {
    let sqs = Sqs::start();
    let (name, part, value) = match std::env::var(QUEUE_URL) {
        Ok(value) => (QUEUE_URL, "backoff", value),
        Err(_) => {
            let value = std::env::var(DEAD_LETTERS_URL).unwrap();
            (DEAD_LETTERS_URL, "dead-letter sink", value)
        }
    };

    let error = sqs.dispatcher().prepare().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotPrepared);
    assert_eq!(
        error.to_string(),
        format!("the {part} could not be prepared")
    );
    let reason = std::error::Error::source(&error).unwrap().to_string();
    let expected =
        format!("the environment variable `{name}` is not the URL of a queue: `{value}`; ");
    assert!(reason.starts_with(&expected), "{reason}");

    // The same for a queue alone, and for a program that prepares nothing.
    if name == QUEUE_URL {
        let queue = SqsQueue::from_environment(sqs.client());
        let error = Dispatcher::new(Routes::new(()))
            .with_queue(queue.clone())
            .prepare()
            .await;
        assert_eq!(
            error.unwrap_err().to_string(),
            "the queue could not be prepared"
        );

        let handle = ReceiptHandle::from("handle");
        let results = queue.delete(&[&handle, &handle]).await;
        assert_eq!(results.len(), 2);
        for result in results {
            let error = result.unwrap_err();
            let reason = std::error::Error::source(&error).unwrap().to_string();
            assert!(reason.starts_with(&expected), "{reason}");
        }
    }
    assert_eq!(sqs.requests(), []);
}

#[tokio::test]
async fn a_queue_that_is_not_found_is_asked_for_again() {
    if !is_own_process("a_queue_that_is_not_found_is_asked_for_again", &[]) {
        return;
    }

    let sqs = Sqs::start();
    let dispatcher = sqs.dispatcher();
    let missing = "arn:aws:sqs:eu-central-1:123456789012:missing";

    for _ in 0..2 {
        let dispatched = dispatcher.dispatch(batch(missing, &["busy"]), None);
        let (report, lines) = with_log(dispatched).await;
        assert_eq!(report.unwrap().failed_messages(), 1);
        assert_eq!(sqs.operations(), ["GetQueueUrl missing"]);

        let log = texts(&lines);
        let text = format!(
            "the environment variable `{QUEUE_URL}` is not set, and the URL of the queue \
             `{missing}` cannot be found"
        );
        assert!(log.contains(&text), "{log}");
        assert!(log.contains("The specified queue does not exist."), "{log}");
    }
}

#[tokio::test]
async fn a_letter_without_a_dead_letter_queue_fails_its_message() {
    if !is_own_process(
        "a_letter_without_a_dead_letter_queue_fails_its_message",
        &[],
    ) {
        return;
    }

    let sqs = Sqs::start();
    for arn in ["arn:aws:sqs:eu-central-1:123456789012:plain", "no-arn"] {
        let dispatched = sqs.dispatcher();
        let dispatched = dispatched.dispatch(batch(arn, &["hopeless"]), None);
        let (report, lines) = with_log(dispatched).await;
        let report = report.unwrap();
        assert_eq!((report.dead_letters(), report.failed_messages()), (0, 1));

        let log = texts(&lines);
        let text = format!(
            "the environment variable `{DEAD_LETTERS_URL}` is not set, and the URL of the \
             dead-letter queue of `{arn}` cannot be found"
        );
        assert!(log.contains(&text), "{log}");
    }
}

#[tokio::test]
async fn messages_that_do_not_name_one_queue_are_left_alone() {
    if !is_own_process("messages_that_do_not_name_one_queue_are_left_alone", &[]) {
        return;
    }

    let sqs = Sqs::start();
    let message = |arn: Option<&str>| {
        let batch = batch(arn.unwrap_or_default(), &["busy"]);
        let mut batch: Value = serde_json::from_str(&batch).unwrap();
        let mut message = batch["Records"][0].take();
        if arn.is_none() {
            message
                .as_object_mut()
                .unwrap()
                .remove("eventSourceARN")
                .unwrap();
        }
        message
    };
    let named = message(Some(UPLOADS));
    let mut other = message(Some("arn:aws:sqs:cn-north-1:123456789012:other"));
    other["messageId"] = "other".into();
    let mut nameless = message(None);
    nameless["messageId"] = "nameless".into();

    for second in [other, nameless] {
        let batch = json!({"Records": [named, second]}).to_string();
        let dispatcher = sqs.dispatcher();
        let (report, lines) = with_log(dispatcher.dispatch(batch, None)).await;
        assert_eq!(report.unwrap().failed_messages(), 2);

        let log = texts(&lines);
        assert!(
            log.contains("the messages do not name the one queue that they come from"),
            "{log}"
        );
        assert_eq!(sqs.requests(), []);
    }
}

#[tokio::test]
async fn a_given_url_ignores_the_environment_and_the_messages() {
    let test = "a_given_url_ignores_the_environment_and_the_messages";
    if !is_own_process(test, &[(QUEUE_URL, "nonsense")]) {
        return;
    }

    let sqs = Sqs::start();
    let queue = SqsQueue::new(sqs.client(), "https://queues.example/1/given");
    queue.prepare().await.unwrap();
    assert!(queue.at(&QueueArn::from(UPLOADS)).is_none());
    assert!(queue.delete(&[&ReceiptHandle::from("handle")]).await[0].is_ok());
    assert_eq!(
        sqs.operations(),
        ["DeleteMessageBatch https://queues.example/1/given"]
    );
}

#[tokio::test]
async fn a_program_that_receives_messages_needs_the_variable() {
    if !is_own_process("a_program_that_receives_messages_needs_the_variable", &[]) {
        return;
    }

    let sqs = Sqs::start();
    let queue = SqsQueue::from_environment(sqs.client());
    let error = queue.receive(ReceiveRequest::new(1)).await.unwrap_err();

    assert!(error.is_unusable());
    let reason = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(
        reason,
        format!("the environment variable `{QUEUE_URL}` is not set")
    );
    assert_eq!(sqs.requests(), []);
}
