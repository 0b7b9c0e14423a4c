//! The builder of an invocation by S3 Batch Operations.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Serialize;

use crate::write::json;
use crate::write::key_encoding::encode;

/// The payload that a function gets from an S3 Batch Operations job.
///
/// ```json
/// {"invocationSchemaVersion": "2.0", "invocationId": "invocation-1",
///  "job": {"id": "f3cc4f60-61f6-4a2b-8a21-d07600c373ce", "userArguments": {}},
///  "tasks": [{"taskId": "1", "s3Key": "a+b.jpg", "s3VersionId": null, "s3Bucket": "holiday"}]}
/// ```
///
/// # Examples
///
/// ```
/// use s3_dispatch_core::delivery::Delivery;
/// use s3_dispatch_testing::BatchJobBuilder;
///
/// let payload = BatchJobBuilder::new().with_task("1", "holiday", "a b.jpg").to_bytes();
///
/// let delivery = Delivery::parse(payload)?;
/// assert_eq!(delivery.messages()[0].envelopes.to_string(), "batchoperations");
/// assert_eq!(delivery.records()[0].object.key, "a b.jpg");
/// assert_eq!(delivery.records()[0].object.key.as_sent(), "a+b.jpg");
/// # Ok::<_, s3_dispatch_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct BatchJobBuilder {
    is_first_schema: bool,
    invocation_id: String,
    job_id: String,
    user_arguments: BTreeMap<String, String>,
    tasks: Vec<Task>,
}

#[derive(Debug, Clone)]
struct Task {
    id: String,
    bucket: String,
    encoded_key: String,
    version_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InvocationJson<'j> {
    invocation_schema_version: &'static str,
    invocation_id: &'j str,
    job: JobJson<'j>,
    tasks: Vec<TaskJson<'j>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JobJson<'j> {
    id: &'j str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_arguments: Option<&'j BTreeMap<String, String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TaskJson<'j> {
    task_id: &'j str,
    s3_key: &'j str,
    s3_version_id: Option<&'j str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    s3_bucket_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    s3_bucket: Option<&'j str>,
}

impl BatchJobBuilder {
    /// An invocation without tasks, in schema 2.0.
    #[must_use]
    pub fn new() -> Self {
        Self {
            is_first_schema: false,
            invocation_id: "YXNkbGZqYWRmaiBhc2RmdW9hZHNmZGpmaGFzbGtkaGZza2RmaAo".to_owned(),
            job_id: "f3cc4f60-61f6-4a2b-8a21-d07600c373ce".to_owned(),
            user_arguments: BTreeMap::new(),
            tasks: Vec::new(),
        }
    }

    /// Writes schema 1.0, which has the ARNs of buckets and no user arguments.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_testing::BatchJobBuilder;
    ///
    /// let builder = BatchJobBuilder::new().with_task("1", "holiday", "a.jpg").with_schema_1();
    /// assert!(builder.to_json().contains(r#""s3BucketArn":"arn:aws:s3:::holiday""#));
    /// ```
    #[must_use]
    pub fn with_schema_1(mut self) -> Self {
        self.is_first_schema = true;
        self
    }

    /// Sets the id of the invocation.
    #[must_use]
    pub fn with_invocation_id(mut self, id: impl Into<String>) -> Self {
        self.invocation_id = id.into();
        self
    }

    /// Sets the id of the job.
    #[must_use]
    pub fn with_job_id(mut self, id: impl Into<String>) -> Self {
        self.job_id = id.into();
        self
    }

    /// Adds a user argument of the job, which only schema 2.0 writes.
    #[must_use]
    pub fn with_user_argument(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.user_arguments.insert(name.into(), value.into());
        self
    }

    /// Adds a task about the object with this key, which is encoded as S3 sends it.
    #[must_use]
    pub fn with_task(self, id: impl Into<String>, bucket: impl Into<String>, key: &str) -> Self {
        self.with_encoded_task(id, bucket, encode(key, "aws:s3"), None)
    }

    /// Adds a task about a version of an object.
    #[must_use]
    pub fn with_version_task(
        self,
        id: impl Into<String>,
        bucket: impl Into<String>,
        key: &str,
        version_id: impl Into<String>,
    ) -> Self {
        self.with_encoded_task(id, bucket, encode(key, "aws:s3"), Some(version_id.into()))
    }

    /// Adds a task whose key is in the payload as it is here, which is how the manifest has it.
    #[must_use]
    pub fn with_encoded_task(
        mut self,
        id: impl Into<String>,
        bucket: impl Into<String>,
        encoded_key: impl Into<String>,
        version_id: Option<String>,
    ) -> Self {
        self.tasks.push(Task {
            id: id.into(),
            bucket: bucket.into(),
            encoded_key: encoded_key.into(),
            version_id,
        });
        self
    }

    /// The payload as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let is_first = self.is_first_schema;

        json::compact(&InvocationJson {
            invocation_schema_version: if is_first { "1.0" } else { "2.0" },
            invocation_id: &self.invocation_id,
            job: JobJson {
                id: &self.job_id,
                user_arguments: (!is_first).then_some(&self.user_arguments),
            },
            tasks: self.tasks.iter().map(|task| task.json(is_first)).collect(),
        })
    }

    /// The payload as bytes, as a Lambda function gets it.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        Bytes::from(self.to_json())
    }
}

impl Task {
    fn json(&self, is_first_schema: bool) -> TaskJson<'_> {
        TaskJson {
            task_id: &self.id,
            s3_key: &self.encoded_key,
            s3_version_id: self.version_id.as_deref(),
            s3_bucket_arn: is_first_schema.then(|| format!("arn:aws:s3:::{}", self.bucket)),
            s3_bucket: (!is_first_schema).then_some(&self.bucket),
        }
    }
}

/// The same as [`BatchJobBuilder::new`].
impl Default for BatchJobBuilder {
    fn default() -> Self {
        Self::new()
    }
}
