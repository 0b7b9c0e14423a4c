//! Rules of EventBridge.

use s3_dispatch_testing::EventBridgeRule;

/// A rule of the default event bus: events that match the pattern go to a queue.
///
/// Only the buckets that [send events to EventBridge](crate::BucketSpec::with_eventbridge) take
/// part.
///
/// # Examples
///
/// ```
/// use s3_dispatch_local::{BucketSpec, LocalPipeline, QueueSpec, RuleSpec, Topology};
/// use s3_dispatch_testing::EventBridgeRule;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let images = r#"{"detail": {"object": {"key": [{"suffix": ".jpg"}]}}}"#;
/// let images = EventBridgeRule::parse(images)?;
/// let topology = Topology::new()
///     .with_bucket(BucketSpec::new("photos").with_eventbridge())
///     .with_queue(QueueSpec::new("images"))
///     .with_rule(RuleSpec::new("images", images, "images"));
///
/// let pipeline = LocalPipeline::builder().with_topology(topology).start().await?;
/// pipeline.put("photos", "1.jpg", "an image").await?;
/// pipeline.put("photos", "notes.txt", "a text").await?;
/// pipeline.settle().await;
/// assert_eq!(pipeline.queue("images")?.messages.len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RuleSpec {
    /// The rule's name.
    pub name: String,
    /// Which events match.
    pub pattern: EventBridgeRule,
    /// The name of the queue that they go to, which is not a FIFO queue.
    pub queue: String,
    /// The name of the queue that gets the events which the rule's queue refuses for good. `None`
    /// means that they are lost.
    pub dead_letter_queue: Option<String>,
}

impl RuleSpec {
    /// A rule that sends the events that this pattern matches to a queue.
    pub fn new(
        name: impl Into<String>,
        pattern: EventBridgeRule,
        queue: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            pattern,
            queue: queue.into(),
            dead_letter_queue: None,
        }
    }

    /// Sends what the rule's queue refuses for good to this dead-letter queue ("Using dead-letter
    /// queues to process undelivered events", Amazon EventBridge User Guide, 2026). It arrives
    /// without the attributes that EventBridge adds.
    ///
    /// ```
    /// use s3_dispatch_local::RuleSpec;
    /// use s3_dispatch_testing::EventBridgeRule;
    ///
    /// let all = EventBridgeRule::parse(r#"{"source": ["aws.s3"]}"#)?;
    /// let rule = RuleSpec::new("all", all, "uploads").with_dead_letter_queue("lost");
    /// assert_eq!(rule.dead_letter_queue.as_deref(), Some("lost"));
    /// # Ok::<_, s3_dispatch_testing::FilterError>(())
    /// ```
    #[must_use]
    pub fn with_dead_letter_queue(mut self, queue: impl Into<String>) -> Self {
        self.dead_letter_queue = Some(queue.into());
        self
    }
}
