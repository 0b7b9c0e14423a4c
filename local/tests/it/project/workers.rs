//! `--worker`: the program of a project receives from its queue itself.

use super::TestProject;
use crate::cli::{Program, put_into};
use crate::programs::program;

/// A project whose program `index` is a function or a worker.
fn project(version: &str) -> TestProject {
    let project = TestProject::new();
    project.write_program("index", version, &["photos"]);
    project.add_feature("worker");
    project
}

/// Starts a project whose programs become workers for tests.
fn start(project: &TestProject, arguments: &[&str]) -> Program {
    let receiver = format!("FUNCTION={}", program("receiver").display());
    project.start(&[&["--env", &receiver], arguments].concat())
}

#[tokio::test]
async fn the_program_of_the_folder_is_a_worker_of_its_own_queue() {
    for arguments in [&["--worker"][..], &["--worker", "index"]] {
        let project = project("one");
        let mut local = start(&project, arguments);
        local.line("index is a worker").await;
        local.line("index: with worker: true").await;
        local.line("index: started with work --queue-url").await;

        let port = local.port().await;
        put_into(port, "photos", "a", "1").await;
        local.line("passes to index").await;
        local.line("index: handled a").await;
        local.line("from index").await;

        local.signal("-TERM");
        local.line("index: drained").await;
        let (status, errors) = local.end().await;
        assert!(status.success(), "{errors}");
    }
}

#[tokio::test]
async fn the_feature_of_a_package_is_found_by_every_resolver() {
    let project = project("one");
    let manifest = std::fs::read_to_string(project.folder().join("Cargo.toml")).unwrap();
    let manifest = manifest.replace("edition", "resolver = \"1\"\nedition");
    project.write("Cargo.toml", &manifest);
    let mut local = start(&project, &["--worker"]);
    local
        .line("Building `index` with `cargo build --features worker`")
        .await;
    local.line("index: with worker: true").await;
}

#[tokio::test]
async fn a_package_without_the_feature_is_built_as_it_is() {
    let project = TestProject::new();
    project.write_program("index", "one", &["photos"]);
    let mut local = start(&project, &["--worker"]);
    local.line("index: with worker: false").await;
    local.line("index: started with work --queue-url").await;
}

#[tokio::test]
async fn a_path_replaces_the_program_and_keeps_what_it_handles() {
    let project = project("one");
    let worker = format!("index={}", program("receiver").display());
    let mut local = project.start(&["--worker", &worker, "--", "--concurrency", "3"]);
    local.line("with the buckets photos, results").await;
    local.line("index is a worker").await;
    local.line("--concurrency 3").await;

    let port = local.port().await;
    put_into(port, "photos", "a", "1").await;
    local.line("index: handled a").await;
    assert!(!local.seen().iter().any(|line| line.contains("version one")));
}

#[tokio::test]
async fn a_function_of_a_project_can_run_elsewhere() {
    let project = project("one");
    let mut local = project.start(&["--function", "index=http://127.0.0.1:9"]);
    local.line("with the buckets photos, results").await;
    local.line("index is invoked at http://127.0.0.1:9").await;
}

#[tokio::test]
async fn of_several_programs_the_named_one_is_a_worker() {
    let project = TestProject::new();
    project.write_main("first", "one", &["photos"], "ObjectCreated:*");
    project.write_main("second", "two", &["photos"], "ObjectCreated:*");
    project.write_manifest(&["first", "second"]);

    let mut local = start(&project, &["--program", "first", "--worker", "second"]);
    local.line("second is a worker").await;
    local.line("second: started with work --queue-url").await;
    local.line("first: version one").await;
    assert!(!local.seen().iter().any(|line| line.contains("first is a")));
}

#[tokio::test]
async fn a_watched_worker_drains_and_runs_the_new_program() {
    let project = project("one");
    let mut local = start(&project, &["--worker", "--watch"]);
    local.line("index: started with work --queue-url").await;

    project.write_main("index", "two", &["photos"], "ObjectCreated:*");
    local.line("`index` is up to date").await;
    local.line("index has changed, and is started again").await;
    local.line("index: drained").await;
    local.line("index: version two").await;

    let port = local.port().await;
    put_into(port, "photos", "a", "1").await;
    local.line("index: handled a").await;
    assert!(!local.seen().iter().any(|line| line.contains("restarts in")));
}

#[tokio::test]
async fn a_name_that_is_no_program_of_the_project_is_an_error_that_says_what_to_do() {
    let project = project("one");
    let program = program("receiver");
    let path = format!("put-processor={}", program.display());
    for arguments in [
        ["--worker", "put-processor"],
        ["--worker", &path],
        ["--function", &path],
    ] {
        let mut local = project.start(&arguments);
        let (status, errors) = local.end().await;
        assert_eq!(status.code(), Some(1), "{errors}");
        let expected = "there is no program `put-processor`; the programs are `index`; \
                        `--examples` runs the pipeline of the examples, and `--config FILE` one of \
                        your own";
        assert!(errors.contains(expected), "{errors}");
    }
}
