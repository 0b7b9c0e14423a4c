//! What an invocation of an S3 Batch Operations job says besides its tasks.

use crate::EventName;
use crate::text::{Text, text_newtypes};

/// What an invocation of an S3 Batch Operations job says besides its tasks.
///
/// ```json
/// {"invocationSchemaVersion": "2.0", "invocationId": "YXNkbGZqYWRmaiBhc2RmdW9hZHNmZGpm",
///  "job": {"id": "f3cc4f60-61f6-4a2b-8a21-d07600c373ce",
///          "userArguments": {"eventName": "ObjectCreated:Copy"}},
///  "tasks": [{"taskId": "dGFza2lkZ29lc2hlcmUK", "s3Key": "my+photo.jpg", "s3VersionId": null,
///             "s3Bucket": "amzn-s3-demo-bucket"}]}
/// ```
///
/// "Invoke AWS Lambda function", Amazon S3 User Guide, and "LambdaInvokeOperation", Amazon S3 API
/// Reference, 2026. Schema 1.0 has `s3BucketArn` instead of `s3Bucket`, and no `userArguments`.
///
/// # Examples
///
/// ```
/// use s3_dispatch_core::delivery::{Delivery, Envelope};
/// use s3_dispatch_testing::BatchJobBuilder;
///
/// let payload = BatchJobBuilder::new()
///     .with_user_argument("eventName", "ObjectCreated:Copy")
///     .with_task("task-1", "amzn-s3-demo-bucket", "my photo.jpg")
///     .to_bytes();
/// let delivery = Delivery::parse(payload)?;
/// assert_eq!(delivery.envelope(), Envelope::BatchOperations);
///
/// let job = delivery.batch_job().expect("it comes from a job");
/// assert_eq!(job.schema_version, "2.0");
/// assert_eq!(job.user_argument("eventName"), Some("ObjectCreated:Copy"));
/// assert_eq!(delivery.records()[0].object.key, "my photo.jpg");
/// # Ok::<_, s3_dispatch_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BatchJob {
    /// The version of the schema: `1.0` or `2.0` (`invocationSchemaVersion`). The answer repeats
    /// it.
    pub schema_version: SchemaVersion,
    /// The id of the invocation (`invocationId`). The answer repeats it.
    pub invocation_id: BatchInvocationId,
    /// The id of the job (`job.id`). AWS always sends it.
    pub id: Option<BatchJobId>,
    pub(crate) user_arguments: Vec<(Text, Text)>,
}

impl BatchJob {
    /// The user argument that decides which event the tasks stand for: `eventName`.
    ///
    /// Its value is a name such as `ObjectCreated:Copy`.
    pub const EVENT_NAME_ARGUMENT: &'static str = "eventName";

    /// A user argument of the job (`job.userArguments`). `None` if the job does not have it, or if
    /// it is empty.
    ///
    /// # Examples
    ///
    /// ```
    /// # use s3_dispatch_core::delivery::Delivery;
    /// # use s3_dispatch_testing::BatchJobBuilder;
    /// let builder = BatchJobBuilder::new().with_user_argument("reason", "new index");
    /// let delivery = Delivery::parse(builder.to_bytes())?;
    /// let job = delivery.batch_job().expect("it comes from a job");
    ///
    /// assert_eq!(job.user_argument("reason"), Some("new index"));
    /// assert_eq!(job.user_argument("colour"), None);
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    #[must_use]
    pub fn user_argument(&self, name: &str) -> Option<&str> {
        let argument = self
            .user_arguments
            .iter()
            .find(|(own, _)| own.as_str() == name);
        argument.map(|(_, value)| value.as_str())
    }

    /// The event that the job itself says its tasks stand for.
    pub(crate) fn event_name(&self) -> Option<&str> {
        let name = self.user_argument(Self::EVENT_NAME_ARGUMENT);
        name.filter(|name| !EventName::parse(name).as_str().is_empty())
    }
}

text_newtypes! {
    /// The version of the schema of an invocation: `1.0` or `2.0`.
    SchemaVersion;
    /// The id of one invocation of a job.
    BatchInvocationId;
    /// The id of a job: `f3cc4f60-61f6-4a2b-8a21-d07600c373ce`.
    BatchJobId;
}
