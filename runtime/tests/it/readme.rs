//! The repository's README and a guide: what they quote is what the code says.

use std::path::Path;

/// A file of the repository.
pub(crate) fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    std::fs::read_to_string(root.join(path)).unwrap()
}

/// The lines between two lines.
fn lines_between<'t>(text: &'t str, first: &str, last: &str) -> Vec<&'t str> {
    let lines = text.lines().skip_while(|line| *line != first).skip(1);
    lines.take_while(|line| *line != last).collect()
}

/// The first page of the crate hides what the program needs to compile as a doc test.
#[test]
fn the_program_is_the_one_on_the_first_page_of_the_crate() {
    let readme = read("README.md");
    let first_page = read("runtime/src/lib.rs");

    let shown = lines_between(&readme, "```rust", "```");
    let compiled: Vec<_> = lines_between(&first_page, "//! ```no_run", "//! ```")
        .into_iter()
        .map(|line| line.strip_prefix("//!").unwrap())
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .filter(|line| !line.starts_with("# "))
        .collect();

    assert!(shown.contains(&r#"#[s3_handler("ObjectCreated:Put")]"#));
    assert_eq!(shown, compiled);
}

#[test]
fn the_compile_error_is_what_the_compiler_prints() {
    let readme = read("README.md");
    let snapshot = read("macros/tests/ui/events/misspelt_name.stderr");

    let shown = lines_between(&readme, "```text", "```").join("\n");

    assert_eq!(
        shown,
        snapshot
            .replace("tests/ui/events/misspelt_name.rs", "src/main.rs")
            .trim_end()
    );
}

/// What follows the first `before` in the manifest of the workspace, up to a quotation mark.
fn in_manifest(before: &str) -> String {
    let manifest = read("Cargo.toml");
    let (_, rest) = manifest.split_once(before).unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

#[test]
fn the_versions_in_the_readme_are_those_of_the_workspace() {
    let readme = read("README.md");
    let version = in_manifest("\nversion = \"");
    let minor = version.rsplit_once('.').unwrap().0;
    let tokio = in_manifest("\ntokio = { version = \"");
    let rust = in_manifest("\nrust-version = \"");

    for expected in [
        format!("cargo add s3-dispatch@{minor}\n"),
        format!("cargo add tokio@{tokio} --features"),
        format!("[![Rust {rust} or newer](https://img.shields.io/badge/rust-{rust}%2B-blue)]"),
    ] {
        assert!(readme.contains(&expected), "the README lacks `{expected}`");
    }
}

#[test]
fn the_versions_in_the_guide_are_those_that_the_crates_are_built_with() {
    let manifest = read("Cargo.toml");
    let version = |name: &str| {
        let line = manifest
            .lines()
            .find(|line| line.starts_with(&format!("{name} = ")));
        let version = line.unwrap().split_once("version = \"").unwrap().1;
        version.split_once('"').unwrap().0.to_owned()
    };

    let row = format!(
        "| 0.1 | {} or later, below 2 | {} or later, below 2 | {} |",
        version("lambda_runtime"),
        version("aws_lambda_events"),
        version("tower").rsplit_once('.').unwrap().0
    );
    let guide = read("runtime/docs/adopting-step-by-step.md");
    assert!(guide.lines().any(|line| line == row), "{row}");
}
