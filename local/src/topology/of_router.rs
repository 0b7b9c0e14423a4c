//! The topology of a program, made from its routes.

use s3_dispatch::{EventPattern, Manifest, Route, Router};
use s3_dispatch_testing::SnsFilterPolicy;

use super::bucket::{BucketSpec, Destination, NotificationSpec};
use super::{EXAMPLE_BUCKET, EXAMPLE_TOPIC, Topology};
use crate::{Error, ErrorKind};

/// The name of the function, and of its queue.
pub(crate) const PROCESSOR: &str = "processor";

impl Topology {
    /// The pipeline of a program with this router, connected as `infra/` connects it.
    ///
    /// - The buckets that the routes name, or else `amzn-s3-demo-bucket`, publish the events that
    ///   the routes take to the topic `object-events`. Other buckets that handlers declare to write
    ///   or delete in are there too, and publish nothing.
    /// - The queue `processor` subscribes to the topic, with the
    ///   [filter policy](Manifest::filter_policy) of the routes. What has been received five times
    ///   moves to the queue `processor-dead-letters`.
    /// - The function `processor` is invoked with the messages of the queue.
    ///
    /// The router itself is given to the function: in one step with
    /// [`LocalPipeline::of`](crate::LocalPipeline::of), or with
    /// [`with_router`](crate::LocalPipelineBuilder::with_router) if it is wrapped or the topology
    /// is changed first. All parts are public fields, and the `with_` methods add more.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] when the router has no routes, or when their filter policy
    /// would exceed the limits of SNS.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::{ObjectKey, Routes};
    /// use s3_dispatch_local::{LocalPipeline, Topology};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), s3_dispatch_local::Error> {
    /// let routes = Routes::new(()).on_fn("ObjectCreated:*", async |key: ObjectKey| {
    ///     println!("{key}");
    ///     Ok::<_, std::io::Error>(())
    /// });
    ///
    /// let mut topology = Topology::of(&routes)?;
    /// topology.mappings[0].batch_size = 1;
    /// let pipeline = LocalPipeline::builder()
    ///     .with_topology(topology)
    ///     .with_router("processor", routes)
    ///     .start()
    ///     .await?;
    ///
    /// let id = pipeline.put("amzn-s3-demo-bucket", "photo.jpg", "an image").await?;
    /// pipeline.settle().await;
    /// assert_eq!(pipeline.report().events[&id].handled, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn of(router: &(impl Router + ?Sized)) -> Result<Self, Error> {
        let manifest = Manifest::new(router);
        let policy = filter_policy(&manifest)?;
        let events = events(&manifest)?;

        let mut topology = Self::new().with_topic(EXAMPLE_TOPIC);
        let mut buckets = buckets(&manifest);
        for bucket in &buckets {
            let to = Destination::Topic(EXAMPLE_TOPIC.into());
            let notification = NotificationSpec::new(events.clone(), to).with_id(EXAMPLE_TOPIC);
            topology =
                topology.with_bucket(BucketSpec::new(*bucket).with_notification(notification));
        }

        for bucket in manifest.routes().iter().flat_map(Route::other_buckets) {
            if !buckets.contains(&bucket) {
                buckets.push(bucket);
                topology = topology.with_bucket(BucketSpec::new(bucket));
            }
        }

        Ok(topology.with_processor(EXAMPLE_TOPIC, PROCESSOR, policy))
    }
}

/// The buckets that the routes name, or else that of the examples.
fn buckets(manifest: &Manifest) -> Vec<&str> {
    let mut buckets: Vec<_> = Vec::new();
    for bucket in manifest.routes().iter().filter_map(Route::bucket) {
        if !buckets.contains(&bucket) {
            buckets.push(bucket);
        }
    }

    if buckets.is_empty() {
        buckets.push(EXAMPLE_BUCKET);
    }

    buckets
}

fn events(manifest: &Manifest) -> Result<Vec<EventPattern>, Error> {
    let notification = manifest.bucket_notification().map_err(inexpressible)?;
    let events = notification.events().map(EventPattern::parse);

    events.collect::<Result<_, _>>().map_err(inexpressible)
}

/// The policy of the subscription. `None` if the routes take everything.
fn filter_policy(manifest: &Manifest) -> Result<Option<SnsFilterPolicy>, Error> {
    let policy = manifest.filter_policy().map_err(inexpressible)?;
    if policy.is_unnecessary() {
        return Ok(None);
    }

    let json = serde_json::to_string(&policy).map_err(inexpressible)?;
    SnsFilterPolicy::parse(&json)
        .map(Some)
        .map_err(inexpressible)
}

fn inexpressible(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    let text = "the topology cannot be made from the routes";
    Error::new(ErrorKind::Configuration, text).with_source(error)
}
