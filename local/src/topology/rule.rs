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
        }
    }
}
