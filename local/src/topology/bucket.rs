//! Buckets, and where their notifications go.

use s3_dispatch::EventPattern;
use s3_dispatch_testing::{RecordBuilder, SnsFilterPolicy};

use crate::s3::ObjectEvent;

/// The id of a notification configuration that is given none.
const DEFAULT_ID: &str = "notifications";

/// A bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BucketSpec {
    /// The bucket's name.
    pub name: String,
    /// Which events are published, and where.
    pub notifications: Vec<NotificationSpec>,
    /// Whether the bucket sends its events to EventBridge as well.
    pub eventbridge: bool,
}

/// A notification configuration of a bucket: some events, and their destination.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotificationSpec {
    /// The id of the configuration.
    pub id: String,
    /// The events.
    pub events: Vec<EventPattern>,
    /// What the object's key must start with. An empty prefix allows every key.
    pub prefix: String,
    /// What the object's key must end with. An empty suffix allows every key.
    pub suffix: String,
    /// Where the notifications go.
    pub destination: Destination,
    /// The filter as a client has written it, if a client has.
    pub(crate) written: WrittenFilter,
}

/// Prefix and suffix as a client of S3 has written them: URL-encoded. `None` means it gave none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct WrittenFilter {
    pub(crate) prefix: Option<String>,
    pub(crate) suffix: Option<String>,
}

/// Where the notifications of a bucket go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Destination {
    /// The topic with this name.
    Topic(String),
    /// The queue with this name.
    Queue(String),
}

/// A subscription of a queue to a topic.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SubscriptionSpec {
    /// The topic's name.
    pub topic: String,
    /// The queue's name.
    pub queue: String,
    /// Which messages the queue gets. `None` means all of them.
    pub filter_policy: Option<SnsFilterPolicy>,
    /// Whether messages arrive without the SNS envelope.
    pub raw_delivery: bool,
    /// The name of the queue that gets the messages which the subscribed queue refuses for good.
    /// `None` means that they are lost.
    pub dead_letter_queue: Option<String>,
}

impl BucketSpec {
    /// A bucket that publishes nothing.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            notifications: Vec::new(),
            eventbridge: false,
        }
    }

    /// Adds a notification configuration. The ids of a bucket's configurations differ: from the
    /// second on, one without an id of its own gets a number (`notifications-2`).
    #[must_use]
    pub fn with_notification(mut self, mut notification: NotificationSpec) -> Self {
        let is_taken = |id: &str| self.notifications.iter().any(|other| other.id == id);
        if notification.id == DEFAULT_ID && is_taken(DEFAULT_ID) {
            let mut ids = (2..).map(|number| format!("{DEFAULT_ID}-{number}"));
            notification.id = ids.find(|id| !is_taken(id)).unwrap_or_default();
        }

        self.notifications.push(notification);
        self
    }

    /// Sends all events of the bucket to EventBridge as well, whose [rules](crate::RuleSpec) choose
    /// the queues. By default S3 sends none there.
    ///
    /// ```
    /// use s3_dispatch_local::BucketSpec;
    ///
    /// assert!(BucketSpec::new("photos").with_eventbridge().eventbridge);
    /// ```
    #[must_use]
    pub fn with_eventbridge(mut self) -> Self {
        self.eventbridge = true;
        self
    }

    /// Whether the bucket publishes nothing.
    pub(crate) fn is_silent(&self) -> bool {
        self.notifications.is_empty() && !self.eventbridge
    }

    /// Whether S3 sends this event to EventBridge. Some events have no form there.
    #[must_use]
    pub fn sends_to_eventbridge(&self, event: &ObjectEvent) -> bool {
        let form = || RecordBuilder::new(event.event_name.clone()).to_eventbridge_json();
        self.eventbridge && form().is_some()
    }
}

impl NotificationSpec {
    /// A configuration that publishes these events of all keys.
    pub fn new(events: impl IntoIterator<Item = EventPattern>, destination: Destination) -> Self {
        Self {
            id: String::from(DEFAULT_ID),
            events: events.into_iter().collect(),
            prefix: String::new(),
            suffix: String::new(),
            destination,
            written: WrittenFilter::default(),
        }
    }

    /// Sets the id of the configuration.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// Limits the configuration to keys that start with this prefix.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Limits the configuration to keys that end with this suffix.
    #[must_use]
    pub fn with_suffix(mut self, suffix: impl Into<String>) -> Self {
        self.suffix = suffix.into();
        self
    }

    /// Whether S3 publishes this event.
    ///
    /// Prefix and suffix are compared with the key itself. AWS wants them URL-encoded in the
    /// configuration, which means the same.
    #[must_use]
    pub fn matches(&self, event: &ObjectEvent) -> bool {
        self.events
            .iter()
            .any(|pattern| pattern.matches(&event.event_name))
            && event.key.starts_with(&self.prefix)
            && event.key.ends_with(&self.suffix)
    }
}

impl SubscriptionSpec {
    /// A subscription to all messages, with raw delivery.
    pub fn new(topic: impl Into<String>, queue: impl Into<String>) -> Self {
        Self {
            topic: topic.into(),
            queue: queue.into(),
            filter_policy: None,
            raw_delivery: true,
            dead_letter_queue: None,
        }
    }

    /// Limits the subscription to the messages that this policy matches.
    #[must_use]
    pub fn with_filter_policy(mut self, policy: SnsFilterPolicy) -> Self {
        self.filter_policy = Some(policy);
        self
    }

    /// Sets whether messages arrive without the SNS envelope.
    #[must_use]
    pub fn with_raw_delivery(mut self, raw_delivery: bool) -> Self {
        self.raw_delivery = raw_delivery;
        self
    }

    /// Sends what the subscribed queue refuses for good to this dead-letter queue: a message that
    /// is too long, or any message once the queue is deleted ("Amazon SNS dead-letter queues",
    /// Amazon SNS Developer Guide, 2026). It arrives without the attributes that SNS adds.
    ///
    /// ```
    /// use s3_dispatch_local::SubscriptionSpec;
    ///
    /// let spec = SubscriptionSpec::new("events", "uploads").with_dead_letter_queue("lost");
    /// assert_eq!(spec.dead_letter_queue.as_deref(), Some("lost"));
    /// ```
    #[must_use]
    pub fn with_dead_letter_queue(mut self, queue: impl Into<String>) -> Self {
        self.dead_letter_queue = Some(queue.into());
        self
    }
}

/// Reads an event type as S3 takes it in the configuration of a bucket: with `s3:`, and none for
/// every event. The error says what would be right.
pub(crate) fn parse_event_type(text: &str) -> Result<EventPattern, String> {
    let such_as = "such as `s3:ObjectCreated:*`";
    let name = text.strip_prefix("s3:");
    let is_doubled = name.is_some_and(|name| name.starts_with("s3:"));

    match (name, EventPattern::parse(name.unwrap_or(text))) {
        (_, Ok(_)) if is_doubled => Err(format!("`{text}` is not an event type, {such_as}")),
        (_, Ok(pattern)) if pattern == EventPattern::ANY => Err(format!(
            "`{text}` is not an event type: S3 has none for every event, so list those that you \
             want, {such_as}"
        )),
        (Some(_), Ok(pattern)) => Ok(pattern),
        (None, Ok(pattern)) => Err(format!(
            "`{text}` is not an event type: in the configuration of a bucket it is `s3:{pattern}`"
        )),
        (_, Err(_)) => Err(format!("`{text}` is not an event type, {such_as}")),
    }
}
