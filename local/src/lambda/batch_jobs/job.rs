//! A job: how it invokes a function with the objects of its manifest.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use s3_dispatch_testing::BatchJobBuilder;

use super::job_answer::JobAnswer;
use super::manifest::JobManifest;
use super::report::{CompletionReport, ReportedTask, TaskStatus};
use crate::lambda::function::{FunctionError, Invocation};

/// The first pause before failed tasks are tried again. It doubles each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// A job of S3 Batch Operations that invokes a function, as
/// [`LocalPipeline::run_batch_job`](crate::LocalPipeline::run_batch_job) runs it.
///
/// Tasks whose result is a temporary failure are tried again, after a pause that begins with a
/// second and doubles. So are all tasks of an invocation that failed as a whole. S3 does not say
/// how often it tries; here it is five times by default.
#[derive(Debug, Clone)]
pub struct BatchJobRun {
    manifest: JobManifest,
    tasks_per_invocation: usize,
    concurrency: usize,
    attempts: u32,
    is_first_schema: bool,
    user_arguments: Vec<(String, String)>,
}

/// The function that a job invokes.
pub(crate) trait JobFunction {
    /// Invokes it once.
    fn invoke(
        &self,
        invocation: Invocation,
    ) -> impl Future<Output = Result<bytes::Bytes, FunctionError>>;
}

impl BatchJobRun {
    /// A job with this manifest: ten tasks per invocation, ten invocations at once, five attempts,
    /// schema 2.0 and no user arguments.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_local::{BatchJobRun, JobManifest};
    ///
    /// let job = BatchJobRun::new(JobManifest::parse("photos,a.jpg\n")?)
    ///     .with_tasks_per_invocation(2)
    ///     .with_concurrency(1)
    ///     .with_attempts(3)
    ///     .with_user_argument("eventName", "ObjectCreated:Copy");
    /// # Ok::<_, s3_dispatch_local::Error>(())
    /// ```
    #[must_use]
    pub fn new(manifest: JobManifest) -> Self {
        Self {
            manifest,
            tasks_per_invocation: 10,
            concurrency: 10,
            attempts: 5,
            is_first_schema: false,
            user_arguments: Vec::new(),
        }
    }

    /// Sets the most tasks that an invocation has. The minimum is 1.
    #[must_use]
    pub fn with_tasks_per_invocation(mut self, tasks: usize) -> Self {
        self.tasks_per_invocation = tasks.max(1);
        self
    }

    /// Sets how many invocations run at once. The minimum is 1.
    #[must_use]
    pub fn with_concurrency(mut self, invocations: usize) -> Self {
        self.concurrency = invocations.max(1);
        self
    }

    /// Sets how often a task is tried before it counts as failed. The minimum is 1.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// Adds a user argument.
    #[must_use]
    pub fn with_user_argument(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.user_arguments.push((name.into(), value.into()));
        self
    }

    /// Writes invocations in schema 1.0, which has no user arguments.
    #[must_use]
    pub fn with_schema_1(mut self) -> Self {
        self.is_first_schema = true;
        self
    }

    /// Runs the job to its end.
    pub(crate) async fn run(&self, function: &impl JobFunction) -> CompletionReport {
        let objects = self.manifest.objects.iter();
        let mut report = CompletionReport {
            tasks: objects.map(ReportedTask::new).collect(),
            invocations: 0,
        };
        let mut open: Vec<usize> = (0..report.tasks.len()).collect();
        let mut pause = FIRST_PAUSE;

        for attempt in 0..self.attempts {
            if open.is_empty() {
                break;
            }

            if attempt > 0 {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }

            self.try_each(function, &open, &mut report).await;
            let tasks = &report.tasks;
            open.retain(|task| tasks[*task].status == TaskStatus::TemporaryFailure);
        }

        report
    }

    /// Invokes the function with each of these tasks once, and notes the results.
    async fn try_each(
        &self,
        function: &impl JobFunction,
        open: &[usize],
        report: &mut CompletionReport,
    ) {
        let first = report.invocations;
        let invocations = open.chunks(self.tasks_per_invocation).enumerate();
        let mut answers = stream::iter(invocations)
            .map(|(index, tasks)| async move {
                let id = format!("invocation-{}", first + index + 1);
                let invocation = Invocation::new(&*id, self.payload(&id, tasks));
                (
                    tasks,
                    JobAnswer::read(function.invoke(invocation).await, &id),
                )
            })
            .buffer_unordered(self.concurrency);

        while let Some((tasks, answer)) = answers.next().await {
            report.invocations += 1;

            for task in tasks {
                let (status, message) = answer.of(&task_id(*task));
                let reported = &mut report.tasks[*task];
                reported.status = status;
                reported.message = message;
                reported.attempts += 1;
            }
        }
    }

    fn payload(&self, invocation_id: &str, tasks: &[usize]) -> bytes::Bytes {
        let mut builder = BatchJobBuilder::new().with_invocation_id(invocation_id);
        if self.is_first_schema {
            builder = builder.with_schema_1();
        }

        for (name, value) in &self.user_arguments {
            builder = builder.with_user_argument(name, value);
        }

        for task in tasks {
            let object = &self.manifest.objects[*task];
            let (key, version) = (object.key.clone(), object.version_id.clone());
            builder = builder.with_encoded_task(task_id(*task), &object.bucket, key, version);
        }

        builder.to_bytes()
    }
}

/// The id of a task, which is the same in every attempt.
fn task_id(task: usize) -> String {
    format!("task-{task}")
}
