//! Whole queues: finding, creating, describing, changing and purging them.

use std::time::Duration;

use s3_dispatch_local::{LocalPipeline, QueueSpec, Topology};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::client::{Client, start};
use super::messages::Queues;

fn url(client: Client, name: &str) -> String {
    format!("http://{}/123456789012/{name}", client.0)
}

async fn attributes(queues: &Queues, queue: &str, names: &[&str]) -> Value {
    let output = queues
        .ok(
            "GetQueueAttributes",
            queue,
            json!({"AttributeNames": names}),
        )
        .await;
    output["Attributes"].clone()
}

#[tokio::test(start_paused = true)]
async fn a_queue_has_the_attributes_of_aws() {
    let queues = Queues::start().await;
    for body in ["visible", "in flight", "delayed"] {
        let delay = if body == "delayed" { 100 } else { 0 };
        let input = json!({"MessageBody": body, "DelaySeconds": delay});
        queues.ok("SendMessage", "uploads", input).await;
    }
    queues.ok("ReceiveMessage", "uploads", json!({})).await;

    let mut found = attributes(&queues, "uploads", &["All"]).await;
    for time in ["CreatedTimestamp", "LastModifiedTimestamp"] {
        assert_eq!(
            found[time].take().as_str().map(str::len),
            Some(10),
            "{time}"
        );
    }
    let expected = json!({
        "ApproximateNumberOfMessages": "1",
        "ApproximateNumberOfMessagesDelayed": "1",
        "ApproximateNumberOfMessagesNotVisible": "1",
        "CreatedTimestamp": null,
        "DelaySeconds": "0",
        "LastModifiedTimestamp": null,
        "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600",
        "QueueArn": "arn:aws:sqs:us-east-1:123456789012:uploads",
        "ReceiveMessageWaitTimeSeconds": "0",
        "RedrivePolicy": "{\"deadLetterTargetArn\":\
                          \"arn:aws:sqs:us-east-1:123456789012:failed\",\"maxReceiveCount\":2}",
        "SqsManagedSseEnabled": "true",
        "VisibilityTimeout": "30",
    });
    assert_eq!(found, expected);

    let fifo = [
        "FifoQueue",
        "ContentBasedDeduplication",
        "DeduplicationScope",
        "RedrivePolicy",
    ];
    let expected = json!({
        "FifoQueue": "true", "ContentBasedDeduplication": "true", "DeduplicationScope": "queue",
    });
    assert_eq!(attributes(&queues, "orders.fifo", &fifo).await, expected);
    assert_eq!(attributes(&queues, "uploads", &[]).await, Value::Null);

    let input = json!({"AttributeNames": ["Colour"]});
    let (code, text) = ("InvalidAttributeName", "Unknown Attribute Colour.");
    queues
        .check_refused("GetQueueAttributes", "uploads", input, code, text)
        .await;
}

#[tokio::test(start_paused = true)]
async fn changed_attributes_take_effect() {
    let queues = Queues::start().await;
    let set = async |queue: &str, attributes: Value| {
        queues
            .ok(
                "SetQueueAttributes",
                queue,
                json!({"Attributes": attributes}),
            )
            .await
    };

    queues.send("failed", "old").await;
    tokio::time::advance(Duration::from_secs(100)).await;
    set(
        "failed",
        json!({"MessageRetentionPeriod": "60", "Policy": "{}"}),
    )
    .await;
    assert!(
        queues.receive("failed", json!({})).await.is_empty(),
        "it is older than 60 seconds"
    );
    assert_eq!(
        attributes(&queues, "failed", &["Policy"]).await,
        json!({"Policy": "{}"})
    );
    set("failed", json!({"Policy": ""})).await;
    assert_eq!(
        attributes(&queues, "failed", &["Policy"]).await,
        Value::Null
    );

    set(
        "uploads",
        json!({
            "VisibilityTimeout": "5", "DelaySeconds": "1", "MaximumMessageSize": "1024",
            "ReceiveMessageWaitTimeSeconds": "20", "RedrivePolicy": "",
        }),
    )
    .await;
    queues.send("uploads", "a").await;
    tokio::time::advance(Duration::from_secs(1)).await;
    for _ in 0..4 {
        // Without a redrive policy it comes again and again.
        assert_eq!(queues.receive("uploads", json!({})).await.len(), 1);
        tokio::time::advance(Duration::from_secs(5)).await;
    }
    let long = json!({"MessageBody": "a".repeat(1025)});
    let text = "One or more parameters are invalid. Reason: Message must be shorter than 1024 \
                bytes.";
    queues
        .check_refused(
            "SendMessage",
            "uploads",
            long,
            "InvalidParameterValue",
            text,
        )
        .await;
    let names = [
        "VisibilityTimeout",
        "ReceiveMessageWaitTimeSeconds",
        "RedrivePolicy",
    ];
    let expected = json!({"VisibilityTimeout": "5", "ReceiveMessageWaitTimeSeconds": "20"});
    assert_eq!(attributes(&queues, "uploads", &names).await, expected);

    set(
        "orders.fifo",
        json!({"ContentBasedDeduplication": "false", "FifoQueue": "true"}),
    )
    .await;
    let order = json!({"MessageBody": "a", "MessageGroupId": "g"});
    let text = "The queue should either have ContentBasedDeduplication enabled or \
                MessageDeduplicationId provided explicitly";
    queues
        .check_refused(
            "SendMessage",
            "orders.fifo",
            order,
            "InvalidParameterValue",
            text,
        )
        .await;
}

#[tokio::test(start_paused = true)]
async fn attributes_that_sqs_does_not_accept_change_nothing() {
    let queues = Queues::start().await;
    let before = attributes(&queues, "uploads", &["All"]).await;
    let policy = |target: &str, count: Value| {
        json!({"deadLetterTargetArn": target, "maxReceiveCount": count}).to_string()
    };
    let arn = |name: &str| format!("arn:aws:sqs:us-east-1:123456789012:{name}");
    let reason = |policy: &str, reason: &str| {
        format!("Value {policy} for parameter RedrivePolicy is invalid. Reason: {reason}")
    };
    let (value, name) = ("InvalidAttributeValue", "InvalidAttributeName");
    let parameter = "InvalidParameterValue";
    let absent = policy(&arn("absent"), json!(1));
    let fifo = policy(&arn("orders.fifo"), json!(1));
    let dummy = policy("dummy", json!(42));
    let often = policy(&arn("failed"), json!(1001));

    let cases = [
        (
            "VisibilityTimeout",
            "43201",
            value,
            "Invalid value for the parameter VisibilityTimeout.",
        ),
        (
            "VisibilityTimeout",
            "soon",
            value,
            "Invalid value for the parameter VisibilityTimeout.",
        ),
        (
            "DelaySeconds",
            "901",
            value,
            "Invalid value for the parameter DelaySeconds.",
        ),
        (
            "MessageRetentionPeriod",
            "59",
            value,
            "Invalid value for the parameter MessageRetentionPeriod.",
        ),
        ("Colour", "red", name, "Unknown Attribute Colour."),
        ("QueueArn", "arn", name, "Unknown Attribute QueueArn."),
        ("FifoQueue", "true", name, "Unknown Attribute FifoQueue."),
        (
            "ContentBasedDeduplication",
            "true",
            name,
            "You can specify the ContentBasedDeduplication only when FifoQueue is set to true.",
        ),
        (
            "RedriveAllowPolicy",
            "{}",
            parameter,
            "Value {} for parameter RedriveAllowPolicy is invalid. Reason: Amazon SQS can't create \
             the redrive allow policy, as it's not in the supported format.",
        ),
        (
            "RedrivePolicy",
            &dummy,
            parameter,
            &reason(&dummy, "Invalid value for deadLetterTargetArn."),
        ),
        (
            "RedrivePolicy",
            &absent,
            parameter,
            &reason(&absent, "Dead letter target does not exist."),
        ),
        (
            "RedrivePolicy",
            &fifo,
            parameter,
            &reason(
                &fifo,
                "Dead-letter queue must be same type of queue as the source.",
            ),
        ),
        (
            "RedrivePolicy",
            &often,
            parameter,
            &reason(
                &often,
                "Invalid value for maxReceiveCount: 1001, valid values are from 1 to \
                             1000 both inclusive.",
            ),
        ),
        (
            "RedrivePolicy",
            "{}",
            parameter,
            &reason(
                "{}",
                "Redrive policy does not contain mandatory attribute: \
                           deadLetterTargetArn.",
            ),
        ),
    ];

    for (attribute, value, code, text) in cases {
        let input = json!({"Attributes": {attribute: value, "DelaySeconds": "7"}});
        let input = if attribute == "DelaySeconds" {
            json!({"Attributes": {attribute: value}})
        } else {
            input
        };
        queues
            .check_refused("SetQueueAttributes", "uploads", input, code, text)
            .await;
    }

    assert_eq!(attributes(&queues, "uploads", &["All"]).await, before);
    let input = json!({"Attributes": {"FifoQueue": "false"}});
    let text = "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not \
                supported.";
    queues
        .check_refused("SetQueueAttributes", "orders.fifo", input, value, text)
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_created_queue_is_like_any_other() {
    let queues = Queues::start().await;
    let client = queues.client;
    let attributes = json!({"VisibilityTimeout": "100", "DelaySeconds": "2"});
    let input = json!({"QueueName": "new", "Attributes": attributes});
    let created = client.ok("CreateQueue", input.clone()).await;
    assert_eq!(created["QueueUrl"], url(client, "new"));
    assert_eq!(
        queues.pipeline.queue_url("new").unwrap(),
        url(client, "new")
    );

    queues.send("new", "hello").await;
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(queues.receive("new", json!({})).await[0]["Body"], "hello");
    tokio::time::advance(Duration::from_secs(99)).await;
    assert!(queues.receive("new", json!({})).await.is_empty());

    // Again, with the same attributes or without.
    assert_eq!(client.ok("CreateQueue", input).await, created);
    assert_eq!(
        client.ok("CreateQueue", json!({"QueueName": "new"})).await,
        created
    );
    let other = json!({"QueueName": "new", "Attributes": {"DelaySeconds": "1"}});
    let text = "A queue already exists with the same name and a different value for attribute \
                DelaySeconds";
    client
        .check_refused("CreateQueue", other, "QueueAlreadyExists", text)
        .await;

    let fifo = json!({"QueueName": "new.fifo", "Attributes": {"FifoQueue": "true"}});
    client.ok("CreateQueue", fifo).await;
    let order = json!({
        "MessageBody": "a", "MessageGroupId": "g", "MessageDeduplicationId": "d",
    });
    assert!(queues.ok("SendMessage", "new.fifo", order).await["SequenceNumber"].is_string());
}

#[tokio::test(start_paused = true)]
async fn names_that_sqs_does_not_allow_are_refused() {
    let queues = Queues::start().await;
    let client = queues.client;
    let standard = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in \
                    length";
    let fifo = "The name of a FIFO queue can only include alphanumeric characters, hyphens, or \
                underscores, must end with .fifo suffix and be 1 to 80 in length";

    for name in ["", "a b", "a/b", "ä", "orders2.fifo", &"a".repeat(81)] {
        let input = json!({"QueueName": name});
        client
            .check_refused("CreateQueue", input, "InvalidParameterValue", standard)
            .await;
    }

    for name in [
        "orders2",
        ".fifo",
        "a b.fifo",
        &format!("{}.fifo", "a".repeat(76)),
    ] {
        let input = json!({"QueueName": name, "Attributes": {"FifoQueue": "true"}});
        client
            .check_refused("CreateQueue", input, "InvalidParameterValue", fifo)
            .await;
    }

    let missing = "The request must contain the parameter QueueName.";
    client
        .check_refused("CreateQueue", json!({}), "MissingParameter", missing)
        .await;
}

#[tokio::test(start_paused = true)]
async fn queues_are_listed_page_by_page() {
    let queues = Queues::start().await;
    let client = queues.client;
    let urls =
        |names: &[&str]| -> Vec<String> { names.iter().map(|name| url(client, name)).collect() };

    let all = client.ok("ListQueues", json!({})).await;
    let names = ["failed", "orders.fifo", "strict.fifo", "uploads"];
    assert_eq!(all, json!({"QueueUrls": urls(&names)}));
    let some = client
        .ok("ListQueues", json!({"QueueNamePrefix": "s"}))
        .await;
    assert_eq!(some, json!({"QueueUrls": urls(&["strict.fifo"])}));
    assert_eq!(
        client
            .ok("ListQueues", json!({"QueueNamePrefix": "x"}))
            .await,
        json!({})
    );

    let first = client.ok("ListQueues", json!({"MaxResults": 3})).await;
    assert_eq!(first["QueueUrls"], json!(urls(&names[..3])));
    let input = json!({"MaxResults": 3, "NextToken": first["NextToken"]});
    assert_eq!(
        client.ok("ListQueues", input).await,
        json!({"QueueUrls": urls(&names[3..])})
    );

    let sources = json!({"QueueUrl": url(client, "failed")});
    let sources = client.ok("ListDeadLetterSourceQueues", sources).await;
    assert_eq!(sources, json!({"queueUrls": urls(&["uploads"])}));
}

#[tokio::test(start_paused = true)]
async fn a_purge_removes_every_message_and_can_be_repeated_after_a_minute() {
    let queues = Queues::start().await;
    queues.send("uploads", "in flight").await;
    queues.receive("uploads", json!({})).await;
    queues.send("uploads", "visible").await;
    queues
        .ok(
            "SendMessage",
            "uploads",
            json!({"MessageBody": "x", "DelaySeconds": 9}),
        )
        .await;
    queues.ok("PurgeQueue", "uploads", json!({})).await;
    assert!(
        queues
            .pipeline
            .queue("uploads")
            .unwrap()
            .messages
            .is_empty()
    );

    tokio::time::advance(Duration::from_secs(59)).await;
    let code = "AWS.SimpleQueueService.PurgeQueueInProgress";
    let text = "Only one PurgeQueue operation on uploads is allowed every 60 seconds.";
    queues
        .check_refused("PurgeQueue", "uploads", json!({}), code, text)
        .await;
    queues.ok("PurgeQueue", "failed", json!({})).await;
    tokio::time::advance(Duration::from_secs(1)).await;
    queues.ok("PurgeQueue", "uploads", json!({})).await;
}

async fn open(folder: &TempDir, uploads: QueueSpec) -> (LocalPipeline, Client) {
    let topology = Topology::new().with_queue(uploads);
    start(
        LocalPipeline::builder()
            .with_topology(topology)
            .with_data(folder.path()),
    )
    .await
}

#[tokio::test(start_paused = true)]
async fn created_queues_and_changed_settings_survive_a_restart() {
    let folder = TempDir::new().unwrap();
    let timeout = async |client: Client, name: &str| {
        let input = json!({"QueueUrl": url(client, name), "AttributeNames": ["All"]});
        client.ok("GetQueueAttributes", input).await["Attributes"]["VisibilityTimeout"].clone()
    };

    let (pipeline, client) = open(&folder, QueueSpec::new("uploads")).await;
    let policy = json!({
        "deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:uploads",
        "maxReceiveCount": "3",
    });
    let attributes = json!({"VisibilityTimeout": "7", "RedrivePolicy": policy.to_string()});
    let create = json!({"QueueName": "new", "Attributes": attributes});
    client.ok("CreateQueue", create.clone()).await;
    let send = json!({"QueueUrl": url(client, "new"), "MessageBody": "kept"});
    client.ok("SendMessage", send).await;
    let input =
        json!({"Attributes": {"VisibilityTimeout": "8"}, "QueueUrl": url(client, "uploads")});
    client.ok("SetQueueAttributes", input).await;
    pipeline.stop().await;
    drop(pipeline);

    let (pipeline, client) = open(&folder, QueueSpec::new("uploads")).await;
    assert_eq!(timeout(client, "uploads").await, "8");
    // The same attributes: it exists.
    client.ok("CreateQueue", create).await;
    assert_eq!(&*pipeline.queue("new").unwrap().messages[0].body, "kept");
    pipeline.stop().await;
    drop(pipeline);

    // What the configuration says now counts more than what a client changed before.
    let changed = QueueSpec::new("uploads").with_visibility_timeout(Duration::from_secs(9));
    let (_pipeline, client) = open(&folder, changed).await;
    assert_eq!(timeout(client, "uploads").await, "9");
    assert_eq!(timeout(client, "new").await, "7");
}

#[tokio::test(start_paused = true)]
async fn a_queue_is_encrypted_unless_it_is_told_otherwise() {
    let queues = Queues::start().await;
    let own = "SqsManagedSseEnabled";
    let names = [own, "KmsMasterKeyId"];
    assert_eq!(
        attributes(&queues, "uploads", &names).await,
        json!({own: "true"})
    );

    for (given, expected) in [
        (json!({own: "false"}), json!({own: "false"})),
        (json!({own: "true"}), json!({own: "true"})),
        (
            json!({"KmsMasterKeyId": "key"}),
            json!({own: "false", "KmsMasterKeyId": "key"}),
        ),
        (json!({own: "true"}), json!({own: "true"})),
    ] {
        let input = json!({"Attributes": given});
        queues.ok("SetQueueAttributes", "uploads", input).await;
        assert_eq!(
            attributes(&queues, "uploads", &names).await,
            expected,
            "{given}"
        );
    }

    let input = json!({"Attributes": {own: "yes"}});
    let message = "Invalid value for the parameter SqsManagedSseEnabled.";
    queues
        .check_refused(
            "SetQueueAttributes",
            "uploads",
            input,
            "InvalidAttributeValue",
            message,
        )
        .await;

    // The default is the same as the value that says it.
    let input = json!({"QueueName": "uploads", "Attributes": {own: "true"}});
    queues.client.ok("CreateQueue", input).await;
}

#[tokio::test(start_paused = true)]
async fn a_new_delay_is_for_the_delayed_messages_of_a_fifo_queue() {
    for (queue, group, is_there) in [("orders.fifo", Some("g"), true), ("uploads", None, false)] {
        let queues = Queues::start().await;
        let set = async |seconds: &str| {
            let input = json!({"Attributes": {"DelaySeconds": seconds}});
            queues.ok("SetQueueAttributes", queue, input).await;
        };
        let mut input = json!({"MessageBody": "delayed"});
        if let Some(group) = group {
            input["MessageGroupId"] = group.into();
        }

        set("900").await;
        queues.ok("SendMessage", queue, input).await;
        set("100").await;
        tokio::time::advance(Duration::from_secs(99)).await;
        assert!(queues.receive(queue, json!({})).await.is_empty(), "{queue}");
        tokio::time::advance(Duration::from_secs(1)).await;
        let received = queues
            .receive(queue, json!({"VisibilityTimeout": 10}))
            .await;
        assert_eq!(!received.is_empty(), is_there, "{queue}");

        // What has been visible is not delayed again.
        if is_there {
            set("900").await;
            tokio::time::advance(Duration::from_secs(10)).await;
            assert_eq!(queues.receive(queue, json!({})).await.len(), 1);
        }
    }
}
