//! What a pipeline consists of: buckets, topics, queues, functions, and how they are connected.
//!
//! A topology is plain data that a test or a TOML file describes and that is checked before
//! anything runs. The pipeline, its queues and its functions are made from it.

mod bucket;
mod check;
mod function;
mod invoke_url;
mod notification_source;
mod of_router;
mod queue;
mod rule;
mod toml;

pub use self::bucket::{BucketSpec, Destination, NotificationSpec, SubscriptionSpec};
pub(crate) use self::bucket::{WrittenFilter, parse_event_type};
pub(crate) use self::check::NotificationMistake;
pub use self::function::{FunctionSpec, MappingSpec};
pub use self::invoke_url::InvokeUrl;
pub use self::notification_source::NotificationSource;
pub(crate) use self::of_router::PROCESSOR;
pub(crate) use self::queue::{MAX_MESSAGE_BYTES, is_fifo};
pub use self::queue::{QueueSpec, Redrive};
pub use self::rule::RuleSpec;

use std::time::Duration;

use s3_dispatch::EventPattern;
use s3_dispatch_testing::SnsFilterPolicy;

/// The bucket of the examples.
const EXAMPLE_BUCKET: &str = "amzn-s3-demo-bucket";

/// The topic of the examples.
const EXAMPLE_TOPIC: &str = "object-events";

/// The parts of a pipeline. They refer to each other by name.
///
/// ```
/// use s3_dispatch::EventPattern;
/// use s3_dispatch_local::{
///     BucketSpec, Destination, FunctionSpec, MappingSpec, NotificationSpec, QueueSpec, Topology,
/// };
///
/// let uploads = NotificationSpec::new(
///     [EventPattern::from_static("ObjectCreated:*")],
///     Destination::Queue("uploads".into()),
/// );
/// let topology = Topology::new()
///     .with_bucket(BucketSpec::new("amzn-s3-demo-bucket").with_notification(uploads))
///     .with_queue(QueueSpec::new("uploads"))
///     .with_function(FunctionSpec::new("index"))
///     .with_mapping(MappingSpec::new("uploads", "index"));
/// assert_eq!(topology.mappings[0].batch_size, 10);
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Topology {
    /// The buckets.
    pub buckets: Vec<BucketSpec>,
    /// The names of the topics.
    pub topics: Vec<String>,
    /// Which queue receives the messages of which topic.
    pub subscriptions: Vec<SubscriptionSpec>,
    /// The rules of EventBridge: which queue receives which events.
    pub rules: Vec<RuleSpec>,
    /// The queues, including dead-letter queues.
    pub queues: Vec<QueueSpec>,
    /// The functions.
    pub functions: Vec<FunctionSpec>,
    /// Which function is invoked with the messages of which queue.
    pub mappings: Vec<MappingSpec>,
}

impl Topology {
    /// An empty topology.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The pipeline of the examples, the same that `infra/` creates.
    ///
    /// The bucket `amzn-s3-demo-bucket` publishes to the topic `object-events`. The function
    /// `put-processor` gets uploads and `copy-processor` gets copies, each from a queue that has
    /// the function's name. Each queue has a dead-letter queue (`put-processor-dead-letters`).
    ///
    /// # Panics
    ///
    /// Never.
    #[must_use]
    pub fn example() -> Self {
        let events = EventPattern::from_static("ObjectCreated:*");
        let topic = Destination::Topic(EXAMPLE_TOPIC.into());
        let notification = NotificationSpec::new([events], topic).with_id(EXAMPLE_TOPIC);

        Self::new()
            .with_bucket(BucketSpec::new(EXAMPLE_BUCKET).with_notification(notification))
            .with_topic(EXAMPLE_TOPIC)
            .with_example_processor(
                "put-processor",
                &["ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload"],
            )
            .with_example_processor("copy-processor", &["ObjectCreated:Copy"])
    }

    /// Adds a function that gets these events, with its subscription and its two queues.
    fn with_example_processor(self, name: &str, events: &[&str]) -> Self {
        let policy = format!(r#"{{"Records": {{"eventName": {events:?}}}}}"#);
        let policy = SnsFilterPolicy::parse(&policy).expect("the policy is well formed");

        self.with_processor(EXAMPLE_TOPIC, name, Some(policy))
    }

    /// Adds a function that gets what the policy lets through from a topic, connected as `infra/`
    /// connects it. `None` lets everything through.
    ///
    /// - The queue of the same name subscribes to the topic. What has been received five times
    ///   moves to the queue `NAME-dead-letters`.
    /// - The function has a timeout of 30 seconds, and the queue a visibility timeout of six times
    ///   that.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_local::Topology;
    ///
    /// let topology = Topology::new()
    ///     .with_topic("object-events")
    ///     .with_processor("object-events", "thumbnailer", None);
    /// assert_eq!(topology.queues[1].name, "thumbnailer-dead-letters");
    /// ```
    #[must_use]
    pub fn with_processor(self, topic: &str, name: &str, policy: Option<SnsFilterPolicy>) -> Self {
        let function = FunctionSpec::new(name).with_timeout(Duration::from_secs(30));
        let dead_letter_queue = format!("{name}-dead-letters");

        // AWS recommends six times the function's timeout.
        let queue = QueueSpec::new(name)
            .with_visibility_timeout(6 * function.timeout)
            .with_redrive(&dead_letter_queue, 5);
        let dead_letters = QueueSpec::new(dead_letter_queue)
            .with_retention(Duration::from_secs(14 * 24 * 60 * 60));

        let mut subscription = SubscriptionSpec::new(topic, name);
        subscription.filter_policy = policy;

        self.with_subscription(subscription)
            .with_queue(queue)
            .with_queue(dead_letters)
            .with_function(function)
            .with_mapping(MappingSpec::new(name, name))
    }

    /// The workers, each with its queue.
    pub(crate) fn workers(&self) -> impl Iterator<Item = (&FunctionSpec, &str)> {
        self.functions
            .iter()
            .filter(|function| function.is_worker)
            .filter_map(|worker| {
                let mut mappings = self.mappings.iter();
                let mapping = mappings.find(|mapping| mapping.function == worker.name)?;

                Some((worker, mapping.queue.as_str()))
            })
    }

    /// Adds a bucket.
    #[must_use]
    pub fn with_bucket(mut self, bucket: BucketSpec) -> Self {
        self.buckets.push(bucket);
        self
    }

    /// Adds a topic with this name.
    #[must_use]
    pub fn with_topic(mut self, name: impl Into<String>) -> Self {
        self.topics.push(name.into());
        self
    }

    /// Adds a subscription of a queue to a topic.
    #[must_use]
    pub fn with_subscription(mut self, subscription: SubscriptionSpec) -> Self {
        self.subscriptions.push(subscription);
        self
    }

    /// Adds a rule of EventBridge.
    #[must_use]
    pub fn with_rule(mut self, rule: RuleSpec) -> Self {
        self.rules.push(rule);
        self
    }

    /// Adds a queue.
    #[must_use]
    pub fn with_queue(mut self, queue: QueueSpec) -> Self {
        self.queues.push(queue);
        self
    }

    /// Adds a function.
    #[must_use]
    pub fn with_function(mut self, function: FunctionSpec) -> Self {
        self.functions.push(function);
        self
    }

    /// Adds an event source mapping.
    #[must_use]
    pub fn with_mapping(mut self, mapping: MappingSpec) -> Self {
        self.mappings.push(mapping);
        self
    }
}
