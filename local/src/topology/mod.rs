//! What a pipeline is made of.

pub(crate) mod check;
pub(crate) mod toml;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use s3_dispatch::EventPattern;
use s3_dispatch_testing::SnsFilterPolicy;

/// The parts of a pipeline and how they are tied together, by name.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Topology {
    /// The buckets.
    pub buckets: Vec<BucketSpec>,
    /// The topics' names.
    pub topics: Vec<String>,
    /// Which queues get what is published to the topics.
    pub subscriptions: Vec<SubscriptionSpec>,
    /// The queues, dead-letter queues included.
    pub queues: Vec<QueueSpec>,
    /// The functions.
    pub functions: Vec<FunctionSpec>,
    /// Which functions are invoked with the messages of which queues.
    pub mappings: Vec<MappingSpec>,
}

/// A bucket.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BucketSpec {
    /// Its name.
    pub name: String,
    /// Where its events go.
    pub notifications: Vec<NotificationSpec>,
}

/// Some events of a bucket, and where they go.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NotificationSpec {
    /// The id of the configuration.
    pub id: String,
    /// Which events.
    pub events: Vec<EventPattern>,
    /// Only of keys that begin so.
    pub prefix: String,
    /// Only of keys that end so.
    pub suffix: String,
    /// Where they go.
    pub destination: Destination,
}

/// Where notifications go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Destination {
    /// To a topic.
    Topic(String),
    /// To a queue.
    Queue(String),
}

/// A queue that gets what is published to a topic.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SubscriptionSpec {
    /// The topic.
    pub topic: String,
    /// The queue.
    pub queue: String,
    /// What it gets; everything when `None`.
    pub filter_policy: Option<SnsFilterPolicy>,
    /// Whether messages come without the envelope of SNS.
    pub raw_delivery: bool,
}

/// A queue. One whose name ends in `.fifo` is a FIFO queue.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct QueueSpec {
    /// Its name.
    pub name: String,
    /// For how long a received message is invisible; at most 12 hours.
    pub visibility_timeout: Duration,
    /// For how long a new message is invisible; at most 15 minutes.
    pub delay: Duration,
    /// For how long it keeps messages; 60 seconds to 14 days.
    pub retention: Duration,
    /// How many messages it holds; then it refuses more.
    pub capacity: usize,
    /// Where messages go that are received too often.
    pub redrive: Option<Redrive>,
    /// Whether the body of a message tells two messages of a FIFO queue apart that have no
    /// deduplication id.
    pub content_based_deduplication: bool,
}

/// Where messages go that are received too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redrive {
    /// The queue.
    pub dead_letter_queue: String,
    /// How often a message may be received.
    pub max_receive_count: u32,
}

/// A function.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FunctionSpec {
    /// Its name.
    pub name: String,
    /// Its program; `None` when the function is given in code.
    pub program: Option<PathBuf>,
    /// The program's arguments.
    pub arguments: Vec<String>,
    /// How long an invocation may take; at most 15 minutes.
    pub timeout: Duration,
    /// What its environment says of its memory, in MB. Nothing is enforced.
    pub memory: u32,
    /// What else is in its environment.
    pub environment: BTreeMap<String, String>,
    /// How many invocations may run at a time, before more are throttled; `None` for as many as
    /// are asked for.
    pub reserved_concurrency: Option<usize>,
}

/// An event source mapping: a function that is invoked with the messages of a queue.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MappingSpec {
    /// The queue.
    pub queue: String,
    /// The function.
    pub function: String,
    /// How many messages a batch has at most: 1 to 10, or to 10,000 with a window and on a
    /// standard queue.
    pub batch_size: usize,
    /// For how long messages are waited for when there are less; at most 300 seconds.
    pub batch_window: Duration,
    /// How many invocations run at a time; 2 to 1,000, and 1 as well since this is not AWS.
    pub maximum_concurrency: usize,
    /// Whether the function's answer says which messages have failed (`ReportBatchItemFailures`).
    /// Without it an answer, whatever it says, deletes them all.
    pub report_batch_item_failures: bool,
}

macro_rules! with {
    ($type:ident: $($(#[$doc:meta])* $method:ident $field:ident $value:ty;)*) => {
        impl $type {$(
            $(#[$doc])*
            #[must_use]
            pub fn $method(mut self, $field: $value) -> Self {
                self.$field = $field.into();
                self
            }
        )*}
    };
}

impl Topology {
    /// The pipeline of the examples, as `infra/` makes it: uploads of the bucket
    /// `amzn-s3-demo-bucket` go to the function `put-processor` and copies to `copy-processor`,
    /// through the topic `object-events`, a queue of the function's name and one more for dead
    /// letters (`put-processor-dead-letters`).
    ///
    /// # Panics
    ///
    /// Never.
    #[must_use]
    pub fn example() -> Self {
        let topic = "object-events";
        let processors: [(&str, &[&str]); 2] = [
            (
                "put-processor",
                &["ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload"],
            ),
            ("copy-processor", &["ObjectCreated:Copy"]),
        ];

        let events = EventPattern::parse("ObjectCreated:*").expect("the pattern is well formed");
        let notification = NotificationSpec::new([events], Destination::Topic(topic.into()))
            .with_id("object-events");

        let mut topology = Self {
            buckets: vec![BucketSpec::new("amzn-s3-demo-bucket").with_notification(notification)],
            topics: vec![topic.into()],
            ..Self::default()
        };

        for (name, events) in processors {
            let policy = format!(r#"{{"Records": {{"eventName": {events:?}}}}}"#);
            let policy = SnsFilterPolicy::parse(&policy).expect("the policy is well formed");
            let dead_letters = format!("{name}-dead-letters");
            topology
                .subscriptions
                .push(SubscriptionSpec::new(topic, name).with_filter_policy(policy));
            let function = FunctionSpec::new(name).with_timeout(Duration::from_secs(30));
            let queue = QueueSpec::new(name).with_visibility_timeout(6 * function.timeout);
            topology.queues.push(queue.with_redrive(&dead_letters, 5));
            topology.queues.push(
                QueueSpec::new(dead_letters).with_retention(Duration::from_secs(14 * 24 * 60 * 60)),
            );
            topology.functions.push(function);
            topology.mappings.push(MappingSpec::new(name, name));
        }

        topology
    }

    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With this bucket.
    #[must_use]
    pub fn with_bucket(mut self, bucket: BucketSpec) -> Self {
        self.buckets.push(bucket);
        self
    }

    /// With a topic of this name.
    #[must_use]
    pub fn with_topic(mut self, name: impl Into<String>) -> Self {
        self.topics.push(name.into());
        self
    }

    /// With this subscription.
    #[must_use]
    pub fn with_subscription(mut self, subscription: SubscriptionSpec) -> Self {
        self.subscriptions.push(subscription);
        self
    }

    /// With this queue.
    #[must_use]
    pub fn with_queue(mut self, queue: QueueSpec) -> Self {
        self.queues.push(queue);
        self
    }

    /// With this function.
    #[must_use]
    pub fn with_function(mut self, function: FunctionSpec) -> Self {
        self.functions.push(function);
        self
    }

    /// With this event source mapping.
    #[must_use]
    pub fn with_mapping(mut self, mapping: MappingSpec) -> Self {
        self.mappings.push(mapping);
        self
    }
}

impl BucketSpec {
    /// A bucket that notifies nobody.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            notifications: Vec::new(),
        }
    }

    /// With one more configuration of notifications.
    #[must_use]
    pub fn with_notification(mut self, notification: NotificationSpec) -> Self {
        self.notifications.push(notification);
        self
    }
}

impl NotificationSpec {
    /// These events of all keys, sent there.
    pub fn new(events: impl IntoIterator<Item = EventPattern>, destination: Destination) -> Self {
        Self {
            id: String::from("notifications"),
            events: events.into_iter().collect(),
            prefix: String::new(),
            suffix: String::new(),
            destination,
        }
    }
}

with! { NotificationSpec:
    /// Of this configuration id.
    with_id id impl Into<String>;
    /// Only of keys that begin so.
    with_prefix prefix impl Into<String>;
    /// Only of keys that end so.
    with_suffix suffix impl Into<String>;
}

impl SubscriptionSpec {
    /// Everything that is published to the topic, by raw delivery to the queue.
    pub fn new(topic: impl Into<String>, queue: impl Into<String>) -> Self {
        Self {
            topic: topic.into(),
            queue: queue.into(),
            filter_policy: None,
            raw_delivery: true,
        }
    }
}

with! { SubscriptionSpec:
    /// Only what this policy lets through.
    with_filter_policy filter_policy SnsFilterPolicy;
    /// With or without the envelope of SNS.
    with_raw_delivery raw_delivery bool;
}

impl QueueSpec {
    /// A queue with the settings that SQS gives to a new one: a visibility timeout of 30 seconds,
    /// no delay, a retention of 4 days; without a dead-letter queue. It holds 120,000 messages.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            visibility_timeout: Duration::from_secs(30),
            delay: Duration::ZERO,
            retention: Duration::from_secs(4 * 24 * 60 * 60),
            capacity: 120_000,
            redrive: None,
            content_based_deduplication: false,
        }
    }

    /// Whether it is a FIFO queue.
    #[must_use]
    pub fn is_fifo(&self) -> bool {
        self.name.ends_with(".fifo")
    }

    /// Messages that have been received so often go there.
    #[must_use]
    pub fn with_redrive(
        mut self,
        dead_letter_queue: impl Into<String>,
        max_receive_count: u32,
    ) -> Self {
        self.redrive = Some(Redrive {
            dead_letter_queue: dead_letter_queue.into(),
            max_receive_count,
        });
        self
    }
}

with! { QueueSpec:
    /// A received message is invisible for so long.
    with_visibility_timeout visibility_timeout Duration;
    /// A new message is invisible for so long.
    with_delay delay Duration;
    /// Messages are kept for so long.
    with_retention retention Duration;
    /// It holds so many messages.
    with_capacity capacity usize;
    /// Equal bodies are duplicates.
    with_content_based_deduplication content_based_deduplication bool;
}

impl FunctionSpec {
    /// A function of 3 seconds and 128 MB, as Lambda makes them, whose program is given in code.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            program: None,
            arguments: Vec::new(),
            timeout: Duration::from_secs(3),
            memory: 128,
            environment: BTreeMap::new(),
            reserved_concurrency: None,
        }
    }

    /// With this variable in its environment.
    #[must_use]
    pub fn with_variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }
}

with! { FunctionSpec:
    /// Of this program.
    with_program program PathBuf;
    /// An invocation may take so long.
    with_timeout timeout Duration;
    /// Of so many MB.
    with_memory memory u32;
    /// So many invocations may run at a time.
    with_reserved_concurrency reserved_concurrency usize;
}

impl MappingSpec {
    /// As `infra/` makes it: batches of at most 10 messages without a window, single failures
    /// reported. Five invocations run at a time.
    pub fn new(queue: impl Into<String>, function: impl Into<String>) -> Self {
        Self {
            queue: queue.into(),
            function: function.into(),
            batch_size: 10,
            batch_window: Duration::ZERO,
            maximum_concurrency: 5,
            report_batch_item_failures: true,
        }
    }
}

with! { MappingSpec:
    /// A batch has so many messages at most.
    with_batch_size batch_size usize;
    /// So long is waited for more messages.
    with_batch_window batch_window Duration;
    /// So many invocations run at a time.
    with_maximum_concurrency maximum_concurrency usize;
    /// Single failures are looked for in answers.
    with_report_batch_item_failures report_batch_item_failures bool;
}
