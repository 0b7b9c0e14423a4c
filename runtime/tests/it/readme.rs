//! The repository's README: what it quotes is what the code says.

use std::path::Path;

fn read(path: &str) -> String {
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
