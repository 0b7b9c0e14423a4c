//! A job of S3 Batch Operations, as the local pipeline runs it.

use s3_dispatch::Dispatcher;
use s3_dispatch_local::{BatchJobRun, JobManifest, LocalPipeline, TaskStatus};

use super::Way;
use crate::case::{BUCKET, Case, Fate};
use crate::handlers::router;
use crate::place::Place;

pub(super) struct BatchJob;

impl Way for BatchJob {
    fn name(&self) -> &'static str {
        "Batch Operations"
    }

    fn generated(&self) -> u32 {
        300
    }

    fn run(&self, case: &Case, place: &Place) -> Vec<Fate> {
        let manifest: String = case
            .messages
            .iter()
            .map(|message| {
                let record = &message.records[0];
                format!("{BUCKET},{},v{}\n", record.key, record.number)
            })
            .collect();

        super::on_a_paused_clock(async {
            let router = router(case, place.notes()).await;
            let dispatcher = Dispatcher::new(router).with_concurrency(case.concurrency());
            let pipeline = LocalPipeline::of(dispatcher).unwrap().start().await;

            let job = BatchJobRun::new(JobManifest::parse(&manifest).unwrap())
                .with_tasks_per_invocation(100)
                .with_attempts(1);
            let report = pipeline
                .unwrap()
                .run_batch_job("processor", &job)
                .await
                .unwrap();

            case.fates(|index, _| match report.tasks()[index].status {
                TaskStatus::Succeeded => Fate::Handled,
                TaskStatus::TemporaryFailure => Fate::ComesAgain,
                TaskStatus::PermanentFailure => Fate::SetAside,
            })
        })
    }
}
