//! `invoke`: sends a payload through the handlers, in a terminal.

use serde_json::Value;

use crate::run;

const SUCCESS: &str = "{\"batchItemFailures\":[]}\n";
const NOTHING_FITS: (&str, &str) = ("MAX_OBJECT_BYTES", "0");

/// Invokes the program with a file, checks the answer and returns the logs.
#[track_caller]
fn check(file: &str, settings: &[(&str, &str)], status: i32, stdout: &str) -> String {
    let run = run(&["invoke", file], settings, b"");
    assert_eq!(
        (run.status, &*run.stdout),
        (Some(status), stdout),
        "{}",
        run.stderr
    );

    run.stderr
}

/// Checks that the payload cannot be read: the answer has this type of error, and the logs contain
/// this text.
#[track_caller]
fn check_unreadable(stdin: &[u8], error_type: &str, log: &str) {
    let run = run(&["invoke", "-"], &[], stdin);
    assert_eq!(run.status, Some(2), "{}", run.stderr);
    let error: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(error["errorType"], error_type, "{error}");
    assert!(
        error["errorMessage"].as_str().unwrap().contains(log),
        "{error}"
    );
    assert!(run.stderr.contains(log), "{}", run.stderr);
}

/// The keys that the handler logged.
fn uploads(logs: &str) -> Vec<&str> {
    let logs = logs
        .lines()
        .filter_map(|line| line.split_once(": object uploaded "));
    logs.map(|(_, fields)| {
        fields
            .split_once("key=\"")
            .unwrap()
            .1
            .split_once("\" size=")
            .unwrap()
            .0
    })
    .collect()
}

#[test]
fn a_batch_of_uploads_succeeds() {
    let logs = check("examples/events/put.json", &[], 0, SUCCESS);
    assert_eq!(
        uploads(&logs),
        ["holiday/2026/my photo (2).jpg", "holiday/2026/film.mp4"]
    );
    assert!(logs.contains("test notification"), "{logs}");
    let skipped = "key=\"archive/2026/my photo (2).jpg\"";

    assert!(
        logs.lines()
            .any(|line| line.contains("WARN") && line.contains(skipped)),
        "{logs}"
    );
}

#[test]
fn copies_are_skipped() {
    let logs = check("examples/events/copy.json", &[], 0, SUCCESS);
    assert_eq!(uploads(&logs), ["holiday/2026/my photo (2).jpg"]);
}

#[test]
fn a_notification_straight_from_s3_succeeds() {
    let logs = check("examples/events/s3.json", &[], 0, SUCCESS);
    assert_eq!(uploads(&logs), ["holiday/2026/my photo (2).jpg"]);
}

#[test]
fn an_sns_batch_succeeds() {
    let logs = check("examples/events/sns.json", &[], 0, SUCCESS);
    assert_eq!(uploads(&logs), ["holiday/2026/my photo (2).jpg"]);
}

#[test]
fn an_eventbridge_event_succeeds() {
    let logs = check("examples/events/eventbridge.json", &[], 0, SUCCESS);
    assert_eq!(uploads(&logs), ["holiday/2026/my photo (2).jpg"]);
}

#[test]
fn a_batch_that_fails_in_part_lists_the_failed_messages() {
    let response =
        "{\"batchItemFailures\":[{\"itemIdentifier\":\"2e1424d4-f796-459a-8184-9c92662be6d1\"}]}\n";
    let logs = check("examples/events/failures.json", &[], 1, response);
    assert_eq!(
        uploads(&logs),
        ["holiday/2026/my photo (2).jpg", "holiday/2026/film.mp4"]
    );

    assert!(
        logs.lines()
            .any(|line| line.starts_with("ERROR") && line.contains("`$.Records[1].body`")),
        "{logs}"
    );
}

#[test]
fn a_delivery_without_messages_fails_as_a_whole() {
    for file in ["s3", "sns", "eventbridge"] {
        let error = concat!(
            r#"{"errorType":"s3_dispatch::InvocationFailed","#,
            r#""errorMessage":"1 of 1 records failed: "#,
            r#"the object \"holiday/2026/my photo (2).jpg\" has 184021 bytes, "#,
            r#"which is more than 0"}"#,
            "\n"
        );

        let logs = check(
            &format!("examples/events/{file}.json"),
            &[NOTHING_FITS],
            1,
            error,
        );

        assert_eq!(uploads(&logs), [""; 0]);
    }
}

#[test]
fn every_example_is_tested() {
    let events = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../events");
    let mut files: Vec<_> = events
        .read_dir()
        .unwrap()
        .map(|file| file.unwrap().file_name())
        .collect();

    files.sort();

    assert_eq!(
        files,
        [
            "copy.json",
            "eventbridge.json",
            "failures.json",
            "put.json",
            "s3.json",
            "sns.json"
        ]
    );
}

#[test]
fn a_dash_is_the_standard_input() {
    let run = run(
        &["invoke", "-"],
        &[],
        include_bytes!("../../../events/s3.json"),
    );

    assert_eq!(
        (run.status, &*run.stdout),
        (Some(0), SUCCESS),
        "{}",
        run.stderr
    );

    assert_eq!(uploads(&run.stderr), ["holiday/2026/my photo (2).jpg"]);
}

#[test]
fn the_error_names_a_missing_file() {
    let logs = check("examples/events/missing.json", &[], 2, "");
    assert!(
        logs.starts_with("error: the file `examples/events/missing.json` cannot be read: No such"),
        "{logs}"
    );
}

#[test]
fn a_folder_is_not_a_payload() {
    let logs = check("examples/events", &[], 2, "");
    assert!(
        logs.starts_with("error: the file `examples/events` cannot be read: "),
        "{logs}"
    );
}

#[test]
fn a_text_that_is_not_a_payload_is_unreadable() {
    check_unreadable(
        b"garbage",
        "s3_dispatch::InvalidJson",
        "the text is not JSON: it begins with `garbage` at `$`",
    );
}

#[test]
fn bytes_that_are_not_utf_8_are_unreadable() {
    check_unreadable(b"\xff\xfe", "s3_dispatch::InvalidUtf8", "not UTF-8");
}

#[test]
fn an_empty_payload_is_unreadable() {
    check_unreadable(b"", "s3_dispatch::InvalidJson", "it is empty");
}

#[test]
fn an_object_without_an_event_is_unreadable() {
    check_unreadable(
        b"{}",
        "s3_dispatch::NotAnS3Event",
        "expected an S3 notification",
    );
}

#[test]
fn a_setting_controls_the_detail_of_the_logs() {
    let logs = check(
        "examples/events/put.json",
        &[("RUST_LOG", "error")],
        0,
        SUCCESS,
    );

    assert_eq!(logs, "");

    let logs = check(
        "examples/events/put.json",
        &[("RUST_LOG", "debug")],
        0,
        SUCCESS,
    );

    assert!(logs.contains("DEBUG"), "{logs}");
}

#[test]
fn a_job_gets_a_result_for_each_task() {
    let job = |arguments: &str| {
        format!(
            r#"{{"invocationSchemaVersion": "2.0", "invocationId": "i",
                "job": {{"id": "j", "userArguments": {{{arguments}}}}},
                "tasks": [{{"taskId": "1", "s3Key": "a.jpg", "s3Bucket": "holiday"}}]}}"#
        )
    };
    let check = |arguments: &str, status, code, text| {
        let run = run(&["invoke", "-"], &[], job(arguments).as_bytes());
        let answer = format!(
            concat!(
                r#"{{"invocationSchemaVersion":"2.0","treatMissingKeysAs":"TemporaryFailure","#,
                r#""invocationId":"i","results":[{{"taskId":"1","resultCode":"{code}","#,
                r#""resultString":"{text}"}}]}}"#,
            ),
            code = code,
            text = text,
        );
        assert_eq!(
            (run.status, run.stdout.trim_end()),
            (Some(status), &*answer)
        );
    };

    // The handler is promised a size, which a job does not send.
    let text = "the `ObjectCreated:Put` record has no `size`, because it is a task of a batch job; \
                `Dispatcher::look_up_tasks` asks S3 for it";
    check("", 1, "PermanentFailure", text);
    let removed = r#""eventName": "ObjectRemoved:Delete""#;
    check(
        removed,
        0,
        "Succeeded",
        "skipped: no route matches the record",
    );
}
