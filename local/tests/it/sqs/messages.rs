//! Sending and receiving: digests, attributes, limits, and what a queue without a function does.

use std::time::Duration;

use s3_dispatch_local::{LocalPipeline, QueueSpec, Topology, Visibility};
use serde_json::{Value, json};

use super::client::{Client, start};

/// A client of the queues `uploads`, `failed`, which is its dead-letter queue, and `orders.fifo`.
pub(super) struct Queues {
    pub(super) pipeline: LocalPipeline,
    pub(super) client: Client,
}

impl Queues {
    pub(super) async fn start() -> Self {
        Self::with(|uploads| uploads).await
    }

    /// Starts with other settings of `uploads`.
    pub(super) async fn with(adapt: impl FnOnce(QueueSpec) -> QueueSpec) -> Self {
        let uploads = QueueSpec::new("uploads").with_redrive("failed", 2);
        let orders = QueueSpec::new("orders.fifo").with_content_based_deduplication(true);
        let topology = Topology::new()
            .with_queue(adapt(uploads))
            .with_queue(QueueSpec::new("failed"))
            .with_queue(orders)
            .with_queue(QueueSpec::new("strict.fifo"));

        let builder = LocalPipeline::builder().with_topology(topology);
        let (pipeline, client) = start(builder).await;

        Self { pipeline, client }
    }

    /// The input of an operation on this queue.
    pub(super) fn input(&self, queue: &str, mut input: Value) -> Value {
        input["QueueUrl"] = self.pipeline.queue_url(queue).unwrap().into();
        input
    }

    pub(super) async fn ok(&self, operation: &str, queue: &str, input: Value) -> Value {
        self.client.ok(operation, self.input(queue, input)).await
    }

    pub(super) async fn check_refused(
        &self,
        operation: &str,
        queue: &str,
        input: Value,
        code: &str,
        message: &str,
    ) {
        let input = self.input(queue, input);
        self.client
            .check_refused(operation, input, code, message)
            .await;
    }

    /// Receives up to ten messages.
    pub(super) async fn receive(&self, queue: &str, mut input: Value) -> Vec<Value> {
        input["MaxNumberOfMessages"] = 10.into();
        let output = self.ok("ReceiveMessage", queue, input).await;
        output["Messages"].as_array().cloned().unwrap_or_default()
    }

    pub(super) async fn send(&self, queue: &str, body: &str) -> Value {
        self.ok("SendMessage", queue, json!({"MessageBody": body}))
            .await
    }
}

fn bodies(messages: &[Value]) -> Vec<&str> {
    messages
        .iter()
        .map(|message| message["Body"].as_str().unwrap())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_message_is_received_until_it_is_deleted() {
    let queues = Queues::start().await;
    let sent = queues.send("uploads", "hello").await;
    assert_eq!(sent["MD5OfMessageBody"], "5d41402abc4b2a76b9719d911017c592");
    assert!(sent.get("SequenceNumber").is_none(), "{sent}");

    let received = queues.receive("uploads", json!({})).await;
    let expected = json!([{
        "MessageId": sent["MessageId"],
        "ReceiptHandle": received[0]["ReceiptHandle"],
        "MD5OfBody": "5d41402abc4b2a76b9719d911017c592",
        "Body": "hello",
    }]);
    assert_eq!(json!(received), expected);
    assert!(queues.receive("uploads", json!({})).await.is_empty());

    tokio::time::advance(Duration::from_secs(30)).await;
    let again = queues.receive("uploads", json!({})).await;
    assert_eq!(bodies(&again), ["hello"]);
    assert_ne!(again[0]["ReceiptHandle"], received[0]["ReceiptHandle"]);

    let handle = json!({"ReceiptHandle": again[0]["ReceiptHandle"]});
    assert_eq!(
        queues.ok("DeleteMessage", "uploads", handle).await,
        json!({})
    );
    assert!(
        queues
            .pipeline
            .queue("uploads")
            .unwrap()
            .messages
            .is_empty()
    );
}

/// The digests are those that AWS computed for the same attributes, as LocalStack's tests recorded
/// them (`test_sqs.snapshot.json`, 2023).
#[tokio::test(start_paused = true)]
async fn attributes_come_back_with_the_digests_of_aws() {
    let queues = Queues::start().await;
    let text = |value: &str| json!({"DataType": "String", "StringValue": value});
    let attributes = json!({
        "Hello": text("There"), "General": text("Kenobi"), "Help.Me": text("Me"),
    });
    let input = json!({"MessageBody": "msg", "MessageAttributes": attributes});
    let sent = queues.ok("SendMessage", "failed", input).await;
    assert_eq!(
        sent["MD5OfMessageAttributes"],
        "4c360f3fdafd970e05fae2f149d997f5"
    );

    let cases: [(&[&str], &[&str], Option<&str>); 7] = [
        (&[], &[], None),
        (
            &["All"],
            &["General", "Hello", "Help.Me"],
            Some("4c360f3fdafd970e05fae2f149d997f5"),
        ),
        (
            &[".*"],
            &["General", "Hello", "Help.Me"],
            Some("4c360f3fdafd970e05fae2f149d997f5"),
        ),
        (&["Foo", "Help"], &[], None),
        (
            &["Hello", "General"],
            &["General", "Hello"],
            Some("fca026605781cb4126a1e9044df24232"),
        ),
        (
            &["Foo", "Hello"],
            &["Hello"],
            Some("a311262e065454b75da111d535b8dacd"),
        ),
        (
            &["Hel.*"],
            &["Hello", "Help.Me"],
            Some("83fee93c1bcd8b9a5a923ffacdc636c7"),
        ),
    ];

    for (names, expected, digest) in cases {
        let input = json!({"MessageAttributeNames": names, "VisibilityTimeout": 0});
        let message = queues.receive("failed", input).await.remove(0);

        let found = message["MessageAttributes"].as_object();
        let found: Vec<_> = found
            .into_iter()
            .flatten()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(found, expected, "{names:?}");
        assert_eq!(
            message["MD5OfMessageAttributes"].as_str(),
            digest,
            "{names:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn binary_and_system_attributes_are_kept() {
    let queues = Queues::start().await;
    // `traceparent`, 0x1E and a trace id.
    let binary = "dHJhY2VwYXJlbnQeMDAtNzc0MDYyZDZjMzcwODFhNWEwYjliNWI4OGUzMDYyN2Mt\
                  MmQyNDgyMjExZjY0ODlkYS0wMQ==";
    let input = json!({
        "MessageBody": "test",
        "MessageAttributes": {"attr1": {"DataType": "Binary", "BinaryValue": binary}},
        "MessageSystemAttributes": {
            "AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988"},
        },
        "MessageGroupId": "tenant",
    });
    let sent = queues.ok("SendMessage", "uploads", input).await;
    assert_eq!(
        sent["MD5OfMessageAttributes"],
        "8cbe4db156db8a94db8b801b7addb984"
    );
    assert_eq!(
        sent["MD5OfMessageSystemAttributes"].as_str().map(str::len),
        Some(32)
    );

    let input = json!({"MessageAttributeNames": ["All"], "AttributeNames": ["All"]});
    let message = queues.receive("uploads", input).await.remove(0);
    let attribute = &message["MessageAttributes"]["attr1"];
    assert_eq!(attribute["BinaryValue"], binary);
    assert_eq!(attribute["DataType"], "Binary");
    let system = &message["Attributes"];
    assert_eq!(system["AWSTraceHeader"], "Root=1-5759e988");
    assert_eq!(system["MessageGroupId"], "tenant");
    assert_eq!(system["ApproximateReceiveCount"], "1");
    assert_eq!(
        system["SentTimestamp"],
        system["ApproximateFirstReceiveTimestamp"]
    );
    assert_eq!(system["SentTimestamp"].as_str().map(str::len), Some(13));
    assert!(system.get("SequenceNumber").is_none(), "{system}");
}

#[tokio::test(start_paused = true)]
async fn only_the_system_attributes_that_are_asked_for_come() {
    let queues = Queues::start().await;
    queues.send("uploads", "a").await;

    let names = json!({"AttributeNames": ["SenderId"], "VisibilityTimeout": 0});
    let message = queues.receive("uploads", names).await.remove(0);
    assert_eq!(
        message["Attributes"],
        json!({"SenderId": "AIDAIENQZJOLO23YVJ4VO"})
    );

    let names = json!({"MessageSystemAttributeNames": ["ApproximateReceiveCount"]});
    let message = queues.receive("uploads", names).await.remove(0);
    assert_eq!(
        message["Attributes"],
        json!({"ApproximateReceiveCount": "2"})
    );
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_received_too_often_moves_to_the_dead_letter_queue() {
    let queues = Queues::start().await;
    let sent = queues.send("uploads", "poison").await;
    let now = json!({"VisibilityTimeout": 0});

    for _ in 0..2 {
        assert_eq!(queues.receive("uploads", now.clone()).await.len(), 1);
    }

    assert!(queues.receive("uploads", now).await.is_empty());
    let names = json!({"AttributeNames": ["All"]});
    let letter = queues.receive("failed", names).await.remove(0);
    assert_eq!(letter["MessageId"], sent["MessageId"]);
    assert_eq!(letter["Attributes"]["ApproximateReceiveCount"], "3");
    assert_eq!(
        letter["Attributes"]["DeadLetterQueueSourceArn"],
        "arn:aws:sqs:us-east-1:123456789012:uploads"
    );
}

#[tokio::test(start_paused = true)]
async fn delays_and_visibility_timeouts_can_be_given_with_a_call() {
    let queues = Queues::with(|uploads| uploads.with_delay(Duration::from_secs(100))).await;
    for (body, delay) in [
        ("now", json!(0)),
        ("later", json!(10)),
        ("queue", Value::Null),
    ] {
        let input = json!({"MessageBody": body, "DelaySeconds": delay});
        queues.ok("SendMessage", "uploads", input).await;
    }

    let one_hour = json!({"VisibilityTimeout": 3600});
    assert_eq!(
        bodies(&queues.receive("uploads", one_hour.clone()).await),
        ["now"]
    );
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(
        bodies(&queues.receive("uploads", one_hour.clone()).await),
        ["later"]
    );
    tokio::time::advance(Duration::from_secs(90)).await;
    assert_eq!(
        bodies(&queues.receive("uploads", one_hour).await),
        ["queue"]
    );

    let contents = queues.pipeline.queue("uploads").unwrap();
    assert_eq!(contents.count(Visibility::InFlight), 3);
    tokio::time::advance(Duration::from_secs(3500)).await;
    assert_eq!(bodies(&queues.receive("uploads", json!({})).await), ["now"]);
}

#[tokio::test(start_paused = true)]
async fn a_fifo_queue_keeps_order_and_drops_duplicates() {
    let queues = Queues::start().await;
    let send = async |group: &str, body: &str| {
        let input = json!({"MessageBody": body, "MessageGroupId": group});
        queues.ok("SendMessage", "orders.fifo", input).await
    };

    let first = send("a", "1").await;
    let second = send("a", "2").await;
    let duplicate = send("a", "1").await;
    send("b", "3").await;
    assert_eq!(duplicate["MessageId"], first["MessageId"]);
    assert_eq!(duplicate["SequenceNumber"], first["SequenceNumber"]);
    assert!(first["SequenceNumber"].as_str() < second["SequenceNumber"].as_str());
    assert_eq!(first["SequenceNumber"].as_str().map(str::len), Some(20));

    let input = json!({"AttributeNames": ["All"], "MaxNumberOfMessages": 1});
    let one = queues.ok("ReceiveMessage", "orders.fifo", input).await["Messages"][0].clone();
    assert_eq!(one["Body"], "1");
    assert_eq!(one["Attributes"]["MessageGroupId"], "a");
    assert_eq!(one["Attributes"]["SequenceNumber"], first["SequenceNumber"]);
    // The digest of the body.
    let id = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b";
    assert_eq!(one["Attributes"]["MessageDeduplicationId"], id);

    // The rest of the group waits.
    assert_eq!(
        bodies(&queues.receive("orders.fifo", json!({})).await),
        ["3"]
    );
    let handle = json!({"ReceiptHandle": one["ReceiptHandle"]});
    queues.ok("DeleteMessage", "orders.fifo", handle).await;
    assert_eq!(
        bodies(&queues.receive("orders.fifo", json!({})).await),
        ["2"]
    );
}

#[tokio::test(start_paused = true)]
async fn each_message_of_a_batch_succeeds_or_fails_by_itself() {
    let queues = Queues::start().await;
    let entries = json!([
        {"Id": "good", "MessageBody": "1"},
        {"Id": "empty", "MessageBody": ""},
        {"Id": "control", "MessageBody": "\u{1}"},
        {"Id": "late", "MessageBody": "2", "DelaySeconds": 901},
        {"Id": "attribute", "MessageBody": "3", "MessageAttributes": {"x": {"DataType": "Date"}}},
        {"Id": "last", "MessageBody": "4"},
    ]);
    let output = queues
        .ok("SendMessageBatch", "uploads", json!({"Entries": entries}))
        .await;

    let field = |list: &str, field: &str| -> Vec<String> {
        let entries = output[list].as_array().unwrap().iter();
        entries
            .map(|entry| entry[field].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(field("Successful", "Id"), ["good", "last"]);
    assert_eq!(
        field("Failed", "Id"),
        ["empty", "control", "late", "attribute"]
    );
    assert_eq!(
        field("Failed", "Code"),
        [
            "MissingParameter",
            "InvalidMessageContents",
            "InvalidParameterValue",
            "InvalidParameterValue"
        ]
    );
    assert_eq!(output["Failed"][0]["SenderFault"], true);
    assert_eq!(
        output["Successful"][0]["MD5OfMessageBody"],
        "c4ca4238a0b923820dcc509a6f75849b"
    );
    assert_eq!(
        bodies(&queues.receive("uploads", json!({})).await),
        ["1", "4"]
    );
}

#[tokio::test(start_paused = true)]
async fn what_sqs_does_not_accept_is_refused_with_its_words() {
    let queues = Queues::with(|uploads| uploads.with_max_message_size(2048)).await;
    let invalid = "InvalidParameterValue";
    let attribute = |value: Value| json!({"MessageBody": "a", "MessageAttributes": value});
    let text = |value: &str| json!({"DataType": "String", "StringValue": value});
    let eleven: serde_json::Map<_, _> = (0..11)
        .map(|number| (format!("n{number}"), text("x")))
        .collect();

    let cases = [
        (
            "SendMessage",
            "uploads",
            json!({}),
            "MissingParameter",
            "The request must contain the parameter MessageBody.",
        ),
        (
            "SendMessage",
            "uploads",
            json!({"MessageBody": "a".repeat(2049)}),
            invalid,
            "One or more parameters are invalid. Reason: Message must be shorter than 2048 bytes.",
        ),
        (
            "SendMessage",
            "uploads",
            json!({"MessageBody": "\u{fffe}"}),
            "InvalidMessageContents",
            "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to \
             #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
        ),
        (
            "SendMessage",
            "uploads",
            json!({"MessageBody": "a", "DelaySeconds": -1}),
            invalid,
            "Value -1 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 \
             and <= 900.",
        ),
        (
            "SendMessage",
            "uploads",
            json!({"MessageBody": "a", "MessageDeduplicationId": "d"}),
            invalid,
            "Value d for parameter MessageDeduplicationId is invalid. Reason: The request \
             includes a parameter that is not valid for this queue type.",
        ),
        (
            "SendMessage",
            "uploads",
            attribute(json!({"ErrorDetails": text("")})),
            invalid,
            "Message (user) attribute 'ErrorDetails' must contain a non-empty value of type \
             'String'.",
        ),
        (
            "SendMessage",
            "uploads",
            attribute(json!({"n": {"DataType": "Number", "StringValue": "many"}})),
            invalid,
            "Can't cast the value of message (user) attribute 'n' to a number.",
        ),
        (
            "SendMessage",
            "uploads",
            attribute(Value::Object(eleven)),
            invalid,
            "Number of message attributes [11] exceeds the allowed maximum [10].",
        ),
        (
            "SendMessage",
            "orders.fifo",
            json!({"MessageBody": "a"}),
            "MissingParameter",
            "The request must contain the parameter MessageGroupId.",
        ),
        (
            "SendMessage",
            "strict.fifo",
            json!({"MessageBody": "a", "MessageGroupId": "g"}),
            invalid,
            "The queue should either have ContentBasedDeduplication enabled or \
             MessageDeduplicationId provided explicitly",
        ),
        (
            "SendMessage",
            "orders.fifo",
            json!({"MessageBody": "a", "MessageGroupId": "g", "DelaySeconds": 2}),
            invalid,
            "Value 2 for parameter DelaySeconds is invalid. Reason: The request include parameter \
             that is not valid for this queue type.",
        ),
        (
            "SendMessage",
            "orders.fifo",
            json!({"MessageBody": "a", "MessageGroupId": "g g"}),
            invalid,
            "Value g g for parameter MessageGroupId is invalid. Reason: MessageGroupId can only \
             include alphanumeric and punctuation characters. 1 to 128 in length.",
        ),
        (
            "ReceiveMessage",
            "uploads",
            json!({"MaxNumberOfMessages": 11}),
            invalid,
            "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and \
             10, if provided.",
        ),
        (
            "ReceiveMessage",
            "uploads",
            json!({"MaxNumberOfMessages": 0}),
            invalid,
            "Value 0 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and \
             10, if provided.",
        ),
        (
            "ReceiveMessage",
            "uploads",
            json!({"WaitTimeSeconds": 21}),
            invalid,
            "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, \
             if provided.",
        ),
        (
            "ReceiveMessage",
            "uploads",
            json!({"VisibilityTimeout": 43201}),
            invalid,
            "Value 43201 for parameter VisibilityTimeout is invalid. Reason: Must be >= 0 and <= \
             43200, if provided.",
        ),
    ];

    for (operation, queue, input, code, message) in cases {
        queues
            .check_refused(operation, queue, input, code, message)
            .await;
    }

    assert!(
        queues
            .pipeline
            .queue("uploads")
            .unwrap()
            .messages
            .is_empty()
    );
}

#[tokio::test(start_paused = true)]
async fn a_malformed_batch_is_refused_as_a_whole() {
    let queues = Queues::start().await;
    let long = "a".repeat(600_000);
    let ids = |ids: &[&str]| -> Value {
        ids.iter()
            .map(|id| json!({"Id": id, "MessageBody": "a"}))
            .collect()
    };
    let too_many: Vec<_> = (0..20).map(|number| number.to_string()).collect();
    let too_many: Vec<_> = too_many.iter().map(String::as_str).collect();
    let bad_id = "A batch entry id can only contain alphanumeric characters, hyphens and \
                  underscores. It can be at most 80 letters long.";

    let cases = [
        (
            json!([]),
            "EmptyBatchRequest",
            "There should be at least one SendMessageBatchRequestEntry in the request.",
        ),
        (
            ids(&too_many),
            "TooManyEntriesInBatchRequest",
            "Maximum number of entries per request are 10. You have sent 20.",
        ),
        (
            ids(&["a", "b", "a"]),
            "BatchEntryIdsNotDistinct",
            "Id a repeated.",
        ),
        (ids(&["a", ""]), "InvalidBatchEntryId", bad_id),
        (ids(&["a:b"]), "InvalidBatchEntryId", bad_id),
        (ids(&[&"a".repeat(81)]), "InvalidBatchEntryId", bad_id),
        (
            json!([{"Id": "1", "MessageBody": long}, {"Id": "2", "MessageBody": long}]),
            "BatchRequestTooLong",
            "Batch requests cannot be longer than 1048576 bytes. You have sent 1200000 bytes.",
        ),
    ];

    for (entries, code, message) in cases {
        let code = format!("AWS.SimpleQueueService.{code}");
        let input = json!({"Entries": entries});
        queues
            .check_refused("SendMessageBatch", "uploads", input, &code, message)
            .await;
    }

    let entries = json!([{"Id": "1", "MessageBody": "a", "MessageGroupId": "g"},
                         {"Id": "2", "MessageBody": "b"}]);
    queues
        .check_refused(
            "SendMessageBatch",
            "orders.fifo",
            json!({"Entries": entries}),
            "InvalidParameterValue",
            "The request must contain the parameter MessageGroupId.",
        )
        .await;
    assert!(
        queues
            .pipeline
            .queue("orders.fifo")
            .unwrap()
            .messages
            .is_empty()
    );
}

#[tokio::test(start_paused = true)]
async fn the_queue_url_decides_about_the_queue() {
    let queues = Queues::start().await;
    let receive = async |url: Value| {
        queues
            .client
            .call("ReceiveMessage", json!({"QueueUrl": url}))
            .await
    };

    for host in [
        "http://localhost:9092",
        "https://sqs.us-east-1.amazonaws.com",
    ] {
        let answer = receive(format!("{host}/123456789012/uploads").into()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    let cases = [
        (Value::Null, "MissingParameter"),
        (json!(""), "MissingParameter"),
        (json!("uploads"), "InvalidAddress"),
        (json!("http://localhost"), "InvalidAddress"),
        (
            json!("http://localhost/123456789012/absent"),
            "AWS.SimpleQueueService.NonExistentQueue",
        ),
        (
            json!("http://localhost/000000000000/uploads"),
            "AWS.SimpleQueueService.NonExistentQueue",
        ),
        (
            json!("http://localhost/123456789012/a/b"),
            "AWS.SimpleQueueService.NonExistentQueue",
        ),
    ];

    for (url, code) in cases {
        let refusal = queues
            .client
            .refused("ReceiveMessage", json!({"QueueUrl": url}))
            .await;
        assert_eq!(
            refusal.code,
            format!("{};sender", code.to_lowercase()),
            "{url}"
        );
    }
}
