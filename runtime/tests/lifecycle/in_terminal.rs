//! Outside Lambda: a command line, or a line that says what to do.

use std::process::Command;

#[cfg(feature = "cli")]
pub(crate) const TESTS: [(&str, fn()); 8] = [
    (
        "only_invoke_prepares_the_router",
        only_invoke_prepares_the_router,
    ),
    (
        "invoke_says_on_one_line_why_the_program_cannot_start",
        invoke_says_on_one_line_why_the_program_cannot_start,
    ),
    (
        "invoke_says_which_file_cannot_be_read",
        invoke_says_which_file_cannot_be_read,
    ),
    (
        "invoke_prepares_once_and_runs_what_follows",
        invoke_prepares_once_and_runs_what_follows,
    ),
    ("doctor_says_what_is_missing", doctor_says_what_is_missing),
    ("work_says_what_is_missing", work_says_what_is_missing),
    ("replay_says_what_is_missing", replay_says_what_is_missing),
    (
        "run_says_that_this_is_not_lambda",
        run_says_that_this_is_not_lambda,
    ),
];

#[cfg(not(feature = "cli"))]
pub(crate) const TESTS: [(&str, fn()); 2] = [
    (
        "without_a_command_line_start_says_what_to_do",
        without_a_command_line_start_says_what_to_do,
    ),
    (
        "run_says_that_this_is_not_lambda",
        run_says_that_this_is_not_lambda,
    ),
];

#[cfg(feature = "cli")]
const EVENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/events/put.json");

/// The exit status, the standard output and the standard error of a program.
fn run(program: &str, arguments: &[&str], log_level: Option<&str>) -> (i32, String, String) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(arguments)
        .env_clear()
        .env("PROGRAM", program)
        .envs(log_level.map(|level| ("RUST_LOG", level)))
        .output()
        .unwrap();

    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[cfg(feature = "cli")]
fn only_invoke_prepares_the_router() {
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["invoke", "--help"],
        &["inspect", EVENT],
        &["policy", "--format", "sns"],
        &["policy", "--format", "terraform"],
    ] {
        let (status, stdout, stderr) = run("without a setting", arguments, None);
        assert_eq!(status, 0, "{arguments:?}: {stderr}");
        assert!(!stdout.contains("prepares"), "{arguments:?}: {stdout}");
        assert!(!stderr.contains("TABLE"), "{arguments:?}: {stderr}");
    }
}

#[cfg(feature = "cli")]
fn invoke_says_on_one_line_why_the_program_cannot_start() {
    // A filter of the logs must not hide it.
    for level in [None, Some("my_program=debug"), Some("off")] {
        let (status, stdout, stderr) = run("without a setting", &["invoke", EVENT], level);
        assert_eq!((status, &*stdout), (2, "prepares\n"));
        assert_eq!(
            stderr,
            "error: the state of the handlers could not be made: the setting `TABLE`\\nis \
             missing: environment variable not found\n"
        );
    }
}

#[cfg(feature = "cli")]
fn invoke_says_which_file_cannot_be_read() {
    for level in [None, Some("off")] {
        let (status, stdout, stderr) = run("works", &["invoke", "nothere.json"], level);
        assert_eq!((status, &*stdout), (2, ""));
        assert_eq!(
            stderr,
            "error: the file `nothere.json` cannot be read: No such file or directory (os error \
             2)\n"
        );
    }
}

#[cfg(feature = "cli")]
fn invoke_prepares_once_and_runs_what_follows() {
    let (status, stdout, _) = run("works", &["invoke", EVENT], None);
    assert_eq!(status, 0);

    let lines: Vec<_> = stdout.lines().collect();
    assert_eq!(lines[0], "prepares");
    assert_eq!(lines.iter().filter(|line| **line == "prepares").count(), 1);
    assert_eq!(
        lines[lines.len() - 2..],
        ["after 4 messages", r#"{"batchItemFailures":[]}"#]
    );
}

#[cfg(all(feature = "cli", not(feature = "doctor")))]
fn doctor_says_what_is_missing() {
    let (status, stdout, stderr) = run("works", &["doctor", "--plan", "plan.json"], None);
    assert_eq!((status, &*stdout), (2, ""));
    assert!(stderr.contains("with the feature `doctor` of"), "{stderr}");
}

#[cfg(all(feature = "cli", feature = "doctor"))]
fn doctor_says_what_is_missing() {
    let (status, stdout, stderr) = run("works", &["doctor"], None);
    assert_eq!((status, &*stdout), (2, ""));
    assert!(stderr.contains("--template <FILE>"), "{stderr}");
}

#[cfg(all(feature = "cli", not(feature = "worker")))]
fn work_says_what_is_missing() {
    let arguments = [
        "work",
        "--queue-url",
        "http://localhost/queue",
        "--help",
        "--",
        "x",
    ];
    for arguments in [&arguments[..1], &arguments] {
        let (status, stdout, stderr) = run("works", arguments, None);
        assert_eq!((status, &*stdout), (2, ""), "{arguments:?}");
        assert_eq!(
            stderr,
            "error: the program is built without `work`: build it with the feature `worker` of \
             the crate `s3-dispatch`\n"
        );
    }

    let (_, stdout, _) = run("works", &["--help"], None);
    assert!(!stdout.contains("work "), "{stdout}");
}

#[cfg(feature = "cli")]
fn replay_says_what_is_missing() {
    let (status, stdout, stderr) = run("works", &["replay"], None);
    assert_eq!((status, &*stdout), (2, ""));
    let missing = if cfg!(feature = "replay") {
        "required arguments were not provided"
    } else {
        "built without `replay`: build it with the feature `replay`"
    };
    assert!(stderr.contains(missing), "{stderr}");

    let (_, stdout, _) = run("works", &["--help"], None);
    assert_eq!(
        stdout.contains("replay "),
        cfg!(feature = "replay"),
        "{stdout}"
    );
}

#[cfg(all(feature = "cli", feature = "worker"))]
fn work_says_what_is_missing() {
    let (status, stdout, stderr) = run("works", &["work"], None);
    assert_eq!((status, &*stdout), (2, ""));
    assert!(stderr.contains("--queue-url <URL>"), "{stderr}");

    let url = ["work", "--queue-url", "http://localhost/queue"];
    for (option, value, problem) in [
        (
            "--queue-url",
            "uploads",
            "not the URL of a queue, such as https://sqs.",
        ),
        (
            "--queue-url",
            "http://localhost",
            "not the URL of a queue, such as https://sqs.",
        ),
        (
            "--queue-url",
            "ftp://localhost/queue",
            "not the URL of a queue",
        ),
        ("--concurrency", "0", "0 is not in 1..=100000"),
        ("--concurrency", "-1", "invalid digit"),
        ("--in-flight", "0", "0 is not in 1..=100000"),
        ("--in-flight", "many", "invalid digit"),
        ("--receivers", "0", "0 is not in 1..=8"),
        ("--receivers", "9", "9 is not in 1..=8"),
        ("--visibility", "1", "1 is not in 2..=43200"),
        ("--visibility", "43201", "43201 is not in 2..=43200"),
        ("--drain", "43201", "43201 is not in 0..=43200"),
        (
            "--health",
            "8080",
            "not an IP address with a port, such as 0.0.0.0:8080",
        ),
        ("--health", ":8080", "not an IP address with a port"),
        (
            "--health",
            "localhost:8080",
            "not an IP address with a port",
        ),
    ] {
        let rest = if option == "--queue-url" {
            &url[..1]
        } else {
            &url
        };
        let argument = format!("{option}={value}");
        let arguments = [rest, &[&argument]].concat();
        let (status, stdout, stderr) = run("works", &arguments, None);

        assert_eq!((status, &*stdout), (2, ""), "{argument}");
        assert!(stderr.contains(problem), "{argument}: {stderr}");
        assert!(stderr.contains(option), "{argument}: {stderr}");
    }
}

#[cfg(not(feature = "cli"))]
fn without_a_command_line_start_says_what_to_do() {
    let (status, stdout, stderr) = run("without a setting", &["--help"], None);
    assert_eq!((status, &*stdout), (2, ""));
    assert_eq!(
        stderr,
        "error: this is not Lambda, and the program is built without a command line: deploy it, \
         or build it with the feature `cli` of the crate `s3-dispatch`\n"
    );
}

fn run_says_that_this_is_not_lambda() {
    let (status, stdout, stderr) = run("run", &["--help"], None);
    assert_eq!((status, &*stdout), (1, ""));
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.contains("this is not Lambda"), "{stderr}");
    assert!(stderr.contains("`s3_dispatch::start`"), "{stderr}");
}
