//! Builds the programs again when their sources change.

use std::path::PathBuf;
use std::time::Duration;

use s3_dispatch_local::{LocalPipeline, Topology};

use super::failure::Failure;
use super::project::{Built, Project};
use super::sources::Fingerprint;
use super::status::BuildStatus;
use crate::console::{self, paint, say};

/// How often the sources are looked at. What has changed is built when it has not changed again
/// for this long, because an editor writes several files one after the other.
const INTERVAL: Duration = Duration::from_millis(250);

/// The programs that run, and the sources that they were built from.
#[derive(Clone)]
pub(crate) struct Watched {
    programs: Vec<PathBuf>,
    fingerprint: Fingerprint,
}

/// Builds the programs for the first time, and returns their pipeline. With `waits`, a build that
/// fails is tried again when the sources change.
pub(crate) async fn first_build(
    project: &Project,
    waits: bool,
) -> Result<(Topology, Watched), Failure> {
    let mut fingerprint = project.fingerprint(&[]).await;
    let (names, command) = (project.names(), project.build_command());
    say(&format!("Building {names} with `{command}`"));

    loop {
        match build(project).await {
            Ok(built) => {
                let watched = Watched {
                    programs: built.programs().to_vec(),
                    fingerprint: with_lists(project, &built, fingerprint).await,
                };
                return Ok((project.pipeline(&built), watched));
            }
            Err(failure) if waits => {
                say_failed(&failure, "It is built again when its sources change.");
                fingerprint = changed(project, &[], &fingerprint).await;
            }
            Err(failure) => return Err(failure),
        }
    }
}

/// Builds the programs whenever their sources have changed, and lets a good build replace what
/// runs. Never returns.
pub(crate) async fn watch(
    project: &Project,
    mut watched: Watched,
    pipeline: &LocalPipeline,
    status: &BuildStatus,
) {
    loop {
        let programs = &watched.programs;
        watched.fingerprint = changed(project, programs, &watched.fingerprint).await;
        status.set_building();
        say(&format!("Building {} again", project.names()));

        match rebuild(project, pipeline).await {
            Ok(built) => {
                watched.programs = built.programs().to_vec();
                watched.fingerprint = with_lists(project, &built, watched.fingerprint).await;
                status.set_current();
                let names = project.names();
                let text = format!("{names} is up to date: the next event runs the new build");
                say(&paint(console::GOOD, &text));
            }
            Err(failure) => {
                status.set_failed(&failure);
                say_failed(&failure, "The last good build keeps running.");
            }
        }
    }
}

/// Builds the programs, and makes the copies that run.
async fn build(project: &Project) -> Result<Built, Failure> {
    let built = project.build().await?;
    project.install(&built)?;

    Ok(built)
}

/// Builds the programs and replaces those that run. The pipeline takes over what they handle now:
/// the new program is there before an event that only it takes.
async fn rebuild(project: &Project, pipeline: &LocalPipeline) -> Result<Built, Failure> {
    let built = build(project).await?;
    let taken_over = pipeline.reconfigure(built.topology());
    taken_over.map_err(|error| Failure::new(format!("the pipeline cannot change: {error}")))?;

    Ok(built)
}

/// Waits until the sources are others than these, and do not change at the moment.
async fn changed(project: &Project, programs: &[PathBuf], from: &Fingerprint) -> Fingerprint {
    let mut last = from.clone();

    loop {
        tokio::time::sleep(INTERVAL).await;
        let now = project.fingerprint(programs).await;
        if now != *from && now == last {
            return now;
        }

        last = now;
    }
}

/// Adds the files that only the lists beside the programs name. A file that was there before the
/// build keeps its state, so that a change in the meantime is noticed.
async fn with_lists(project: &Project, built: &Built, mut before: Fingerprint) -> Fingerprint {
    let listed = project.fingerprint(built.programs()).await;
    for (file, state) in listed {
        before.entry(file).or_insert(state);
    }

    before
}

fn say_failed(failure: &Failure, next: &str) {
    say(&paint(console::FAILED, &failure.to_string()));
    say(next);
}
