//! What is wrong with a project is said before anything runs.

use super::TestProject;

/// The standard error of a program that must fail.
async fn fails(project: &TestProject, arguments: &[&str]) -> String {
    let mut local = project.start(arguments);
    let (status, errors) = local.end().await;
    assert_eq!(status.code(), Some(1), "{errors}");

    errors
}

async fn check(project: &TestProject, arguments: &[&str], expected: &str) {
    let errors = fails(project, arguments).await;
    assert!(errors.contains(expected), "{errors}");
}

#[tokio::test]
async fn without_a_project_the_error_names_the_other_ways() {
    let nothing = TestProject::new();
    let errors = fails(&nothing, &[]).await;
    for part in [
        "is not in a Cargo project",
        "`--manifest-path PATH`",
        "`--config FILE`",
        "`--function NAME=PATH`",
    ] {
        assert!(errors.contains(part), "{errors}");
    }

    for arguments in [
        &["--worker"][..],
        &["--worker", "index"],
        &["--function", "put-processor=index", "--watch"],
        &["--function", "put-processor=index", "--features", "index"],
    ] {
        check(&nothing, arguments, "is not in a Cargo project").await;
    }

    let missing = ["--manifest-path", "missing/Cargo.toml"];
    check(&nothing, &missing, "missing/Cargo.toml`").await;
}

#[tokio::test]
async fn a_manifest_that_cargo_cannot_read_is_explained_by_cargo() {
    let project = TestProject::new();
    project.write("Cargo.toml", "[package\n");
    check(&project, &[], "Cargo cannot read `").await;
}

#[tokio::test]
async fn a_library_has_no_program() {
    let project = TestProject::new();
    project.write_manifest(&[]);
    project.write("src/lib.rs", "");
    let expected = "has no program: it needs a `src/main.rs` or a `[[bin]]`";
    check(&project, &[], expected).await;
}

#[tokio::test]
async fn of_several_programs_one_must_be_chosen() {
    let project = TestProject::new();
    project.write_main("first", "one", &[], "ObjectCreated:*");
    project.write_main("second", "two", &[], "ObjectCreated:*");
    project.write_manifest(&["first", "second"]);

    let several = "has several programs; choose one or more of `first`, `second` with `--program";
    check(&project, &[], several).await;

    let unknown = "there is no program `third`; the programs are `first`, `second`";
    check(&project, &["--program", "third"], unknown).await;
}

#[tokio::test]
async fn another_program_is_told_from_one_of_s3_dispatch() {
    let project = TestProject::new();
    project.write_manifest(&["index"]);
    project.write("src/index.rs", "fn main() { println!(\"hello\") }");
    let other = "`index` does not say what it handles: `index policy --format local` printed \
                 something else";
    check(&project, &[], other).await;

    let fails = "fn main() { eprintln!(\"two routes are equal\"); std::process::exit(2) }";
    project.write("src/index.rs", fails);
    check(
        &project,
        &[],
        "ended with exit status: 2: two routes are equal;",
    )
    .await;
}

#[tokio::test]
async fn a_program_that_says_itself_why_it_fails_is_quoted_without_advice() {
    for (text, expected) in [
        (
            "fn main() { panic!(\"two routes are equal\") }",
            "two routes are equal",
        ),
        (
            "fn main() { eprintln!(\"set SIZE\"); std::process::exit(1) }",
            "ended with exit status: 1: set SIZE",
        ),
    ] {
        let project = TestProject::new();
        project.write_manifest(&["index"]);
        project.write("src/index.rs", text);
        let errors = fails(&project, &[]).await;
        assert!(errors.contains(expected), "{errors}");
        assert!(!errors.contains("s3_dispatch::start"), "{errors}");
    }
}

#[tokio::test]
async fn a_program_that_aws_would_refuse_does_not_run() {
    let project = TestProject::new();
    project.write_program("index", "one", &["My_Photos"]);
    let errors = fails(&project, &[]).await;
    assert!(
        errors.contains("`index` cannot run with what they handle"),
        "{errors}"
    );
    assert!(errors.contains("My_Photos"), "{errors}");
}

#[tokio::test]
async fn a_failing_build_shows_what_cargo_says() {
    let project = TestProject::new();
    project.write_manifest(&["index"]);
    project.write("src/index.rs", "fn main() { missing() }");

    let errors = fails(&project, &[]).await;
    assert!(
        errors.contains("cannot find function `missing`"),
        "{errors}"
    );
    assert!(
        errors.contains("error: `cargo build` failed for index"),
        "{errors}"
    );
    assert!(!errors.contains('\u{1b}'), "colours are only for terminals");
}

#[tokio::test]
async fn what_is_about_a_project_is_not_about_other_pipelines() {
    let project = TestProject::new();
    for arguments in [
        ["--watch", "--demo"].as_slice(),
        &["--program", "index", "--config", "local.toml"],
        &["--release", "--examples"],
        &["--timeout", "5", "--config", "local.toml"],
    ] {
        let mut local = project.start(arguments);
        let (status, errors) = local.end().await;
        assert_eq!(status.code(), Some(2), "{errors}");
        assert!(errors.contains("cannot be used with"), "{errors}");
    }
}

#[tokio::test]
async fn a_timeout_that_lambda_does_not_have_is_an_error() {
    let project = TestProject::new();
    for timeout in ["0", "901", "1.5", "soon"] {
        let mut local = project.start(&["--timeout", timeout]);
        let (status, errors) = local.end().await;
        assert_eq!(status.code(), Some(2), "{errors}");
        assert!(
            errors.contains("expected a whole number of seconds from 1 to 900"),
            "{errors}"
        );
    }
}
