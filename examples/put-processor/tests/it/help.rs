//! The help, and the errors for wrong commands.

use crate::run;

/// Checks the exit status, and that each part is in the standard output or, if the status is not 0,
/// in the standard error.
#[track_caller]
fn check(arguments: &[&str], status: i32, expected: &[&str]) {
    let run = run(arguments, &[], b"");
    assert_eq!(run.status, Some(status), "{}{}", run.stdout, run.stderr);

    let (text, other) = if status == 0 {
        (run.stdout, run.stderr)
    } else {
        (run.stderr, run.stdout)
    };

    for part in expected {
        assert!(text.contains(part), "{text}");
    }

    assert_eq!(other, "");
}

#[test]
fn the_help_lists_the_commands() {
    check(
        &["--help"],
        0,
        &[
            "Usage: put-processor <COMMAND>",
            "\n  invoke ",
            "\n  inspect ",
            "--version",
        ],
    );
}

#[test]
fn the_help_of_a_command_explains_its_argument_and_its_exit_status() {
    check(
        &["invoke", "--help"],
        0,
        &[
            "put-processor invoke",
            "<FILE>",
            "standard input",
            "0",
            "1",
            "2",
        ],
    );

    check(
        &["inspect", "--help"],
        0,
        &[
            "put-processor inspect",
            "<FILES>...",
            "standard input",
            "0",
            "1",
        ],
    );
}

#[test]
fn the_version_names_the_program_and_its_library() {
    check(
        &["--version"],
        0,
        &[
            "put-processor",
            concat!("s3-dispatch ", env!("CARGO_PKG_VERSION")),
        ],
    );
}

#[test]
fn the_help_is_shown_without_a_command() {
    check(
        &[],
        2,
        &[
            "Usage: put-processor <COMMAND>",
            "\n  invoke ",
            "\n  inspect ",
        ],
    );
}

#[test]
fn an_unknown_command_is_named() {
    check(&["frobnicate"], 2, &["'frobnicate'", "--help"]);
}

#[test]
fn a_missing_argument_is_named() {
    check(
        &["invoke"],
        2,
        &["<FILE>", "Usage: put-processor invoke <FILE>"],
    );

    check(
        &["inspect"],
        2,
        &["<FILES>...", "Usage: put-processor inspect <FILES>..."],
    );
}
