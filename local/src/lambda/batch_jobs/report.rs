//! The completion report of a job: what became of each task.

use std::fmt::Write;

use super::csv;
use super::manifest::ManifestObject;

/// The completion report of a job: what became of each task, in the order of the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletionReport {
    pub(super) tasks: Vec<ReportedTask>,
    pub(super) invocations: usize,
}

/// What became of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReportedTask {
    /// The bucket of the object.
    pub bucket: String,
    /// The key as the manifest has it, which is URL-encoded.
    pub key: String,
    /// The version, if the manifest has it.
    pub version_id: Option<String>,
    /// Whether the task is done.
    pub status: TaskStatus,
    /// What the function said about it at last, or why it did not answer.
    pub message: String,
    /// How often the function was invoked with it.
    pub attempts: u32,
}

/// How a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TaskStatus {
    /// It is done.
    Succeeded,
    /// It failed every time, and was not tried again any more.
    TemporaryFailure,
    /// It failed for good.
    PermanentFailure,
}

impl CompletionReport {
    /// The tasks, in the order of the manifest.
    #[must_use]
    pub fn tasks(&self) -> &[ReportedTask] {
        &self.tasks
    }

    /// How many tasks are done.
    #[must_use]
    pub fn succeeded(&self) -> usize {
        let tasks = self.tasks.iter();
        tasks
            .filter(|task| task.status == TaskStatus::Succeeded)
            .count()
    }

    /// How many tasks have failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.tasks.len() - self.succeeded()
    }

    /// How often the function was invoked.
    #[must_use]
    pub fn invocations(&self) -> usize {
        self.invocations
    }

    /// Writes the report as S3 does: a line for each task, without a line of headers.
    ///
    /// The columns are bucket, key, version, status, status code of HTTP, error code, and message
    /// ("Examples: S3 Batch Operations completion reports", Amazon S3 User Guide, 2026; the order
    /// is that of its examples).
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::{HandlerError, ObjectKey, Routes};
    /// use s3_dispatch_local::{BatchJobRun, JobManifest, LocalPipeline, Topology};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), s3_dispatch_local::Error> {
    /// let routes = Routes::new(()).on_fn("ObjectCreated:*", async |key: ObjectKey| {
    ///     match key.as_str() {
    ///         "a.jpg" => Ok(()),
    ///         _ => Err(HandlerError::permanent("it is not an image")),
    ///     }
    /// });
    /// let pipeline = LocalPipeline::builder()
    ///     .with_topology(Topology::of(&routes)?)
    ///     .with_router("processor", routes)
    ///     .start()
    ///     .await?;
    ///
    /// let job = BatchJobRun::new(JobManifest::parse("photos,a.jpg\nphotos,b.txt\n")?);
    /// let report = pipeline.run_batch_job("processor", &job).await?;
    /// assert_eq!(
    ///     report.to_csv(),
    ///     "photos,a.jpg,,succeeded,200,,\"handled\"\n\
    ///      photos,b.txt,,failed,200,PermanentFailure,\"it is not an image\"\n"
    /// );
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut csv = String::new();

        for task in &self.tasks {
            let (status, code) = match task.status {
                TaskStatus::Succeeded => ("succeeded", ""),
                TaskStatus::TemporaryFailure => ("failed", "TemporaryFailure"),
                TaskStatus::PermanentFailure => ("failed", "PermanentFailure"),
            };
            let version = task.version_id.as_deref().unwrap_or_default();

            let [bucket, key, version] = [&task.bucket, &task.key, version].map(csv::field);
            let message = csv::quoted(&task.message);
            writeln!(
                csv,
                "{bucket},{key},{version},{status},200,{code},{message}"
            )
            .expect("a string takes everything");
        }

        csv
    }
}

impl ReportedTask {
    /// A task that the function has not been invoked with.
    pub(super) fn new(object: &ManifestObject) -> Self {
        Self {
            bucket: object.bucket.clone(),
            key: object.key.clone(),
            version_id: object.version_id.clone(),
            status: TaskStatus::TemporaryFailure,
            message: String::new(),
            attempts: 0,
        }
    }
}
