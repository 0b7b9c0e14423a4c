//! `SqsDeadLetters` and `SqsBackoff`: what arrives in a queue, and when messages are delivered
//! again.
//!
//! The queues are those of the local pipeline, or of a server that others wrote if there is one.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::{BehaviorVersion, Config, Region};
use aws_sdk_sqs::types::{Message, QueueAttributeName};
use s3_dispatch::dispatch::Acknowledge;
use s3_dispatch::failure::ExponentialBackoff;
use s3_dispatch::{
    Dispatcher, EventName, HandlerError, Routes, S3EventRecord, SqsBackoff, SqsDeadLetters,
    SqsQueue,
};
use s3_dispatch_local::{Faults, LocalPipeline, Topology};
use s3_dispatch_testing::{NotificationBuilder, RecordBuilder, SqsBatchBuilder, SqsMessageBuilder};

/// A server of SQS.
pub(crate) struct Server {
    pub(crate) endpoint: String,
    /// The local pipeline, if it serves.
    pub(crate) pipeline: Option<LocalPipeline>,
}

impl Server {
    async fn start() -> Self {
        if let Some(endpoint) = crate::other_endpoint() {
            return Self {
                endpoint,
                pipeline: None,
            };
        }

        Self::local(Topology::new()).await
    }

    /// The endpoint of a local pipeline.
    pub(crate) async fn local(topology: Topology) -> Self {
        Self::with_faults(topology, Faults::none()).await
    }

    /// The endpoint of a local pipeline with these faults.
    pub(crate) async fn with_faults(topology: Topology, faults: Faults) -> Self {
        let pipeline = LocalPipeline::builder()
            .with_topology(topology)
            .with_faults(faults)
            .with_sqs_endpoint(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
            .start()
            .await
            .unwrap();

        Self {
            endpoint: format!("http://{}", pipeline.sqs_address().unwrap()),
            pipeline: Some(pipeline),
        }
    }
}

pub(crate) fn client(endpoint: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(crate::credentials())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint);
    Client::from_conf(config.build())
}

async fn queue(client: &Client) -> String {
    let created = client
        .create_queue()
        .queue_name(crate::unique("queue"))
        .send()
        .await
        .unwrap();
    created.queue_url.unwrap()
}

async fn receive(client: &Client, queue: &str) -> Vec<Message> {
    let receive = client
        .receive_message()
        .queue_url(queue)
        .max_number_of_messages(10)
        .message_attribute_names("All");
    receive.send().await.unwrap().messages.unwrap_or_default()
}

fn routes() -> Routes<()> {
    Routes::new(()).on_fn("*", |record: S3EventRecord| async move {
        if record.object.key.as_str().starts_with("permanent") {
            return Err(HandlerError::permanent("line one\n\u{1}line two"));
        }
        Err(HandlerError::retry("try again"))
    })
}

#[tokio::test]
async fn a_dead_letter_has_the_body_and_the_reason() {
    let server = Server::start().await;
    let client = client(&server.endpoint);
    let dead_letters = queue(&client).await;

    let notification = NotificationBuilder::new().with_record(
        RecordBuilder::new(EventName::OBJECT_CREATED_PUT)
            .with_key("permanent/ä b")
            .with_bucket("bucket"),
    );

    let message = SqsMessageBuilder::new("id")
        .with_receive_count(2)
        .with_notification(notification.clone());
    let dispatcher = Dispatcher::new(routes())
        .with_dead_letters(SqsDeadLetters::new(client.clone(), &dead_letters));

    let report = dispatcher
        .dispatch(
            SqsBatchBuilder::new().with_message(message).to_bytes(),
            None,
        )
        .await
        .unwrap();

    assert!(report.is_success());
    let letters = receive(&client, &dead_letters).await;
    let [letter] = &letters[..] else {
        panic!("{letters:?}")
    };

    assert_eq!(
        letter.body.as_deref(),
        Some(notification.to_json().as_str())
    );
    let attributes = letter.message_attributes.as_ref().unwrap();
    let attribute = |name: &str| attributes[name].string_value().unwrap();
    assert_eq!(attribute("Error"), "line one\n?line two");
    assert_eq!(attribute("EventName"), "ObjectCreated:Put");
    assert_eq!(attribute("Bucket"), "bucket");
    assert_eq!(attribute("Key"), "permanent/%C3%A4+b");
    assert_eq!(attribute("MessageId"), "id");
    assert_eq!(attribute("ReceiveCount"), "2");
}

/// Creates a queue with a dead-letter queue, and returns the URLs of both and the ARN of the first.
async fn queue_with_dead_letters(client: &Client) -> (String, String, String) {
    let (main, dead) = (queue(client).await, queue(client).await);
    let policy =
        serde_json::json!({"deadLetterTargetArn": arn(client, &dead).await, "maxReceiveCount": 5});
    client
        .set_queue_attributes()
        .queue_url(&main)
        .attributes(QueueAttributeName::RedrivePolicy, policy.to_string())
        .send()
        .await
        .unwrap();

    let arn = arn(client, &main).await;
    (main, dead, arn)
}

async fn arn(client: &Client, queue: &str) -> String {
    let asked = client
        .get_queue_attributes()
        .queue_url(queue)
        .attribute_names(QueueAttributeName::QueueArn);
    let attributes = asked.send().await.unwrap().attributes.unwrap();

    attributes[&QueueAttributeName::QueueArn].clone()
}

/// The variables with the URLs are not set here.
#[tokio::test]
async fn the_queues_are_found_by_what_the_messages_name() {
    let server = Server::start().await;
    let client = client(&server.endpoint);
    let (main, dead, arn) = queue_with_dead_letters(&client).await;
    let at_once = ExponentialBackoff::new(Duration::ZERO, Duration::ZERO);
    let dispatcher = Dispatcher::new(routes())
        .with_dead_letters(SqsDeadLetters::from_environment(client.clone()))
        .with_backoff(SqsBackoff::from_environment(client.clone(), at_once))
        .with_queue(SqsQueue::from_environment(client.clone()))
        .acknowledge(Acknowledge::All);
    dispatcher.prepare().await.unwrap();

    for key in ["permanent/1", "retry/1"] {
        let record = RecordBuilder::new(EventName::OBJECT_CREATED_PUT).with_key(key);
        let body = NotificationBuilder::new().with_record(record).to_json();
        let send = client.send_message().queue_url(&main).message_body(body);
        send.send().await.unwrap();
    }

    let mut records = Vec::new();
    while records.len() < 2 {
        let received = receive(&client, &main).await;
        assert!(!received.is_empty(), "only {} messages came", records.len());

        records.extend(received.iter().map(|message| {
            serde_json::json!({
                "messageId": message.message_id,
                "receiptHandle": message.receipt_handle,
                "body": message.body,
                "eventSource": "aws:sqs",
                "eventSourceARN": arn,
            })
        }));
    }

    let batch = serde_json::json!({"Records": records}).to_string();
    let report = dispatcher.dispatch(batch, None).await.unwrap();
    assert_eq!((report.dead_letters(), report.failed_messages()), (1, 1));

    // The first one is in the other queue and deleted here, the second one is back at once.
    let body = |messages: &[Message]| messages[0].body.clone().unwrap();
    let letters = receive(&client, &dead).await;
    assert_eq!(letters.len(), 1);
    assert!(body(&letters).contains("permanent/1"));
    let returned = receive(&client, &main).await;
    assert_eq!(returned.len(), 1);
    assert!(body(&returned).contains("retry/1"));
}

#[tokio::test]
async fn a_missing_queue_fails_the_message() {
    let server = Server::start().await;
    let client = client(&server.endpoint);
    let endpoint = &server.endpoint;
    let missing = format!("{endpoint}/000000000000/{}", crate::unique("missing"));
    let record = RecordBuilder::new(EventName::OBJECT_CREATED_PUT).with_key("permanent/1");
    let dispatcher =
        Dispatcher::new(routes()).with_dead_letters(SqsDeadLetters::new(client, missing));

    let report = dispatcher
        .dispatch(
            SqsBatchBuilder::new().with_record("1", record).to_bytes(),
            None,
        )
        .await
        .unwrap();

    assert!(!report.is_success());
}

/// Receives messages, fails them, and returns how many can be received again at once.
async fn fail_and_receive_again(delays: ExponentialBackoff, messages: usize) -> usize {
    let server = Server::start().await;
    let client = client(&server.endpoint);
    let queue = queue(&client).await;

    for number in 0..messages {
        let notification = NotificationBuilder::new().with_record(
            RecordBuilder::new(EventName::OBJECT_CREATED_PUT).with_key(format!("retry/{number}")),
        );
        client
            .send_message()
            .queue_url(&queue)
            .message_body(notification.to_json())
            .send()
            .await
            .unwrap();
    }

    let mut records = Vec::new();
    while records.len() < messages {
        let received = receive(&client, &queue).await;
        assert!(
            !received.is_empty(),
            "only {} of {messages} messages came",
            records.len()
        );

        records.extend(received.iter().map(|message| {
            serde_json::json!({
                "messageId": message.message_id,
                "receiptHandle": message.receipt_handle,
                "body": message.body,
                "attributes": {"ApproximateReceiveCount": "1"},
                "eventSource": "aws:sqs",
            })
        }));
    }

    let batch = serde_json::json!({"Records": records}).to_string();
    let dispatcher =
        Dispatcher::new(routes()).with_backoff(SqsBackoff::new(client.clone(), &queue, delays));
    let report = dispatcher.dispatch(batch, None).await.unwrap();
    assert_eq!(report.failed_messages(), messages);

    receive(&client, &queue).await.len()
}

#[tokio::test]
async fn failed_messages_are_delivered_again_after_their_delay() {
    let at_once = ExponentialBackoff::new(Duration::ZERO, Duration::ZERO);
    let received = fail_and_receive_again(at_once, 3).await;

    assert_eq!(
        received, 3,
        "without a delay the messages come at once, although the queue hides them for 30 s"
    );
}

#[tokio::test]
async fn more_messages_than_one_call_takes_are_all_postponed() {
    let at_once = ExponentialBackoff::new(Duration::ZERO, Duration::ZERO);
    let received = fail_and_receive_again(at_once, 23).await;

    assert_eq!(received, 10, "one receive returns at most ten messages");
}
