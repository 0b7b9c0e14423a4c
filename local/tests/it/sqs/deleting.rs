//! Queues are deleted, and what points to them stays.

use std::time::Duration;

use s3_dispatch::{EventPattern, Routes};
use s3_dispatch_local::{
    BucketSpec, Destination, Fault, Faults, FunctionSpec, Hop, LocalPipeline, MappingSpec,
    NotificationSpec, QueueSpec, RuleSpec, SendRefusal, StepKind, SubscriptionSpec, Topology,
};
use s3_dispatch_testing::EventBridgeRule;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::client::{Client, start};
use super::messages::Queues;
use super::persistence::{copy, of, open};

const ABSENT: &str = "The specified queue does not exist.";
const NO_QUEUE: &str = "AWS.SimpleQueueService.NonExistentQueue";
const TOO_SOON: &str = "You must wait 60 seconds after deleting a queue before you can create \
                        another with the same name.";

async fn delete(client: Client, queue: &str) {
    let output = client.ok("DeleteQueue", of(queue, json!({}))).await;
    assert_eq!(output, json!({}));
}

async fn create(client: Client, queue: &str) -> Value {
    client.ok("CreateQueue", json!({"QueueName": queue})).await
}

async fn receive(client: Client, queue: &str) -> Vec<Value> {
    let input = of(queue, json!({"MaxNumberOfMessages": 10}));
    let output = client.ok("ReceiveMessage", input).await;
    output["Messages"].as_array().cloned().unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn a_deleted_queue_is_gone_with_its_messages() {
    let queues = Queues::start().await;
    for body in ["in flight", "visible"] {
        queues.send("uploads", body).await;
    }
    let one = of("uploads", json!({"MaxNumberOfMessages": 1}));
    queues.client.ok("ReceiveMessage", one).await;
    delete(queues.client, "uploads").await;

    assert!(queues.pipeline.queue("uploads").is_err());
    let history = queues.pipeline.journal().history();
    let is_deletion = |kind: &StepKind| matches!(kind, StepKind::Deleted { .. });
    let deletions = history.iter().filter(|step| is_deletion(&step.kind));
    assert_eq!(deletions.count(), 2);

    let listed = queues.client.ok("ListQueues", json!({})).await;
    let urls = listed["QueueUrls"].as_array().unwrap().len();
    assert_eq!(urls, 3, "{listed}");
    let calls = [
        ("SendMessage", json!({"MessageBody": "x"})),
        ("ReceiveMessage", json!({})),
        ("GetQueueAttributes", json!({})),
        ("PurgeQueue", json!({})),
        ("ListQueueTags", json!({})),
        ("DeleteQueue", json!({})),
    ];
    for (operation, input) in calls {
        let input = of("uploads", input);
        queues
            .client
            .check_refused(operation, input, NO_QUEUE, ABSENT)
            .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_can_be_used_again_after_a_minute() {
    let queues = Queues::start().await;
    queues.send("uploads", "old").await;
    let old = receive(queues.client, "uploads").await.remove(0);
    delete(queues.client, "uploads").await;

    let code = "AWS.SimpleQueueService.QueueDeletedRecently";
    let input = json!({"QueueName": "uploads"});
    queues
        .client
        .check_refused("CreateQueue", input.clone(), code, TOO_SOON)
        .await;
    tokio::time::advance(Duration::from_millis(59_500)).await;
    // The deletion of another queue changes nothing.
    delete(queues.client, "failed").await;
    queues
        .client
        .check_refused("CreateQueue", input, code, TOO_SOON)
        .await;

    tokio::time::advance(Duration::from_millis(500)).await;
    create(queues.client, "uploads").await;
    assert!(receive(queues.client, "uploads").await.is_empty());
    let attributes = of("uploads", json!({"AttributeNames": ["RedrivePolicy"]}));
    let attributes = queues.client.ok("GetQueueAttributes", attributes).await;
    assert_eq!(attributes, json!({}), "it has the settings of a new queue");

    // The first message of the new queue is another one than that of the old queue.
    queues.send("uploads", "new").await;
    receive(queues.client, "uploads").await;
    let handle = json!({"ReceiptHandle": old["ReceiptHandle"]});
    queues
        .client
        .ok("DeleteMessage", of("uploads", handle))
        .await;
    assert_eq!(queues.pipeline.queue("uploads").unwrap().messages.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_receive_that_waits_learns_that_its_queue_was_deleted() {
    let queues = Queues::start().await;
    let input = queues.input("uploads", json!({"WaitTimeSeconds": 20}));
    let waiting = queues.client.try_call("ReceiveMessage", &input);
    // The answer is the same if the receive begins after the deletion.
    let (answer, ()) = tokio::join!(waiting, delete(queues.client, "uploads"));
    let answer = answer.unwrap();
    assert_eq!(
        (answer.status, &answer.body["message"]),
        (400, &json!(ABSENT))
    );
}

/// Every way from a bucket to the queue `uploads`.
fn topologies() -> [Topology; 3] {
    let notifying = |destination| {
        let events = [EventPattern::from_static("ObjectCreated:*")];
        BucketSpec::new("photos").with_notification(NotificationSpec::new(events, destination))
    };
    let pattern = EventBridgeRule::parse(r#"{"source": ["aws.s3"]}"#).unwrap();
    let base = || {
        Topology::new()
            .with_queue(QueueSpec::new("uploads"))
            .with_queue(QueueSpec::new("others"))
    };

    [
        base().with_bucket(notifying(Destination::Queue("uploads".into()))),
        base()
            .with_bucket(notifying(Destination::Topic("events".into())))
            .with_topic("events")
            .with_subscription(SubscriptionSpec::new("events", "uploads"))
            .with_subscription(SubscriptionSpec::new("events", "others")),
        base()
            .with_bucket(BucketSpec::new("photos").with_eventbridge())
            .with_rule(RuleSpec::new("uploads", pattern.clone(), "uploads"))
            .with_rule(RuleSpec::new("others", pattern, "others")),
    ]
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_to_a_deleted_queue_is_lost() {
    for (number, topology) in topologies().into_iter().enumerate() {
        let builder = LocalPipeline::builder().with_topology(topology);
        let (pipeline, client) = start(builder).await;
        delete(client, "uploads").await;
        pipeline.put("photos", "a.jpg", "a").await.unwrap();
        pipeline.settle().await;

        let history = pipeline.journal().history();
        let lost = history.iter().filter(|step| match &step.kind {
            StepKind::Refused { queue, reason } => {
                assert_eq!((&**queue, *reason), ("uploads", SendRefusal::QueueDeleted));
                true
            }
            _ => false,
        });
        let lost = lost.filter(|step| step.event.is_some());
        assert_eq!(lost.count(), 1, "topology {number}");
        assert!(pipeline.queue("uploads").is_err(), "topology {number}");
        let others = pipeline.queue("others").unwrap().messages;
        let objects = others.iter().filter(|message| message.event.is_some());
        assert_eq!(objects.count(), usize::from(number > 0));

        // A new queue of this name gets what is sent from now on.
        tokio::time::advance(Duration::from_secs(60)).await;
        create(client, "uploads").await;
        pipeline.put("photos", "b.jpg", "b").await.unwrap();
        pipeline.settle().await;
        assert_eq!(pipeline.queue("uploads").unwrap().messages.len(), 1);
    }
}

/// The topologies with a topic or a rule, which has a queue for dead letters.
fn topologies_with_dead_letters() -> [Topology; 2] {
    let [_, mut topic, mut rule] = topologies();
    topic.subscriptions[0].dead_letter_queue = Some("lost".into());
    rule.rules[0].dead_letter_queue = Some("lost".into());

    [topic, rule].map(|topology| topology.with_queue(QueueSpec::new("lost")))
}

#[tokio::test(start_paused = true)]
async fn what_a_topic_or_a_rule_cannot_deliver_goes_to_its_dead_letters() {
    for (number, topology) in topologies_with_dead_letters().into_iter().enumerate() {
        let builder = LocalPipeline::builder().with_topology(topology);
        let (pipeline, client) = start(builder).await;
        delete(client, "uploads").await;
        let id = pipeline.put("photos", "a.jpg", "a").await.unwrap();
        pipeline.settle().await;

        let of_object = |queue: &str| {
            let mut messages = pipeline.queue(queue).unwrap().messages;
            messages.retain(|message| message.event == Some(id));
            assert_eq!(messages.len(), 1, "{queue} in topology {number}");
            messages.remove(0)
        };
        let (lost, other) = (of_object("lost"), of_object("others"));
        assert_eq!(lost.body, other.body);
        assert_ne!(lost.message_id, other.message_id);

        // Without that queue too, they are lost.
        delete(client, "lost").await;
        pipeline.put("photos", "b.jpg", "b").await.unwrap();
        pipeline.settle().await;
        let history = pipeline.journal().history();
        let refusals = history.iter().filter_map(|step| match &step.kind {
            StepKind::Refused { queue, .. } if step.event > Some(id) => Some(&**queue),
            _ => None,
        });
        assert_eq!(refusals.collect::<Vec<_>>(), ["uploads", "lost"]);
    }
}

/// The message is on its way to its queue when the pipeline is killed.
#[tokio::test(start_paused = true)]
async fn the_way_to_the_dead_letters_survives_a_kill() {
    let long = "k".repeat(1000);

    for mut topology in topologies_with_dead_letters() {
        // The queue refuses a notification about a long key.
        topology.queues[0].max_message_size = 1024;
        let folder = TempDir::new().unwrap();
        let builder = |folder: &TempDir| {
            LocalPipeline::builder()
                .with_topology(topology.clone())
                .with_data(folder.path())
        };
        let delayed = Faults::none().with_rate(Hop::Deliver, Fault::Delay, 1.0);
        let (pipeline, _client) = start(builder(&folder).with_faults(delayed)).await;
        let id = pipeline.put("photos", &long, "a").await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
        let copy = copy(&folder);

        let (pipeline, _client) = start(builder(&copy)).await;
        pipeline.settle().await;
        let lost = pipeline.queue("lost").unwrap().messages;
        let letters = lost.iter().filter(|message| message.event == Some(id));
        assert_eq!(letters.count(), 1);
        let uploads = pipeline.queue("uploads").unwrap().messages;
        assert!(uploads.iter().all(|message| message.event != Some(id)));
    }
}

#[tokio::test(start_paused = true)]
async fn without_their_dead_letter_queue_messages_stay_and_are_received_again() {
    let queues = Queues::start().await;
    queues.send("uploads", "a").await;
    delete(queues.client, "failed").await;

    for count in 1..=4 {
        let names = json!({"AttributeNames": ["All"], "VisibilityTimeout": 0});
        let received = queues.receive("uploads", names).await.remove(0);
        let counted = &received["Attributes"]["ApproximateReceiveCount"];
        assert_eq!(*counted, count.to_string());
    }

    // With a new dead-letter queue, the policy has its effect again.
    tokio::time::advance(Duration::from_secs(60)).await;
    create(queues.client, "failed").await;
    assert!(queues.receive("uploads", json!({})).await.is_empty());
    assert_eq!(queues.pipeline.queue("failed").unwrap().messages.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_move_task_fails_when_one_of_its_queues_is_deleted() {
    let arn = |name: &str| format!("arn:aws:sqs:us-east-1:123456789012:{name}");

    for deleted in ["failed", "uploads"] {
        let queues = Queues::start().await;
        for body in ["a", "b"] {
            queues.send("failed", body).await;
        }
        let input = json!({
            "SourceArn": arn("failed"), "DestinationArn": arn("uploads"),
            "MaxNumberOfMessagesPerSecond": 1,
        });
        let started = queues.client.ok("StartMessageMoveTask", input).await;
        delete(queues.client, deleted).await;
        tokio::time::sleep(Duration::from_secs(1)).await;

        // A task that has ended cannot be cancelled.
        let code = "ResourceNotFoundException";
        let text = "Task does not exist.";
        queues
            .client
            .check_refused("CancelMessageMoveTask", started, code, text)
            .await;
        if deleted == "uploads" {
            let input = json!({"SourceArn": arn("failed")});
            let tasks = queues.client.ok("ListMessageMoveTasks", input).await;
            assert_eq!(tasks["Results"][0]["Status"], "FAILED");
            assert_eq!(tasks["Results"][0]["FailureReason"], NO_QUEUE);
            assert_eq!(queues.pipeline.queue("failed").unwrap().messages.len(), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_mapping_serves_the_next_queue_of_the_name() {
    let topology = Topology::new()
        .with_bucket(
            BucketSpec::new("photos").with_notification(NotificationSpec::new(
                [EventPattern::from_static("ObjectCreated:*")],
                Destination::Queue("uploads".into()),
            )),
        )
        .with_queue(QueueSpec::new("uploads"))
        .with_function(FunctionSpec::new("index"))
        .with_mapping(MappingSpec::new("uploads", "index"));
    let routes = Routes::new(()).on_fn("ObjectCreated:*", || async { Ok::<_, std::io::Error>(()) });
    let builder = LocalPipeline::builder().with_topology(topology);
    let (pipeline, client) = start(builder.with_router("index", routes)).await;

    delete(client, "uploads").await;
    let lost = pipeline.put("photos", "a.jpg", "a").await.unwrap();
    pipeline.settle().await;
    tokio::time::advance(Duration::from_secs(60)).await;
    create(client, "uploads").await;
    let handled = pipeline.put("photos", "b.jpg", "b").await.unwrap();
    pipeline.settle().await;

    let events = pipeline.report().events;
    assert_eq!((events[&lost].handled, events[&handled].handled), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_deletion_survives_a_kill() {
    let folder = TempDir::new().unwrap();
    let (_pipeline, client) = open(folder.path()).await;
    create(client, "created").await;
    for queue in ["created", "uploads"] {
        let input = of(queue, json!({"MessageBody": "old"}));
        client.ok("SendMessage", input).await;
    }
    let input = json!({"Attributes": {"VisibilityTimeout": "7"}});
    client.ok("SetQueueAttributes", of("uploads", input)).await;
    for queue in ["created", "uploads"] {
        delete(client, queue).await;
    }

    // Each start rewrites the log.
    let mut folder = copy(&folder);
    for _ in 0..2 {
        folder = copy(&folder);
        let (pipeline, client) = open(folder.path()).await;
        assert!(pipeline.queue("created").is_err());
        let input = json!({"QueueName": "created"});
        let refusal = client.refused("CreateQueue", input).await;
        assert_eq!(refusal.name, "QueueDeletedRecently");

        // The topology has this queue, so it is there again, as the topology describes it.
        assert!(pipeline.queue("uploads").unwrap().messages.is_empty());
        let names = json!({"AttributeNames": ["VisibilityTimeout"]});
        let output = client.ok("GetQueueAttributes", of("uploads", names)).await;
        assert_eq!(output["Attributes"]["VisibilityTimeout"], "30");
        pipeline.stop().await;
    }

    let (pipeline, client) = open(folder.path()).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    create(client, "created").await;
    let input = of("created", json!({"MessageBody": "new"}));
    client.ok("SendMessage", input).await;
    let folder = copy(&folder);
    drop(pipeline);
    let (pipeline, _client) = open(folder.path()).await;
    let messages = pipeline.queue("created").unwrap().messages;
    assert_eq!(&*messages[0].body, "new");
    assert_eq!(messages.len(), 1);
}
