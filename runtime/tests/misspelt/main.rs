//! The command line of a program whose route has a misspelt pattern.
//!
//! With the environment variable `PROGRAM` this process is the program, and without it the test.

#![allow(missing_docs, clippy::unwrap_used)]

use std::process::Command;

use s3_dispatch::{EventPattern, Route, Routes};

const WARNING: &str = "unknown event `ObjectCreate:Put` in index [ObjectCreate:Put]; did you mean \
                       `ObjectCreated:Put`?";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), s3_dispatch::Error> {
    if std::env::var_os("PROGRAM").is_some() {
        let route = Route::new(EventPattern::parse("ObjectCreate:Put")?).with_name("index");
        let routes = Routes::new(()).on_fn(route, || async { Ok::<_, std::io::Error>(()) });
        return s3_dispatch::start(routes).await;
    }

    every_format_of_policy_warns();
    invoke_warns();

    Ok(())
}

/// The exit status and the standard error of the program.
fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(arguments)
        .env("PROGRAM", "1")
        .env_remove("AWS_LAMBDA_RUNTIME_API")
        .env_remove("RUST_LOG")
        .output()
        .unwrap();

    (
        output.status.code(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

fn every_format_of_policy_warns() {
    for (format, status) in [
        ("sns", 0),
        ("s3", 0),
        // There is no pattern for events that EventBridge does not send.
        ("eventbridge", 1),
        ("esm", 0),
        ("iam", 0),
        ("terraform", 0),
    ] {
        let (found, stderr) = run(&["policy", "--format", format]);
        assert_eq!(found, Some(status), "{format}: {stderr}");

        let warning = format!("warning: {WARNING}");
        let warnings = stderr.lines().filter(|line| *line == warning);
        assert_eq!(warnings.count(), 1, "{format}: {stderr}");
    }
}

fn invoke_warns() {
    let event = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/events/put.json");
    let (status, stderr) = run(&["invoke", event]);

    assert_eq!(status, Some(0), "{stderr}");
    assert_eq!(stderr.matches(WARNING).count(), 1, "{stderr}");
}
