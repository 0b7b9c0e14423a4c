//! Notification configurations that clients put while the pipeline runs.

use s3_dispatch_local::{
    BucketSpec, Destination, LocalPipeline, NotificationSource, NotificationSpec, QueueSpec,
    RuleSpec, S3Endpoint, StepKind, SubscriptionSpec, Topology,
};
use s3_dispatch_testing::EventBridgeRule;
use serde_json::Value;
use tempfile::TempDir;

use super::client::{Answer, S3Client, serve};

const BUCKET: &str = "amzn-s3-demo-new";

/// A pipeline with a topic, queues and a rule, and without a bucket.
fn topology() -> Topology {
    let everything = EventBridgeRule::parse(r#"{"source": ["aws.s3"]}"#).unwrap();
    Topology::new()
        .with_topic("created")
        .with_subscription(SubscriptionSpec::new("created", "from-topic"))
        .with_rule(RuleSpec::new("everything", everything, "from-bus"))
        .with_queue(QueueSpec::new("from-topic"))
        .with_queue(QueueSpec::new("from-bus"))
        .with_queue(QueueSpec::new("direct"))
        .with_queue(QueueSpec::new("other"))
        .with_queue(QueueSpec::new("ordered.fifo"))
}

struct Wired {
    pipeline: LocalPipeline,
    _endpoint: S3Endpoint,
    client: S3Client,
}

impl Wired {
    async fn start(topology: Topology) -> Self {
        let builder = LocalPipeline::builder().with_topology(topology);
        Self::serve(builder.start().await.unwrap()).await
    }

    /// A pipeline to which a client has added the bucket.
    async fn with_bucket() -> Self {
        let wired = Self::start(topology()).await;
        assert_eq!(wired.send("PUT", "", &[], "").status, 200);
        wired
    }

    async fn serve(pipeline: LocalPipeline) -> Self {
        let (endpoint, client) = serve(&pipeline).await;
        Self {
            pipeline,
            _endpoint: endpoint,
            client,
        }
    }

    /// Sends a request about the bucket.
    fn send(&self, method: &str, rest: &str, headers: &[&str], body: &str) -> Answer {
        let target = format!("/{BUCKET}{rest}");
        tokio::task::block_in_place(|| {
            let sent = self.client.send(method, &target, headers, body.as_bytes());
            sent.unwrap()
        })
    }

    fn put(&self, configurations: &str) -> Answer {
        self.put_with(configurations, &[])
    }

    fn put_with(&self, configurations: &str, headers: &[&str]) -> Answer {
        let body =
            format!("<NotificationConfiguration>{configurations}</NotificationConfiguration>");
        self.send("PUT", "?notification", headers, &body)
    }

    fn configure(&self, configurations: &str) {
        let answer = self.put(configurations);
        assert_eq!(answer.status, 200, "{configurations}: {answer:?}");
    }

    fn configuration(&self) -> Answer {
        let answer = self.send("GET", "?notification", &[], "");
        assert_eq!(answer.status, 200, "{answer:?}");
        answer
    }

    fn put_object(&self, key: &str) {
        let answer = self.send("PUT", &format!("/{key}"), &[], "body");
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// What a queue holds: the keys of records, or `test` for a test notification.
    async fn received(&self, queue: &str) -> Vec<String> {
        self.pipeline.settle().await;
        let messages = self.pipeline.queue(queue).unwrap().messages.into_iter();
        let about = messages.map(|message| {
            let body: Value = serde_json::from_str(&message.body).unwrap();
            let key = match (&body["Event"], &body["detail"]) {
                (Value::String(event), _) => {
                    assert_eq!(event, "s3:TestEvent");
                    assert_eq!(
                        (&body["Service"], &body["Bucket"]),
                        (&"Amazon S3".into(), &BUCKET.into())
                    );
                    return String::from("test");
                }
                (_, Value::Null) => &body["Records"][0]["s3"]["object"]["key"],
                (_, detail) => &detail["object"]["key"],
            };
            key.as_str().unwrap().to_owned()
        });

        about.collect()
    }
}

fn queue(name: &str, rest: &str) -> String {
    format!(
        "<QueueConfiguration><Queue>arn:aws:sqs:us-east-1:123456789012:{name}</Queue>{rest}\
         </QueueConfiguration>"
    )
}

fn topic(name: &str, rest: &str) -> String {
    format!(
        "<TopicConfiguration><Topic>arn:aws:sns:us-east-1:123456789012:{name}</Topic>{rest}\
         </TopicConfiguration>"
    )
}

const CREATED: &str = "<Event>s3:ObjectCreated:*</Event>";

fn filter(rules: &[(&str, &str)]) -> String {
    let rules = rules.iter().map(|(name, value)| {
        format!("<FilterRule><Name>{name}</Name><Value>{value}</Value></FilterRule>")
    });
    let rules: String = rules.collect();
    format!("<Filter><S3Key>{rules}</S3Key></Filter>")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_wires_a_bucket_that_a_client_has_created() {
    let wired = Wired::with_bucket().await;
    wired.put_object("before");
    let images = filter(&[("prefix", "images/"), ("Suffix", ".jpg")]);
    wired.configure(&queue(
        "direct",
        &format!("<Id>images</Id>{CREATED}{images}"),
    ));
    assert_eq!(wired.received("direct").await, ["test"]);

    for key in ["images/1.jpg", "images/2.png", "3.jpg"] {
        wired.put_object(key);
    }
    assert_eq!(wired.received("direct").await, ["test", "images/1.jpg"]);

    let configuration = wired.configuration();
    assert_eq!(configuration.texts("Id"), ["images"]);
    assert_eq!(configuration.texts("Event"), ["s3:ObjectCreated:*"]);
    assert_eq!(configuration.texts("Name"), ["Prefix", "Suffix"]);
    assert_eq!(configuration.texts("Value"), ["images/", ".jpg"]);
    assert_eq!(
        configuration.texts("Queue"),
        ["arn:aws:sqs:us-east-1:123456789012:direct"]
    );

    // The whole configuration is replaced.
    wired.configure(&topic("created", CREATED));
    wired.put_object("images/4.jpg");
    assert_eq!(wired.received("direct").await, ["test", "images/1.jpg"]);
    assert_eq!(wired.received("from-topic").await, ["test", "images/4.jpg"]);

    wired.configure("");
    wired.put_object("images/5.jpg");
    assert_eq!(wired.received("from-topic").await.len(), 2);
    let configuration = wired.configuration();
    assert!(configuration.body.contains("NotificationConfiguration"));
    assert_eq!(configuration.text("Topic"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_destination_gets_the_test_notification_and_its_events() {
    let wired = Wired::with_bucket().await;
    let removed = "<Event>s3:ObjectRemoved:Delete</Event><Event>s3:ObjectTagging:*</Event>";
    let all = [
        topic("created", CREATED),
        queue("direct", removed),
        String::from("<EventBridgeConfiguration></EventBridgeConfiguration>"),
    ];
    wired.configure(&all.concat());
    let configuration = wired.configuration();
    assert!(configuration.body.contains("EventBridgeConfiguration"));

    wired.put_object("key");
    wired.send("DELETE", "/key", &[], "");
    assert_eq!(wired.received("from-topic").await, ["test", "key"]);
    assert_eq!(wired.received("direct").await, ["test", "key"]);
    // S3 sends no test notification to EventBridge.
    assert_eq!(wired.received("from-bus").await, ["key", "key"]);

    // Without its element, EventBridge is off.
    wired.configure(&queue("direct", removed));
    wired.put_object("key");
    assert_eq!(wired.received("from-bus").await.len(), 2);
    let configuration = wired.configuration();
    assert!(!configuration.body.contains("EventBridgeConfiguration"));
}

#[tokio::test(flavor = "multi_thread")]
async fn configurations_without_an_id_get_one() {
    let wired = Wired::with_bucket().await;
    let removed = "<Event>s3:ObjectRemoved:*</Event>";
    let two = [queue("direct", CREATED), queue("other", removed)].concat();
    wired.configure(&two);
    let configuration = wired.configuration();
    let ids = configuration.texts("Id");
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);
    assert!(ids.iter().all(|id| id.len() == 48), "{ids:?}");

    wired.put_object("key");
    wired.pipeline.settle().await;
    let messages = wired.pipeline.queue("direct").unwrap().messages;
    let record: Value = serde_json::from_str(&messages[1].body).unwrap();
    assert_eq!(record["Records"][0]["s3"]["configurationId"], ids[0]);

    // What a client has read can be put again.
    let answer = wired.send("PUT", "?notification", &[], &configuration.body);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(wired.configuration().texts("Id"), ids);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_is_written_encoded() {
    let wired = Wired::with_bucket().await;
    let written = "a+b%2Bc%3Ad/%C3%A9";
    wired.configure(&queue(
        "direct",
        &[CREATED, &filter(&[("prefix", written)])].concat(),
    ));
    wired.put_object("a%20b%2Bc%3Ad/%C3%A9-1");
    wired.put_object("a%2Bb%2Bc%3Ad/%C3%A9-2");
    assert_eq!(
        wired.received("direct").await,
        ["test", "a+b%2Bc%3Ad/%C3%A9-1"]
    );
    assert_eq!(wired.configuration().texts("Value"), [written]);
}

/// What a client puts, and how S3's answer begins.
fn refused() -> Vec<(String, &'static str, &'static str)> {
    let arn = "InvalidArgument";
    let unknown = "The event is not supported for notifications";
    let overlap = "Configurations overlap. Configurations on the same bucket cannot share a common \
                   event type";
    let ambiguous = "Configuration is ambiguously defined. Cannot have overlapping suffixes in two \
                     rules if the prefixes are overlapping for the same event type";
    let unparsable = "The ARN could not be parsed";
    let region = "The notification destination service region is not valid for the bucket location \
                  constraint";
    let missing = "Unable to validate the following destination configurations";
    let own = |rest: &str| queue("direct", rest);
    let filtered = |rules: &[(&str, &str)]| own(&[CREATED, &filter(rules)].concat());
    let other = |rules: &[(&str, &str)]| queue("other", &[CREATED, &filter(rules)].concat());
    let with_arn = |arn: &str| {
        format!("<QueueConfiguration><Queue>{arn}</Queue>{CREATED}</QueueConfiguration>")
    };
    let long = "x".repeat(1025);

    vec![
        (own("<Event>s3:ObjectCreatd:*</Event>"), arn, unknown),
        (own("<Event>s3:ObjectCreated:Putt</Event>"), arn, unknown),
        (own("<Event>ObjectCreated:Put</Event>"), arn, unknown),
        (own("<Event>s3:*</Event>"), arn, unknown),
        (own("<Event>s3:</Event>"), arn, unknown),
        (own(""), "MalformedXML", ""),
        (
            [own(CREATED), queue("other", CREATED)].concat(),
            arn,
            overlap,
        ),
        (
            [
                own(CREATED),
                topic("created", "<Event>s3:ObjectCreated:Put</Event>"),
            ]
            .concat(),
            arn,
            overlap,
        ),
        (
            [own(CREATED), other(&[("prefix", "a")])].concat(),
            arn,
            ambiguous,
        ),
        (
            [filtered(&[("prefix", "a/")]), other(&[("prefix", "a/b")])].concat(),
            arn,
            ambiguous,
        ),
        (
            [
                filtered(&[("suffix", ".jpg")]),
                other(&[("suffix", "x.jpg")]),
            ]
            .concat(),
            arn,
            ambiguous,
        ),
        (
            filtered(&[("INVALID", "a")]),
            arn,
            "filter rule name must be either prefix or suffix",
        ),
        (
            filtered(&[("prefix", "a"), ("Prefix", "b")]),
            arn,
            "Cannot specify more than one prefix rule in a filter.",
        ),
        (
            filtered(&[("suffix", "a"), ("suffix", "a")]),
            arn,
            "Cannot specify more than one suffix rule in a filter.",
        ),
        (
            filtered(&[("prefix", &long)]),
            arn,
            "Size of filter rule value cannot exceed 1024 bytes in UTF-8 representation",
        ),
        (
            [
                own(&format!("<Id>same</Id>{CREATED}")),
                queue("other", "<Id>same</Id><Event>s3:ObjectRemoved:*</Event>"),
            ]
            .concat(),
            arn,
            "Same ID used for multiple configurations. IDs must be unique",
        ),
        (
            queue("ordered.fifo", CREATED),
            arn,
            "FIFO SQS queues are not supported",
        ),
        (with_arn("invalid-queue"), arn, unparsable),
        (
            with_arn("arn:aws:sns:us-east-1:123456789012:created"),
            arn,
            unparsable,
        ),
        (
            with_arn("arn:aws:sqs:us-east-1:123456789012:"),
            arn,
            unparsable,
        ),
        (
            with_arn("arn:aws:sqs:eu-west-1:123456789012:direct"),
            arn,
            region,
        ),
        (
            with_arn("arn:aws:sqs:us-east-1:999999999999:direct"),
            arn,
            missing,
        ),
        (queue("absent", CREATED), arn, missing),
        (topic("absent", CREATED), arn, missing),
        (
            format!(
                "<CloudFunctionConfiguration>\
                 <CloudFunction>arn:aws:lambda:us-east-1:123456789012:function:index\
                 </CloudFunction>{CREATED}</CloudFunctionConfiguration>"
            ),
            "NotImplemented",
            "the pipeline cannot invoke \
             `arn:aws:lambda:us-east-1:123456789012:function:index` from a bucket; publish to a \
             queue",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_s3_refuses_changes_nothing() {
    let wired = Wired::with_bucket().await;
    wired.configure(&queue("direct", CREATED));

    for (configurations, code, text) in refused() {
        let answer = wired.put(&configurations);
        let message = answer.text("Message").unwrap_or_default();
        assert_eq!(
            answer.text("Code"),
            Some(code),
            "{configurations}: {answer:?}"
        );
        assert!(message.starts_with(text), "{configurations}: {message}");
        let status = if code == "NotImplemented" { 501 } else { 400 };
        assert_eq!(answer.status, status, "{configurations}: {answer:?}");
        assert_eq!(wired.configuration().texts("Queue").len(), 1);
    }

    wired.put_object("key");
    assert_eq!(wired.received("direct").await, ["test", "key"]);
    assert_eq!(wired.received("other").await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_missing_destinations_are_named() {
    let wired = Wired::with_bucket().await;
    let removed = "<Event>s3:ObjectRemoved:*</Event>";
    let answer = wired.put(&[topic("no-topic", CREATED), queue("no-queue", removed)].concat());
    let message = answer.text("Message").unwrap();
    let expected = "arn:aws:sns:us-east-1:123456789012:no-topic (The destination topic does not \
                    exist), arn:aws:sqs:us-east-1:123456789012:no-queue (The destination queue \
                    does not exist)";
    assert!(message.ends_with(expected), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn destinations_are_not_checked_if_the_client_says_so() {
    let wired = Wired::with_bucket().await;
    let skip = ["x-amz-skip-destination-validation: true"];
    let removed = "<Event>s3:ObjectRemoved:*</Event>";
    let tagged = "<Event>s3:ObjectTagging:*</Event>";
    let both = [
        queue("absent", CREATED),
        queue("direct", removed),
        topic("no-topic", tagged),
    ];
    let both = both.concat();
    let answer = wired.put_with(&both, &skip);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(wired.configuration().texts("Queue").len(), 2);

    // The notification is lost, and no queue comes into being.
    wired.put_object("key");
    let tags = "<Tagging><TagSet></TagSet></Tagging>";
    assert_eq!(wired.send("PUT", "/key?tagging", &[], tags).status, 200);
    wired.send("DELETE", "/key", &[], "");
    assert_eq!(wired.received("direct").await, ["key"]);
    assert!(wired.pipeline.queue("absent").is_err());
    let history = wired.pipeline.journal().history();
    let lost = history.iter().filter_map(|step| match &step.kind {
        StepKind::NoDestination { destination } => Some(&**destination),
        StepKind::Refused { queue, .. } => Some(&**queue),
        _ => None,
    });
    let lost: std::collections::BTreeSet<_> = lost.collect();
    assert_eq!(lost.into_iter().collect::<Vec<_>>(), ["absent", "no-topic"]);

    // What cannot be read is refused nevertheless.
    let answer = wired.put_with(&queue("ordered.fifo", CREATED), &skip);
    assert_eq!(answer.text("Code"), Some("InvalidArgument"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_of_the_topology_can_be_read_and_replaced() {
    let created = NotificationSpec::new(
        ["ObjectCreated:*".parse().unwrap()],
        Destination::Queue("direct".into()),
    );
    let removed = NotificationSpec::new(
        ["ObjectRemoved:*".parse().unwrap()],
        Destination::Topic("created".into()),
    );
    let bucket = BucketSpec::new(BUCKET)
        .with_notification(created.with_prefix("a b/"))
        .with_notification(removed);
    let wired = Wired::start(topology().with_bucket(bucket)).await;

    let configuration = wired.configuration();
    assert_eq!(
        configuration.texts("Id"),
        ["notifications", "notifications-2"]
    );
    assert_eq!(configuration.texts("Value"), ["a+b/"]);

    wired.configure(&queue("other", CREATED));
    wired.put_object("a%20b/key");
    assert_eq!(wired.received("direct").await, ["test"]);
    assert_eq!(wired.received("other").await, ["test", "a+b/key"]);

    // A bucket that is created again publishes nothing.
    wired.send("DELETE", "/a%20b/key", &[], "");
    assert_eq!(wired.send("DELETE", "", &[], "").status, 204);
    let gone = wired.send("GET", "?notification", &[], "");
    assert_eq!(gone.text("Code"), Some("NoSuchBucket"));
    assert_eq!(wired.put("").text("Code"), Some("NoSuchBucket"));
    assert_eq!(wired.send("PUT", "", &[], "").status, 200);
    wired.put_object("key");
    assert_eq!(wired.received("other").await.len(), 2);
    assert_eq!(wired.received("direct").await, ["test"]);
}

/// The queue of the file's configuration, or none if the file does not have the bucket.
async fn restart(folder: &TempDir, queue: Option<&str>) -> Wired {
    let topology = match queue {
        None => topology(),
        Some(queue) => {
            let events = ["ObjectCreated:*".parse().unwrap()];
            let spec = NotificationSpec::new(events, Destination::Queue(queue.into()));
            topology().with_bucket(BucketSpec::new(BUCKET).with_notification(spec))
        }
    };
    let builder = LocalPipeline::builder().with_topology(topology);
    let pipeline = builder.with_data(folder.path()).start().await.unwrap();

    Wired::serve(pipeline).await
}

async fn stop(mut wired: Wired) {
    wired._endpoint.stop().await;
    wired.pipeline.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_counts_after_a_restart_until_the_file_changes() {
    let folder = TempDir::new().unwrap();
    let wired = restart(&folder, Some("direct")).await;
    assert_eq!(wired.pipeline.notification_sources(), []);
    let images = format!("<Id>mine</Id>{CREATED}{}", filter(&[("prefix", "a+b")]));
    let eventbridge = "<EventBridgeConfiguration/>";
    wired.configure(&[&queue("other", &images), eventbridge].concat());
    let put = wired.configuration().body;
    stop(wired).await;

    // Two starts, each of which rewrites the log.
    for key in ["a b1", "a b2"] {
        let wired = restart(&folder, Some("direct")).await;
        let expected = [(String::from(BUCKET), NotificationSource::Client)];
        assert_eq!(wired.pipeline.notification_sources(), expected);
        assert_eq!(wired.configuration().body, put);
        wired.put_object(&key.replace(' ', "%20"));
        let key = key.replace(' ', "+");
        assert_eq!(wired.received("other").await.last(), Some(&key));
        assert_eq!(wired.received("direct").await, ["test"]);
        stop(wired).await;
    }

    // The file says something else now, and then the same as before the last start.
    let expected = [(String::from(BUCKET), NotificationSource::Topology)];
    let wired = restart(&folder, Some("from-topic")).await;
    assert_eq!(wired.pipeline.notification_sources(), expected);
    wired.put_object("a%20b3");
    assert_eq!(wired.received("from-topic").await, ["a+b3"]);
    assert_eq!(wired.received("other").await.len(), 3);
    stop(wired).await;

    let wired = restart(&folder, Some("from-topic")).await;
    assert_eq!(wired.pipeline.notification_sources(), []);
    stop(wired).await;

    // A bucket that the file leaves out stays and publishes nothing, until a client configures it.
    let wired = restart(&folder, None).await;
    assert_eq!(wired.pipeline.notification_sources(), []);
    assert_eq!(wired.configuration().text("Queue"), None);
    wired.configure(&queue("direct", CREATED));
    stop(wired).await;
    let wired = restart(&folder, None).await;
    assert_eq!(wired.pipeline.notification_sources(), []);
    assert_eq!(wired.configuration().texts("Queue").len(), 1);
}

/// Puts objects while the configuration changes between two queues.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_event_follows_the_configuration_at_the_time_of_its_object() {
    let wired = Wired::with_bucket().await;
    let queues = ["direct", "other"];
    wired.configure(&queue(queues[0], CREATED));

    let pipeline = wired.pipeline.clone();
    let writer = tokio::spawn(async move {
        for number in 0..400 {
            let key = format!("{number}");
            pipeline.put(BUCKET, &key, "body").await.unwrap();
        }
    });
    let mut turn = 0;
    while !writer.is_finished() {
        turn += 1;
        wired.configure(&queue(queues[turn % 2], CREATED));
    }
    writer.await.unwrap();
    wired.pipeline.settle().await;

    // Both happen under one lock, so the journal has them in the order in which they took effect.
    let mut current = queues[0].to_owned();
    let mut expected = std::collections::BTreeMap::new();
    for step in wired.pipeline.journal().history() {
        match &step.kind {
            StepKind::NotificationsConfigured(spec) => {
                let Destination::Queue(name) = &spec.notifications[0].destination else {
                    panic!("{spec:?}");
                };
                current.clone_from(name);
            }
            StepKind::ObjectEvent(object) => {
                expected.insert(object.key.clone(), current.clone());
            }
            _ => {}
        }
    }

    assert_eq!(expected.len(), 400);
    let mut found = std::collections::BTreeMap::new();
    for name in queues {
        for key in wired.received(name).await {
            if key != "test" {
                let other = found.insert(key, name.to_owned());
                assert_eq!(other, None);
            }
        }
    }
    assert_eq!(found, expected);
    let used: std::collections::BTreeSet<_> = found.values().collect();
    assert_eq!(
        used.len(),
        2,
        "the configuration changed between the objects"
    );
}

/// Makes the log what it was before it had configurations.
fn forget_configurations(folder: &TempDir) {
    let path = folder.path().join("log.jsonl");
    let log = std::fs::read_to_string(&path).unwrap();
    let mut forgotten = 0;

    let lines = log.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        for entry in line.as_array_mut().into_iter().flatten() {
            let settings = entry.pointer_mut("/store/bucket/to");
            if let Some(settings) = settings.and_then(Value::as_object_mut) {
                for field in ["published", "configured", "cors", "tags"] {
                    forgotten += usize::from(settings.remove(field).is_some());
                }
            }
        }
        format!("{line}\n")
    });

    std::fs::write(&path, lines.collect::<String>()).unwrap();
    assert_eq!(forgotten, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_without_configurations_takes_that_of_the_file() {
    let folder = TempDir::new().unwrap();
    stop(restart(&folder, Some("direct")).await).await;
    forget_configurations(&folder);

    let wired = restart(&folder, Some("direct")).await;
    assert_eq!(wired.pipeline.notification_sources(), []);
    wired.put_object("key");
    assert_eq!(wired.received("direct").await, ["test", "key"]);
}
