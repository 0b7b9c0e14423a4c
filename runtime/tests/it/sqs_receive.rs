//! `SqsQueue` receives messages, and tells what cannot be used from what may pass.

use std::collections::VecDeque;
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::http::{HttpRequest, HttpResponse};
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::config::{
    BehaviorVersion, Builder, Config, Credentials, HttpClient, Region, RuntimeComponents,
};
use aws_sdk_sqs::error::{ConnectorError, ErrorMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_types::body::SdkBody;
use s3_dispatch::SqsQueue;
use s3_dispatch::delivery::{Delivery, ReceiptHandle};
use s3_dispatch::queue::{Queue, QueueError, Receive, ReceiveRequest, Received};
use serde_json::{Value, json};

const URL: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/uploads";
const ARN: &str = "arn:aws:sqs:eu-central-1:123456789012:uploads";

/// What a request is answered with.
enum Answer {
    Json(u16, Value),
    /// The same, after this time.
    Late(Duration, Value),
    /// An error in the form of SQS, whose code for older clients is in a header.
    Error(u16, &'static str, &'static str),
    Broken(fn() -> ConnectorError),
}

/// An HTTP client that answers requests from a list and notes them.
#[derive(Clone, Default)]
struct Script(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    answers: VecDeque<Answer>,
    requests: Vec<(String, Value)>,
    /// The read timeout of each request.
    timeouts: Vec<Option<Duration>>,
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Script")
    }
}

impl HttpClient for Script {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector(self.clone(), settings.read_timeout()))
    }
}

#[derive(Debug)]
struct Connector(Script, Option<Duration>);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap();
        let operation = target.trim_start_matches("AmazonSQS.").to_owned();
        let body = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();

        let mut state = self.0.0.lock().unwrap();
        state.requests.push((operation, body));
        state.timeouts.push(self.1);
        let answer = state.answers.pop_front().expect("one request too many");

        HttpConnectorFuture::new(async move {
            match answer {
                Answer::Json(status, json) => Ok(response(status, &json)),
                Answer::Late(time, json) => {
                    tokio::time::sleep(time).await;
                    Ok(response(200, &json))
                }
                Answer::Error(status, code, query) => {
                    let message = "as it is said";
                    let mut response =
                        response(status, &json!({"__type": code, "message": message}));
                    if !query.is_empty() {
                        response
                            .headers_mut()
                            .insert("x-amzn-query-error", format!("{query};Sender"));
                    }
                    Ok(response)
                }
                Answer::Broken(error) => Err(error()),
            }
        })
    }
}

fn response(status: u16, json: &Value) -> HttpResponse {
    HttpResponse::new(status.try_into().unwrap(), SdkBody::from(json.to_string()))
}

impl Script {
    fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        let script = Self::default();
        script.0.lock().unwrap().answers.extend(answers);
        script
    }

    /// A script that first answers which ARN the queue has.
    fn of_queue(arn: &str, answers: impl IntoIterator<Item = Answer>) -> Self {
        let attributes = Answer::Json(200, json!({"Attributes": {"QueueArn": arn}}));
        Self::new([attributes].into_iter().chain(answers))
    }

    fn settings(&self) -> Builder {
        Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .http_client(self.clone())
    }

    fn queue(&self) -> SqsQueue {
        queue(self.settings(), URL)
    }

    fn operations(&self) -> Vec<String> {
        let state = self.0.lock().unwrap();
        state
            .requests
            .iter()
            .map(|(name, _)| name.clone())
            .collect()
    }
}

fn queue(settings: Builder, url: &str) -> SqsQueue {
    SqsQueue::new(Client::from_conf(settings.build()), url)
}

fn messages(messages: Value) -> Answer {
    Answer::Json(200, json!({"Messages": messages}))
}

fn request() -> ReceiveRequest {
    ReceiveRequest::new(10)
}

fn reason(error: &QueueError) -> String {
    error.source().unwrap().to_string()
}

/// The error of a receive from a queue with this one answer.
async fn error_of(answer: Answer) -> QueueError {
    let script = Script::of_queue(ARN, [answer]);
    script.queue().receive(request()).await.unwrap_err()
}

#[tokio::test]
async fn messages_have_what_sqs_says_about_them() {
    let all = json!([{
        "MessageId": "m-1",
        "ReceiptHandle": "r-1",
        "Body": "{\"Records\": []}",
        "Attributes": {
            "ApproximateReceiveCount": "3",
            "MessageGroupId": "tenant-7",
            "AWSTraceHeader": "Root=1-5759e988-bd862e3fe1be46a994272793",
        },
    }]);
    let script = Script::of_queue(
        ARN,
        [
            messages(all),
            Answer::Json(200, json!({})),
            messages(json!([])),
        ],
    );
    let queue = script.queue();

    let asked = ReceiveRequest::new(7)
        .with_wait(Duration::from_millis(14_500))
        .with_visibility(Duration::from_secs(90));
    let received = queue.receive(asked).await.unwrap();
    let [message] = &received[..] else {
        panic!("{received:?}")
    };
    let context = message.context();
    assert_eq!(context.message_id().unwrap(), "m-1");
    assert_eq!(context.receipt_handle().unwrap(), "r-1");
    assert_eq!(context.receive_count(), Some(3));
    assert_eq!(context.group_id().unwrap(), "tenant-7");
    assert_eq!(context.queue_arn().unwrap(), ARN);
    assert!(!context.is_fifo());
    assert_eq!(
        context.trace_header().unwrap(),
        "Root=1-5759e988-bd862e3fe1be46a994272793"
    );
    assert_eq!(message.body(), "{\"Records\": []}");

    // Nothing in the answer is no message, and the ARN is asked for once.
    assert!(queue.clone().receive(request()).await.unwrap().is_empty());
    assert!(queue.receive(request()).await.unwrap().is_empty());
    assert_eq!(
        script.operations(),
        [
            "GetQueueAttributes",
            "ReceiveMessage",
            "ReceiveMessage",
            "ReceiveMessage"
        ]
    );

    let state = script.0.lock().unwrap();
    let (ask, receive) = (&state.requests[0].1, &state.requests[1].1);
    assert_eq!(
        *ask,
        json!({"QueueUrl": URL, "AttributeNames": ["QueueArn"]})
    );
    assert_eq!(
        *receive,
        json!({
            "QueueUrl": URL,
            "MaxNumberOfMessages": 7,
            "WaitTimeSeconds": 15,
            "VisibilityTimeout": 90,
            "MessageAttributeNames": ["traceparent"],
            "MessageSystemAttributeNames":
                ["ApproximateReceiveCount", "AWSTraceHeader", "MessageGroupId"],
        })
    );
}

#[tokio::test]
async fn a_fifo_queue_is_recognised_whatever_its_url_looks_like() {
    let arn = "arn:aws:sqs:eu-central-1:123456789012:uploads.fifo";
    let message = json!([{"MessageId": "m", "ReceiptHandle": "r", "Body": "{}"}]);
    let script = Script::of_queue(arn, [messages(message)]);
    let queue = queue(script.settings(), "http://127.0.0.1:9324/some/queue");

    let received = queue.receive(request()).await.unwrap();
    assert!(received[0].context().is_fifo());
}

#[tokio::test]
async fn a_message_with_missing_or_damaged_fields_does_not_affect_others() {
    let good = json!({"MessageId": "good", "ReceiptHandle": "r", "Body": "{\"Records\": []}"});
    let odd = [
        json!({}),
        json!({"MessageId": "no handle", "Body": "{}"}),
        json!({"MessageId": "empty handle", "ReceiptHandle": "", "Body": "{}"}),
        json!({"ReceiptHandle": "no id", "Body": "{}"}),
        json!({"MessageId": "no body", "ReceiptHandle": "r"}),
        json!({
            "MessageId": "odd attributes", "ReceiptHandle": "r", "Body": "{\"Records\": []}",
            "Attributes": {
                "ApproximateReceiveCount": "often", "MessageGroupId": "", "New": "thing",
            },
        }),
    ];
    let all: Vec<_> = odd.into_iter().chain([good]).collect();
    let script = Script::of_queue(ARN, [messages(all.into())]);

    let received = script.queue().receive(request()).await.unwrap();
    let delivery = Delivery::from_messages(received.into_iter().map(Received::into_parts));
    let found: Vec<_> = delivery
        .messages()
        .iter()
        .map(|message| {
            let context = &message.context;
            assert_eq!(context.queue_arn().unwrap(), ARN);
            assert_eq!((context.receive_count(), context.group_id()), (None, None));
            let id = context.message_id().map(|id| id.as_str());
            (id, message.content.is_ok())
        })
        .collect();

    assert_eq!(
        found,
        [
            (None, false),
            (Some("no body"), false),
            (Some("odd attributes"), true),
            (Some("good"), true),
        ]
    );
}

#[tokio::test]
async fn errors_that_somebody_must_mend_make_the_queue_unusable() {
    let missing = "com.amazonaws.sqs#QueueDoesNotExist";
    let answers = [
        (400, missing, "AWS.SimpleQueueService.NonExistentQueue"),
        (400, missing, ""),
        (400, "AWS.SimpleQueueService.NonExistentQueue", ""),
        (404, "com.amazonaws.sqs#InvalidAddress", "InvalidAddress"),
        (403, "com.amazonaws.sqs#InvalidSecurity", "InvalidSecurity"),
        (403, "AccessDenied", ""),
        (
            400,
            "com.amazon.coral.service#AccessDeniedException",
            "AccessDenied",
        ),
        (403, "InvalidClientTokenId", ""),
        (
            403,
            "com.amazon.coral.service#UnrecognizedClientException",
            "InvalidClientTokenId",
        ),
        (403, "SignatureDoesNotMatch", ""),
        (403, "InvalidSignatureException", "SignatureDoesNotMatch"),
        (403, "ExpiredToken", ""),
        (
            400,
            "com.amazon.coral.service#ExpiredTokenException",
            "ExpiredToken",
        ),
        (403, "MissingAuthenticationTokenException", ""),
        (403, "OptInRequired", ""),
        (
            400,
            "com.amazonaws.sqs#KmsAccessDenied",
            "KMS.AccessDeniedException",
        ),
        (
            400,
            "com.amazonaws.sqs#KmsDisabled",
            "KMS.DisabledException",
        ),
        (
            400,
            "com.amazonaws.sqs#KmsNotFound",
            "KMS.NotFoundException",
        ),
        (400, "com.amazonaws.sqs#UnsupportedOperation", ""),
    ];

    for (status, code, query) in answers {
        let error = error_of(Answer::Error(status, code, query)).await;
        assert!(
            error.is_unusable() && !error.is_refusal(),
            "{code}: {error:?}"
        );
        assert!(reason(&error).ends_with(": as it is said"), "{error:?}");
    }
}

#[tokio::test]
async fn errors_that_pass_are_failures() {
    // SQS sends some of them with the status of a denied access.
    let answers = [
        (403, "com.amazonaws.sqs#OverLimit", "OverLimit"),
        (
            403,
            "com.amazonaws.sqs#RequestThrottled",
            "RequestThrottled",
        ),
        (
            400,
            "com.amazonaws.sqs#KmsThrottled",
            "KMS.ThrottlingException",
        ),
        (400, "ThrottlingException", ""),
        (403, "RequestTimeTooSkewed", ""),
        (403, "SomethingNew", ""),
        (403, "", ""),
        (404, "", ""),
        (500, "InternalError", ""),
        (503, "ServiceUnavailable", ""),
    ];
    for (status, code, query) in answers {
        let error = error_of(Answer::Error(status, code, query)).await;
        assert!(
            !error.is_unusable() && !error.is_refusal(),
            "{code}: {error:?}"
        );
    }

    let broken: [fn() -> ConnectorError; 4] = [
        || ConnectorError::io("connection refused".into()),
        || ConnectorError::timeout("no answer".into()),
        || ConnectorError::other("the answer is not HTTP".into(), None),
        || ConnectorError::other("a name server is down".into(), None),
    ];
    for error in broken {
        let error = error_of(Answer::Broken(error)).await;
        assert!(!error.is_unusable(), "{error:?}");
    }

    for body in [json!([]), json!({"Messages": 7}), json!("<html>")] {
        let error = error_of(Answer::Json(200, body)).await;
        assert!(!error.is_unusable(), "{error:?}");
    }
}

#[tokio::test]
async fn the_reason_names_what_must_be_mended() {
    let error = error_of(Answer::Error(400, "QueueDoesNotExist", "")).await;
    assert_eq!(error.to_string(), "the queue cannot be used");
    assert_eq!(
        reason(&error),
        format!(
            "there is no queue `{URL}` in the region `eu-central-1`: QueueDoesNotExist: as it is \
             said"
        )
    );

    let error = error_of(Answer::Error(403, "AccessDenied", "")).await;
    assert_eq!(
        reason(&error),
        format!("access to the queue `{URL}` is denied: AccessDenied: as it is said")
    );
}

#[tokio::test]
async fn a_queue_that_does_not_exist_is_noticed_by_the_first_request() {
    let missing = || Answer::Error(400, "QueueDoesNotExist", "");
    let message = json!([{"MessageId": "m", "ReceiptHandle": "r", "Body": "{}"}]);
    let attributes = Answer::Json(200, json!({"Attributes": {"QueueArn": ARN}}));
    let script = Script::new([missing(), attributes, messages(message)]);
    let queue = script.queue();

    assert!(queue.receive(request()).await.unwrap_err().is_unusable());
    assert_eq!(script.operations(), ["GetQueueAttributes"]);

    // It may be created later.
    assert_eq!(queue.receive(request()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn deletions_and_extensions_know_the_same_errors() {
    let answer = || Answer::Error(403, "AccessDenied", "");
    let throttled = || Answer::Error(403, "RequestThrottled", "");
    let script = Script::new([answer(), answer(), throttled(), throttled()]);
    let queue = script.queue();
    let handle = ReceiptHandle::from("r");

    for is_unusable in [true, false] {
        let deleted = queue.delete(&[&handle]).await;
        let extended = queue
            .change_visibility(&[(&handle, Duration::from_secs(60))])
            .await;
        for results in [deleted, extended] {
            let error = results.into_iter().next().unwrap().unwrap_err();
            assert_eq!(error.is_unusable(), is_unusable, "{error:?}");
            assert!(!error.is_refusal());
        }
    }
}

/// A lease is lost if SQS refuses to extend it, and not if SQS has a problem.
#[tokio::test]
async fn an_entry_is_refused_only_if_it_is_at_fault_itself() {
    let failed = |id: &str, code: &str, is_own: bool| {
        let message = "as it is said";
        json!({"Id": id, "Code": code, "Message": message, "SenderFault": is_own})
    };
    let answer = || {
        let failed = [
            failed("0", "ReceiptHandleIsInvalid", true),
            failed("2", "InternalError", false),
        ];
        Answer::Json(200, json!({"Successful": [{"Id": "1"}], "Failed": failed}))
    };
    let script = Script::new([answer(), answer()]);
    let queue = script.queue();
    let handle = ReceiptHandle::from("r");

    let deleted = queue.delete(&[&handle; 3]).await;
    let changed = queue
        .change_visibility(&[(&handle, Duration::from_secs(60)); 3])
        .await;
    for results in [deleted, changed] {
        let [refused, done, failed] = &results[..] else {
            panic!("{results:?}")
        };
        assert!(refused.as_ref().unwrap_err().is_refusal());
        assert!(done.is_ok());
        let failed = failed.as_ref().unwrap_err();
        assert!(!failed.is_refusal() && !failed.is_unusable());
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_made_is_unusable() {
    let script = Script::default();

    for url in [
        "",
        "uploads",
        "sqs.example/1/uploads",
        "https://sqs.example",
        ARN,
        "ftp://a/b",
    ] {
        let error = queue(script.settings(), url)
            .receive(request())
            .await
            .unwrap_err();
        assert!(error.is_unusable(), "{error:?}");
        assert_eq!(reason(&error), format!("`{url}` is not the URL of a queue"));
    }

    let without_region = script.settings().region(None);
    let nonsense = script.settings().region(Region::new("no region!"));
    let no_endpoint = script.settings().endpoint_url("not a url");
    let no_provider = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-central-1"))
        .retry_config(RetryConfig::disabled())
        .http_client(script.clone());
    for settings in [without_region, nonsense, no_endpoint, no_provider] {
        let error = queue(settings, URL).receive(request()).await.unwrap_err();
        assert!(error.is_unusable(), "{error:?}");
    }

    assert_eq!(script.operations(), [""; 0]);
    let error = error_of(Answer::Broken(|| ConnectorError::user("not a url".into()))).await;
    assert!(error.is_unusable(), "{error:?}");
}

#[derive(Debug)]
struct NoCredentials(fn() -> CredentialsError);

impl ProvideCredentials for NoCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err((self.0)()))
    }
}

/// The error of another service, as the SDK returns it for a code that it has no type for.
fn answer_of_sts(code: &str) -> impl Error + Send + Sync + 'static {
    use aws_sdk_sqs::error::SdkError;
    use aws_sdk_sqs::operation::send_message::SendMessageError;

    let metadata = ErrorMetadata::builder().code(code).build();
    let response = response(403, &json!({}));
    SdkError::service_error(SendMessageError::generic(metadata), response)
}

#[tokio::test]
async fn missing_credentials_are_unusable_and_late_ones_are_not() {
    let cases: [(fn() -> CredentialsError, bool); 6] = [
        (|| CredentialsError::not_loaded("nothing is set"), true),
        (|| CredentialsError::invalid_configuration("a loop"), true),
        (
            || CredentialsError::provider_error(answer_of_sts("AccessDenied")),
            true,
        ),
        (
            || CredentialsError::provider_error(answer_of_sts("SlowDown")),
            false,
        ),
        (
            || CredentialsError::provider_error("connection refused"),
            false,
        ),
        (
            || CredentialsError::provider_timed_out(Duration::from_secs(5)),
            false,
        ),
    ];

    for (error, is_unusable) in cases {
        let script = Script::default();
        let settings = script.settings().credentials_provider(NoCredentials(error));
        let error = queue(settings, URL).receive(request()).await.unwrap_err();
        assert_eq!(error.is_unusable(), is_unusable, "{error:?}");
    }
}

/// A source of credentials that gives some, after a time.
#[derive(Debug)]
struct SlowCredentials(Duration);

impl ProvideCredentials for SlowCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            tokio::time::sleep(self.0).await;
            Ok(Credentials::new("id", "secret", None, None, "test"))
        })
    }
}

#[tokio::test(start_paused = true)]
async fn credentials_that_come_late_are_waited_for() {
    let script = Script::of_queue(ARN, [messages(json!([]))]);
    let slow = |seconds| SlowCredentials(Duration::from_secs(seconds));
    let late = queue(script.settings().credentials_provider(slow(600)), URL);
    let error = late.receive(request()).await.unwrap_err();
    assert!(!error.is_unusable(), "{error:?}");
    assert!(
        format!("{error:?}").contains("resolver timed out"),
        "{error:?}"
    );
    assert!(script.operations().is_empty());

    let in_time = queue(script.settings().credentials_provider(slow(5)), URL);
    assert!(in_time.receive(request()).await.unwrap().is_empty());
}

/// The client's timeouts are about answers that come at once.
#[tokio::test(start_paused = true)]
async fn a_long_poll_is_not_cut_by_the_timeouts_of_the_client() {
    let second = Duration::from_secs(1);
    let timeouts = TimeoutConfig::builder()
        .read_timeout(second)
        .operation_attempt_timeout(2 * second)
        .operation_timeout(3 * second)
        .build();
    let late = |seconds| Answer::Late(seconds * second, json!({}));
    let script = Script::of_queue(ARN, [late(20), late(23), late(4)]);
    let queue = queue(script.settings().timeout_config(timeouts), URL);

    assert!(queue.receive(request()).await.unwrap().is_empty());

    let error = queue.receive(request()).await.unwrap_err();
    assert!(!error.is_unusable(), "{error:?}");

    let at_once = request().with_wait(Duration::ZERO);
    let error = queue.receive(at_once).await.unwrap_err();
    assert!(!error.is_unusable(), "{error:?}");

    let timeouts = &script.0.lock().unwrap().timeouts;
    assert_eq!(
        timeouts[..],
        [1, 21, 21, 1].map(|seconds| Some(seconds * second))
    );
}

#[test]
fn a_request_has_values_that_sqs_accepts() {
    let hours = |hours: u64| Duration::from_secs(hours * 60 * 60);
    let high = ReceiveRequest::new(11)
        .with_wait(Duration::MAX)
        .with_visibility(Duration::MAX);
    assert_eq!(high.most(), 10);
    assert_eq!(high.wait(), Duration::from_secs(20));
    assert_eq!(high.visibility(), hours(12));

    let low = ReceiveRequest::new(0)
        .with_wait(Duration::ZERO)
        .with_visibility(Duration::from_nanos(1));
    assert_eq!(low.most(), 1);
    assert_eq!(low.wait(), Duration::ZERO);
    assert_eq!(low.visibility(), Duration::from_secs(1));
}
