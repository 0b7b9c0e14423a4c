//! Changes of a running pipeline: what its buckets publish, and dead letters that are sent back.

use super::local_pipeline::LocalPipeline;
use crate::pipeline::clients::Moved;
use crate::topology::Topology;
use crate::{Error, ErrorKind};

impl LocalPipeline {
    /// Takes over what a topology says about its buckets, and the filter policies of its
    /// subscriptions, while the pipeline runs: those of a program that was built again, for
    /// example. Everything else stays, also the objects and messages.
    ///
    /// A bucket that the pipeline does not have is created. One that the topology does not have
    /// keeps its objects and publishes nothing. What a client has put counts until the topology
    /// says something else about the bucket. A message that is on its way to a topic is compared
    /// with the new policy.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Configuration`] when AWS would reject the topology, or when it has a
    ///   subscription that the pipeline does not have. Then nothing has changed.
    /// - [`ErrorKind::Storage`] when the change cannot be written to disk. It still counts until
    ///   the pipeline ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::{ObjectKey, Routes};
    /// use s3_dispatch_local::{BucketSpec, LocalPipeline, Topology};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), s3_dispatch_local::Error> {
    /// let routes =
    ///     Routes::new(()).on_fn("*", async |_: ObjectKey| Ok::<_, std::io::Error>(()));
    /// let mut topology = Topology::of(&routes)?;
    /// let pipeline = LocalPipeline::of(routes)?.start().await?;
    ///
    /// let published = topology.buckets[0].notifications[0].clone();
    /// topology.buckets.push(BucketSpec::new("photos").with_notification(published));
    /// pipeline.reconfigure(&topology)?;
    ///
    /// let id = pipeline.put("photos", "1.jpg", "an image").await?;
    /// pipeline.settle().await;
    /// assert_eq!(pipeline.report().events[&id].handled, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn reconfigure(&self, topology: &Topology) -> Result<(), Error> {
        self.engine().reconfigure(topology)
    }
    /// Sends a dead letter back to the queue that it came from, as `StartMessageMoveTask` does for
    /// all of them: as a new message with a new id, whose receives are counted from the beginning.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::UnknownName`] when one of the queues does not exist, or when the message is
    ///   not there or cannot be received at the moment.
    /// - [`ErrorKind::Refused`] when the queue is full, or when the message did not come from
    ///   another queue.
    /// - [`ErrorKind::Storage`] when the change cannot be written to disk.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::{HandlerError, Routes};
    /// use s3_dispatch_local::LocalPipeline;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), s3_dispatch_local::Error> {
    /// let routes = Routes::new(()).on_fn("*", async || {
    ///     Err::<(), _>(HandlerError::retry(std::io::Error::other("it never works")))
    /// });
    /// let pipeline = LocalPipeline::of(routes)?.start().await?;
    /// let id = pipeline.put("amzn-s3-demo-bucket", "1.jpg", "an image").await?;
    /// pipeline.settle().await;
    /// assert_eq!(pipeline.report().events[&id].failed, 5);
    ///
    /// let letter = pipeline.queue("processor-dead-letters")?.messages[0].message_id.clone();
    /// pipeline.redrive("processor-dead-letters", &letter)?;
    /// pipeline.settle().await;
    /// assert_eq!(pipeline.report().events[&id].failed, 10);
    /// # Ok(())
    /// # }
    /// ```
    pub fn redrive(&self, dead_letter_queue: &str, message_id: &str) -> Result<(), Error> {
        let refused = |reason: &str| {
            let text = format!("the message `{message_id}` {reason}");
            Err(Error::new(ErrorKind::Refused, text))
        };

        match self.engine().move_back(dead_letter_queue, message_id)? {
            Moved::Done => Ok(()),
            Moved::NothingLeft => Err(Error::unknown_name("visible message", message_id)),
            Moved::NoQueue => Err(Error::unknown_name("queue", dead_letter_queue)),
            Moved::Full => refused("does not fit into its queue, which is full"),
            Moved::NoSource => refused("did not come from another queue"),
        }
    }
}
