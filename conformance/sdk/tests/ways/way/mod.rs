//! The ways in which handlers run: each delivers the messages of a case once.

mod audit;
mod backfill;
mod batch_job;
mod dead_letters;
mod files;
mod lambda;
mod worker;

use crate::case::{Case, Fate};
use crate::place::Place;

/// A way in which handlers run.
pub(crate) trait Way: Sync {
    fn name(&self) -> &'static str;

    /// Delivers the messages once, and tells what became of each.
    fn run(&self, case: &Case, place: &Place) -> Vec<Fate>;

    /// How many cases of generated messages it gets. What starts processes gets fewer.
    fn generated(&self) -> u32;
}

/// The fastest first.
pub(crate) const WAYS: [&dyn Way; 7] = [
    &lambda::LambdaBatch,
    &batch_job::BatchJob,
    &worker::WorkerOnQueue,
    &files::Files,
    &backfill::Backfill,
    &audit::Audit,
    &dead_letters::DeadLetters,
];

/// Runs a way in this process.
fn on_a_paused_clock<T>(run: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();

    runtime.unwrap().block_on(run)
}
