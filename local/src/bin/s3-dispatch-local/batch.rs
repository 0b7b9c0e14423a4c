//! `batch`: runs a job of S3 Batch Operations against one function.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use s3_dispatch_local::{
    BatchJobRun, CompletionReport, FunctionSpec, JobManifest, LocalPipeline, MappingSpec,
    QueueSpec, Topology,
};

use crate::cli::{BatchArguments, Implementation};
use crate::console::write;

/// Runs the job, and writes its report.
pub(crate) async fn run(arguments: &BatchArguments) -> Result<ExitCode, Box<dyn Error>> {
    let manifest = JobManifest::parse(&read(&arguments.manifest)?)?;
    let (name, _) = &arguments.function;

    let pipeline = LocalPipeline::builder()
        .with_topology(arguments.topology())
        .start()
        .await?;
    let report = pipeline.run_batch_job(name, &arguments.job(manifest)).await;
    pipeline.stop().await;
    let report = report?;

    match &arguments.report {
        None => write(&report.to_csv())?,
        Some(file) => std::fs::write(file, report.to_csv())
            .map_err(|error| format!("`{}` cannot be written: {error}", file.display()))?,
    }
    anstream::eprintln!("{}", summary(&report));

    Ok(match report.failed() {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

impl BatchArguments {
    /// The function, with a queue that nothing comes from.
    fn topology(&self) -> Topology {
        let (name, implementation) = &self.function;
        let mut function = FunctionSpec::new(name).with_timeout(Duration::from_secs(self.timeout));
        function = match implementation {
            Implementation::Program(program) => function.with_program(program.clone()),
            Implementation::Url(url) => function.with_invoke_url(url.clone()),
        };

        for variable in &self.env {
            function = function.with_variable(&variable.name, &variable.value);
        }

        if self.inherit_env {
            function = function.with_inherited_environment();
        }

        let timeout = Duration::from_secs(self.timeout.max(1));
        Topology::new()
            .with_queue(QueueSpec::new(name).with_visibility_timeout(timeout))
            .with_function(function)
            .with_mapping(MappingSpec::new(name, name))
    }

    fn job(&self, manifest: JobManifest) -> BatchJobRun {
        let job = BatchJobRun::new(manifest)
            .with_tasks_per_invocation(self.tasks_per_invocation)
            .with_concurrency(self.concurrency)
            .with_attempts(self.attempts);
        let job = if self.schema_1 {
            job.with_schema_1()
        } else {
            job
        };

        self.user_argument.iter().fold(job, |job, (name, value)| {
            job.with_user_argument(name, value)
        })
    }
}

fn read(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file)
        .map_err(|error| format!("the manifest `{}` cannot be read: {error}", file.display()))
}

fn summary(report: &CompletionReport) -> String {
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let (succeeded, invocations) = (report.succeeded(), report.invocations());

    format!(
        "{succeeded} task{} succeeded, {} failed, {invocations} invocation{}",
        plural(succeeded),
        report.failed(),
        plural(invocations)
    )
}
