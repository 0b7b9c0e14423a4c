//! The program of a Cargo project: found, built, and run as a function.

mod mistakes;
mod test_project;
mod watching;
mod workers;

use self::test_project::TestProject;
use crate::cli::put_into;

#[tokio::test]
async fn the_program_of_the_folder_runs_with_what_its_handlers_need() {
    let project = TestProject::new();
    project.write_program("index", "one", &["photos"]);
    let mut local = project.start(&[]);

    local.line("Building `index` with `cargo build`").await;
    local.line("with the buckets photos, results").await;
    let port = local.port().await;
    assert!(put_into(port, "photos", "a", "1").await.contains("200"));

    local.line("passes to index").await;
    local.line("index: version one").await;
    local.line("succeeded").await;

    local.signal("-TERM");
    let (status, errors) = local.end().await;
    assert!(status.success(), "{errors}");
    assert!(errors.contains("Compiling index"), "{errors}");

    let copies = project.folder().join("target/s3-dispatch-local");
    assert_eq!(std::fs::read_dir(copies).unwrap().count(), 0);
}

#[tokio::test]
async fn a_subfolder_and_a_manifest_name_the_same_project() {
    let project = TestProject::new();
    project.write_program("index", "one", &[]);
    let manifest = project.folder().join("Cargo.toml");
    let elsewhere = tempfile::tempdir().unwrap();
    let source = project.folder().join("src");

    for (folder, arguments) in [
        (source.as_path(), &[][..]),
        (
            elsewhere.path(),
            &["--manifest-path", manifest.to_str().unwrap()],
        ),
    ] {
        let mut local = project.start_in(folder, arguments);
        local
            .line("with the buckets amzn-s3-demo-bucket, results")
            .await;
        local.signal("-TERM");
        assert!(local.end().await.0.success());
    }
}

#[tokio::test]
async fn each_named_program_gets_its_own_queue_and_what_it_handles() {
    let project = TestProject::new();
    project.write_main("first", "one", &["photos"], "ObjectCreated:Put");
    project.write_main("second", "two", &["photos", "videos"], "ObjectCreated:*");
    project.write_manifest(&["first", "second"]);

    let mut local = project.start(&["--program", "second", "--program", "first"]);
    local.line("with the buckets photos, videos, results").await;
    let port = local.port().await;
    put_into(port, "videos", "a", "1").await;

    // The topic sends the event to both, because the filters do not name a bucket.
    local.line("passes to first").await;
    local.line("passes to second").await;
    local.line("first: version one").await;
    local.line("second: version two").await;
}
