//! Jobs of S3 Batch Operations, which invoke functions of the pipeline.

use bytes::Bytes;

use super::LocalPipeline;
use crate::Error;
use crate::lambda::batch_jobs::{BatchJobRun, CompletionReport, JobFunction};
use crate::lambda::invoker::Invoker;
use crate::lambda::{FunctionError, Invocation};

impl LocalPipeline {
    /// Runs a job of S3 Batch Operations that invokes a function, and returns its completion
    /// report.
    ///
    /// The function is invoked directly, besides what its queue brings: without injected faults,
    /// and not counted by [`settle`](Self::settle). Its timeout applies.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownName`](crate::ErrorKind::UnknownName) when the function does not exist
    /// or is a worker. A function that fails is no error: its tasks fail.
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
    ///     println!("{key}");
    ///     Ok::<_, HandlerError>(())
    /// });
    /// let pipeline = LocalPipeline::builder()
    ///     .with_topology(Topology::of(&routes)?)
    ///     .with_router("processor", routes)
    ///     .start()
    ///     .await?;
    ///
    /// let job = BatchJobRun::new(JobManifest::parse("photos,a.jpg\nphotos,b.jpg\n")?);
    /// let report = pipeline.run_batch_job("processor", &job).await?;
    /// assert_eq!((report.succeeded(), report.failed()), (2, 0));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run_batch_job(
        &self,
        function: &str,
        job: &BatchJobRun,
    ) -> Result<CompletionReport, Error> {
        let invoker = self.invoker(function);
        let invoker = invoker.ok_or_else(|| Error::unknown_name("function", function))?;

        Ok(job.run(&*invoker).await)
    }
}

impl JobFunction for Invoker {
    async fn invoke(&self, invocation: Invocation) -> Result<Bytes, FunctionError> {
        self.invoke_once(invocation).await
    }
}
