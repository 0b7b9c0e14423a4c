//! The answer to an invocation: to SQS, or to S3 Batch Operations.

use std::ops::Deref;

use aws_lambda_events::event::sqs::SqsBatchResponse;
use s3_dispatch_core::delivery::{BatchJob, Delivery};
use serde::{Serialize, Serializer};

use super::task_result::{ResultCode, TaskResult};
use crate::dispatch::engine::Outcomes;

/// The answer to an invocation, in the form that whoever invoked the function expects.
///
/// [`BatchReport::answer`](crate::BatchReport::answer) makes it. As JSON it is the result of each
/// task for a job of S3 Batch Operations ([`BatchJobResponse`]), and for everything else the
/// messages that failed:
///
/// ```json
/// {"batchItemFailures": [{"itemIdentifier": "059f36b4-87a3-44ab-83d2-661975830a7d"}]}
/// ```
///
/// It dereferences to these failed messages. There are none in the answer to a job.
#[derive(Debug, Clone)]
pub struct Answer {
    failures: SqsBatchResponse,
    job: Option<Box<BatchJobResponse>>,
}

impl Answer {
    pub(super) fn of_batch(failures: SqsBatchResponse) -> Self {
        Self {
            failures,
            job: None,
        }
    }

    pub(super) fn of_job(response: BatchJobResponse) -> Self {
        Self {
            failures: SqsBatchResponse::default(),
            job: Some(Box::new(response)),
        }
    }

    /// Returns the answer to a job of S3 Batch Operations. `None` for every other delivery.
    #[must_use]
    pub fn job(&self) -> Option<&BatchJobResponse> {
        self.job.as_deref()
    }
}

impl Deref for Answer {
    type Target = SqsBatchResponse;

    fn deref(&self) -> &SqsBatchResponse {
        &self.failures
    }
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.job {
            Some(job) => job.serialize(serializer),
            None => self.failures.serialize(serializer),
        }
    }
}

/// The answer to S3 Batch Operations: a result code for each task.
///
/// ```json
/// {"invocationSchemaVersion": "2.0", "treatMissingKeysAs": "TemporaryFailure",
///  "invocationId": "YXNkbGZqYWRmaiBhc2RmdW9hZHNmZGpm",
///  "results": [{"taskId": "dGFza2lkZ29lc2hlcmUK", "resultCode": "Succeeded",
///               "resultString": "handled"}]}
/// ```
///
/// "Invoke AWS Lambda function", Amazon S3 User Guide, 2026.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BatchJobResponse {
    /// The version of the schema that the invocation has.
    pub invocation_schema_version: String,
    /// What a task without a result would count as. It is always
    /// [`TemporaryFailure`](ResultCode::TemporaryFailure), so an omission never counts as done.
    pub treat_missing_keys_as: ResultCode,
    /// The id of the invocation.
    pub invocation_id: String,
    /// The results, in the order of the tasks. Every task has one.
    pub results: Vec<TaskResult>,
}

impl BatchJobResponse {
    pub(super) fn new(job: &BatchJob, delivery: &Delivery, outcomes: &Outcomes) -> Self {
        let results = delivery.messages().iter();

        Self {
            invocation_schema_version: job.schema_version.as_str().to_owned(),
            treat_missing_keys_as: ResultCode::TemporaryFailure,
            invocation_id: job.invocation_id.as_str().to_owned(),
            results: results
                .map(|task| TaskResult::new(task, outcomes))
                .collect(),
        }
    }
}
