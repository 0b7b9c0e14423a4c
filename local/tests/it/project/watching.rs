//! `--watch`: the program is built again when its sources change.

use super::TestProject;
use crate::cli::put_into;
use crate::ui::browser::Ui;

const BROKEN: &str = "fn main() { missing() }";

#[tokio::test]
async fn a_change_replaces_the_program_and_what_its_buckets_publish() {
    let project = TestProject::new();
    project.write_program("index", "one", &["photos"]);
    let local = project.start(&["--watch", "--ui", "0"]);
    let mut ui = Ui::of(local).await;
    let mut events = ui.watch().await;
    let first = events.next().await.unwrap();
    assert_eq!(first["state"]["build"]["state"], "current");

    put_into(ui.s3, "photos", "a", "1").await;
    ui.program.line("index: version one").await;
    events.message("e1", "handled").await;

    project.write_program("index", "two", &["photos", "videos"]);
    ui.program.line("`index` is up to date").await;
    let event = events.until(|event| event["diagram"].is_object()).await;
    let nodes = event["diagram"]["nodes"].as_array().unwrap();
    assert!(nodes.contains(&"bucket:videos".into()), "{nodes:?}");

    put_into(ui.s3, "videos", "b", "1").await;
    ui.program.line("index: version two").await;
    events.message("e2", "handled").await;
}

#[tokio::test]
async fn a_failing_build_keeps_the_program_and_is_shown_on_the_page() {
    let project = TestProject::new();
    project.write_program("index", "one", &["photos"]);
    let local = project.start(&["--watch", "--ui", "0"]);
    let mut ui = Ui::of(local).await;
    let mut events = ui.watch().await;

    project.write("src/index.rs", BROKEN);
    ui.program.line("`cargo build` failed for index").await;
    ui.program.line("The last good build keeps running.").await;
    let failed = events
        .until(|event| event["state"]["build"]["state"] == "failed")
        .await;
    let text = failed["state"]["build"]["text"].as_str().unwrap();
    assert!(text.contains("cannot find function `missing`"), "{text}");

    put_into(ui.s3, "photos", "a", "1").await;
    ui.program.line("index: version one").await;
    events.message("e1", "handled").await;

    // So is a program that does not start.
    project.write("src/index.rs", "fn main() { std::process::exit(2) }");
    ui.program
        .line("`index` does not say what it handles")
        .await;
    put_into(ui.s3, "photos", "b", "1").await;
    events.message("e2", "handled").await;

    project.write_program("index", "three", &["photos"]);
    ui.program.line("`index` is up to date").await;
    events
        .until(|event| event["state"]["build"]["state"] == "current")
        .await;
    put_into(ui.s3, "photos", "c", "1").await;
    ui.program.line("index: version three").await;
}

#[tokio::test]
async fn a_first_build_that_fails_waits_for_a_change() {
    let project = TestProject::new();
    project.write_manifest(&["index"]);
    project.write("src/index.rs", BROKEN);
    let mut local = project.start(&["--watch"]);
    local
        .line("It is built again when its sources change.")
        .await;

    project.write_program("index", "one", &["photos"]);
    local.line("with the buckets photos, results").await;
}

#[tokio::test]
async fn files_that_only_the_compiler_knows_are_watched() {
    let project = TestProject::new();
    project.write("notes/version.txt", "one");
    project.write_program("index", "one", &["photos"]);
    let source = std::fs::read_to_string(project.folder().join("src/index.rs")).unwrap();
    let included = source.replace(
        "println!(\"version one\")",
        "println!(\"version {}\", include_str!(\"../notes/version.txt\"))",
    );
    project.write("src/index.rs", &included);

    let mut local = project.start(&["--watch"]);
    let port = local.port().await;
    put_into(port, "photos", "a", "1").await;
    local.line("index: version one").await;

    project.write("notes/version.txt", "two");
    local.line("`index` is up to date").await;
    put_into(port, "photos", "b", "1").await;
    local.line("index: version two").await;
}

#[tokio::test]
async fn what_runs_while_the_program_is_built_finishes() {
    let project = TestProject::new();
    project.write_program("index", "one", &["photos"]);
    let mut local = project.start(&["--watch", "--env", "HANG=1"]);
    let port = local.port().await;
    put_into(port, "photos", "a", "1").await;
    local.line("index: working").await;

    project.write_program("index", "two", &["photos"]);
    local.line("`index` is up to date").await;
    put_into(port, "photos", "b", "1").await;
    local.line("index: version two").await;

    // The invocation of the old program has not been ended by the new one.
    let seen = local.seen();
    assert!(
        !seen.iter().any(|line| line.contains("crashed")),
        "{seen:#?}"
    );
    assert!(
        !seen.iter().any(|line| line.contains("failed")),
        "{seen:#?}"
    );
}
