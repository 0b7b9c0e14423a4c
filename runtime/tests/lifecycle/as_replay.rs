//! As a replay of files.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use s3_dispatch_testing::{NotificationBuilder, RecordBuilder};
use serde_json::{Value, json};

use crate::as_worker::put;
use crate::process::Process;
use crate::sqs::Sqs;

pub(crate) const TESTS: [(&str, fn()); 12] = [
    ("replay_prints_what_failed", replay_prints_what_failed),
    (
        "what_failed_can_be_replayed_again",
        what_failed_can_be_replayed_again,
    ),
    (
        "replay_reads_every_form_of_payload",
        replay_reads_every_form_of_payload,
    ),
    (
        "damage_names_its_file_and_line",
        damage_names_its_file_and_line,
    ),
    ("replay_and_invoke_agree", replay_and_invoke_agree),
    ("only_chooses", only_chooses),
    ("a_limit_ends_a_replay", a_limit_ends_a_replay),
    ("a_dry_run_does_nothing", a_dry_run_does_nothing),
    (
        "a_replay_that_cannot_start_has_status_2",
        a_replay_that_cannot_start_has_status_2,
    ),
    ("wrong_filters_are_explained", wrong_filters_are_explained),
    ("a_stopped_replay_drains", a_stopped_replay_drains),
    (
        "a_replay_warns_of_another_server_than_its_url_names",
        a_replay_warns_of_another_server_than_its_url_names,
    ),
];

/// A folder of files, which is removed in the end.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

/// What a replay did.
struct Done {
    status: i32,
    /// What the handlers said.
    notes: Vec<String>,
    /// The lines of JSON on standard output.
    printed: Vec<Value>,
    stderr: String,
}

fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .arg("replay")
        .args(arguments)
        .env_clear()
        .env("PROGRAM", program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());

    command
}

/// Runs a replay with this standard input.
fn replay_input(program: &str, arguments: &[&str], input: &str) -> Done {
    let mut child = command(program, arguments).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // The program may have ended without reading it.
    drop(stdin.write_all(input.as_bytes()));
    drop(stdin);
    let output = child.wait_with_output().unwrap();

    let stdout = String::from_utf8(output.stdout).unwrap();
    let (printed, notes): (Vec<_>, Vec<_>) = stdout.lines().partition(|line| line.starts_with('{'));
    Done {
        status: output.status.code().unwrap(),
        notes: notes.into_iter().map(str::to_owned).collect(),
        printed: printed
            .into_iter()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn replay(arguments: &[&str]) -> Done {
    replay_input("works", arguments, "")
}

impl Done {
    #[track_caller]
    fn check(&self, status: i32, summary: &str) {
        let last = self.stderr.lines().last().unwrap_or_default();
        assert_eq!((self.status, last), (status, summary), "{}", self.stderr);
    }

    /// The keys that were handled, in order.
    fn handled(&self) -> Vec<&str> {
        let notes = self.notes.iter();
        notes
            .filter_map(|note| note.strip_prefix("handles "))
            .collect()
    }
}

fn event(key: &str) -> String {
    let record = RecordBuilder::new("ObjectCreated:Put").with_key(key);
    NotificationBuilder::new().with_record(record).to_json()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn lines(events: &[&str]) -> String {
    let lines: Vec<_> = events.iter().map(|key| event(key) + "\n").collect();
    lines.concat()
}

fn replay_prints_what_failed() {
    let files = Files::new();
    let path = files.write("events.ndjson", &lines(&["good", "bad", "fine"]));
    let done = replay(&[text(&path)]);

    done.check(1, "2 handled, 0 skipped, 1 failed");
    assert_eq!(
        done.printed,
        [serde_json::from_str::<Value>(&event("bad")).unwrap()]
    );
    assert!(done.stderr.contains("it is bad"), "{}", done.stderr);
    assert!(done.stderr.contains("events.ndjson:2"), "{}", done.stderr);

    let path = files.write("good.ndjson", &lines(&["good", "fine"]));
    let done = replay(&[text(&path)]);
    done.check(0, "2 handled, 0 skipped, 0 failed");
    assert_eq!(done.printed, [Value::Null; 0]);
}

fn what_failed_can_be_replayed_again() {
    let batch = json!({"Records": [
        {"messageId": "1", "eventSource": "aws:sqs", "body": event("good")},
        {"messageId": "2", "eventSource": "aws:sqs", "body": event("bad")},
        {"messageId": "3", "eventSource": "aws:sqs", "body": event("bad").replace("bad", "good")},
    ]});
    let first = replay_input("works", &["-"], &batch.to_string());
    first.check(1, "2 handled, 0 skipped, 1 failed");

    let failed: Vec<_> = first.printed.iter().map(Value::to_string).collect();
    let again = replay_input("works", &["-"], &failed.join("\n"));
    again.check(1, "0 handled, 0 skipped, 1 failed");
    assert_eq!(again.printed, first.printed);
    assert_eq!(again.handled(), ["bad"]);
}

/// Any form, whole files and one after another, in several files.
fn replay_reads_every_form_of_payload() {
    let sns = json!({"Records": [{"EventSource": "aws:sns", "Sns": {
        "Type": "Notification", "MessageId": "s-1", "Message": event("sns"),
    }}]});
    let received = json!({"Messages": [
        {"MessageId": "r-1", "ReceiptHandle": "h", "Body": event("received")},
        {"MessageId": "r-2", "ReceiptHandle": "h", "Body": event("received too")},
    ]});
    let pipe = json!([{"messageId": "p-1", "receiptHandle": "h", "body": event("pipe")}]);
    let destination = json!({
        "version": "1.0",
        "requestContext": {"condition": "RetriesExhausted"},
        "requestPayload": serde_json::from_str::<Value>(&event("destination")).unwrap(),
        "responsePayload": {"errorMessage": "timed out"},
    });
    let job = json!({
        "invocationSchemaVersion": "1.0", "invocationId": "i", "job": {"id": "j"},
        "tasks": [{"taskId": "t", "s3Key": "task", "s3BucketArn": "arn:aws:s3:::holiday"}],
    });
    let payloads = [sns, received, pipe, destination, job];
    let keys = [
        "sns",
        "received",
        "received too",
        "pipe",
        "destination",
        "task",
    ];

    let files = Files::new();
    let by_line: Vec<_> = payloads.iter().map(Value::to_string).collect();
    let pretty: Vec<_> = payloads.iter().map(|json| format!("{json:#}")).collect();
    let by_line = files.write("lines", &by_line.join("\n"));
    let pretty = files.write("pretty", &pretty.join("\n"));
    for path in [&by_line, &pretty] {
        let mut done = replay(&["--concurrency", "1", text(path)]);
        done.check(0, "6 handled, 0 skipped, 0 failed");
        done.notes.sort();
        let mut sorted = keys;
        sorted.sort();
        assert_eq!(done.handled(), sorted);
    }

    let done = replay(&[text(&by_line), text(&pretty), text(&by_line)]);
    done.check(0, "18 handled, 0 skipped, 0 failed");
}

fn damage_names_its_file_and_line() {
    let files = Files::new();
    let unreadable = json!({"Messages": [
        {"MessageId": "m-1", "ReceiptHandle": "h", "Body": "{}"},
        {"MessageId": "m-2", "ReceiptHandle": "h", "Body": event("in batch")},
    ]});
    let text_of_file = [
        &event("first"),
        "{\"Records\": [{\"eventName\"",
        "garbage",
        &event("fourth"),
        "{\"unknown\": true}",
        &unreadable.to_string(),
    ];
    let path = files.write("mixed", &text_of_file.join("\n"));
    let done = replay(&[text(&path)]);

    done.check(1, "3 handled, 0 skipped, 0 failed, 3 unreadable");
    for place in ["mixed:2-3", "mixed:5", "mixed:6"] {
        assert!(
            done.stderr.contains(&format!("{place}\"")),
            "{place}: {}",
            done.stderr
        );
    }
    assert!(
        done.stderr.contains("$.Messages[0].Body"),
        "{}",
        done.stderr
    );
    assert_eq!(done.printed, [Value::Null; 0]);
}

/// A body of a message: records that are good, bad or unrouted, in an envelope or without, or
/// something else that arrives in queues.
fn random_body(random: &mut fastrand::Rng) -> String {
    if random.u8(0..8) == 0 {
        let others = [
            r#"{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "holiday"}"#,
            r#"{"Records": []}"#,
            "not JSON",
            "{}",
            "",
        ];
        return others[random.usize(..others.len())].to_owned();
    }

    let records = (0..random.usize(1..4)).map(|_| {
        let names = [
            "ObjectCreated:Put",
            "ObjectCreated:Put",
            "ObjectRemoved:Delete",
        ];
        let keys = ["bad", "good/1", "good/2", "good/3 %+ä"];
        RecordBuilder::new(names[random.usize(..names.len())])
            .with_key(keys[random.usize(..keys.len())])
    });
    let records = records.collect::<Vec<_>>().into_iter();
    let notification = records.fold(NotificationBuilder::new(), NotificationBuilder::with_record);
    let notification = notification.to_json();

    match random.bool() {
        true => notification,
        false => {
            json!({"Type": "Notification", "MessageId": "s", "Message": notification}).to_string()
        }
    }
}

/// The same payload by the engine's two drivers: what Lambda would be answered, and what a replay
/// does.
fn replay_and_invoke_agree() {
    let files = Files::new();
    let mut random = fastrand::Rng::with_seed(7);

    for batch in 0..25 {
        let messages = (0..random.usize(1..12)).map(|index| {
            let body = random_body(&mut random);
            json!({"messageId": format!("m-{index}"), "eventSource": "aws:sqs", "body": body})
        });
        let payload = json!({"Records": messages.collect::<Vec<_>>()});
        let path = files.write(&format!("batch-{batch}"), &payload.to_string());

        let invoked = Command::new(std::env::current_exe().unwrap())
            .args(["invoke", text(&path)])
            .env_clear()
            .env("PROGRAM", "works")
            .output()
            .unwrap();
        let stdout = String::from_utf8(invoked.stdout).unwrap();
        let answer: Value = serde_json::from_str(stdout.lines().last().unwrap()).unwrap();
        let failures = answer["batchItemFailures"].as_array().unwrap().len();
        let mut notes: Vec<_> = stdout
            .lines()
            .filter(|note| note.starts_with("handles "))
            .collect();
        notes.sort();

        let mut done = replay(&[text(&path)]);
        done.notes.retain(|note| note.starts_with("handles "));
        done.notes.sort();
        assert_eq!(done.notes, notes, "{payload}");
        assert_eq!(
            Some(done.status),
            invoked.status.code(),
            "{payload}: {}",
            done.stderr
        );

        let summary = done.stderr.lines().last().unwrap();
        let count = |what: &str| -> usize {
            let parts = summary.split(", ").find_map(|part| part.strip_suffix(what));
            parts.map_or(0, |count| count.trim().parse().unwrap())
        };
        assert_eq!(
            count("failed") + count("unreadable"),
            failures,
            "{summary}: {payload}"
        );
        // A line for each record that failed.
        let bad = done
            .notes
            .iter()
            .filter(|note| note.ends_with(" bad"))
            .count();
        assert_eq!(done.printed.len(), bad, "{summary}: {payload}");
    }
}

fn only_chooses() {
    let dead = |key: &str, error: &str| {
        json!({"Messages": [{
            "MessageId": key, "ReceiptHandle": "h", "Body": event(key),
            "MessageAttributes": {"Error": {"DataType": "String", "StringValue": error}},
        }]})
    };
    let old = RecordBuilder::new("ObjectCreated:Put")
        .with_key("tenants/7/old")
        .with_event_time("2020-01-01T00:00:00.000Z");
    let removed = RecordBuilder::new("ObjectRemoved:Delete").with_key("tenants/8/removed");
    let input = [
        NotificationBuilder::new().with_record(old).to_json(),
        NotificationBuilder::new().with_record(removed).to_json(),
        dead("tenants/9/slow", "the table timed out").to_string(),
        dead("photos/1", "not an image").to_string(),
    ]
    .join("\n");

    // What passes beside the keys that are handled is the removal, which no route takes.
    for (only, removals, expected) in [
        (&["event=ObjectRemoved:*"][..], 1, &[][..]),
        (
            &["key=tenants/{tenant}/*"],
            1,
            &["tenants/7/old", "tenants/9/slow"],
        ),
        (&["key=tenants/{tenant}/old"], 0, &["tenants/7/old"]),
        (&["error=timed out"], 0, &["tenants/9/slow"]),
        (
            &["error=not an image", "key=photos/{photo}"],
            0,
            &["photos/1"],
        ),
        (&["error=not an image", "key=tenants/{rest*}"], 0, &[]),
        (
            &["age=>365d", "event=s3:ObjectCreated:Put", "key=tenants/7/*"],
            0,
            &["tenants/7/old"],
        ),
        (&["age=<1s"], 0, &[]),
        (&["bucket=no-such-bucket"], 0, &[]),
        (
            &["bucket=amzn-s3-demo-bucket", "key=photos/*"],
            0,
            &["photos/1"],
        ),
    ] {
        let mut arguments = vec!["-"];
        only.iter()
            .for_each(|only| arguments.extend(["--only", only]));
        let mut done = replay_input("works", &arguments, &input);
        done.notes.sort();

        assert_eq!(done.status, 0, "{only:?}: {}", done.stderr);
        assert_eq!(done.handled(), expected, "{only:?}");
        let left_out = format!(", {} left out", 4 - expected.len() - removals);
        assert!(done.stderr.contains(&left_out), "{only:?}: {}", done.stderr);
    }
}

fn a_limit_ends_a_replay() {
    let input = lines(&["1", "2", "3", "4", "5"]);
    let done = replay_input("works", &["-", "--limit", "2"], &input);
    done.check(0, "2 handled, 0 skipped, 0 failed");

    let arguments = [
        "-",
        "--limit",
        "2",
        "--only",
        "key=4*",
        "--only",
        "bucket=holiday",
    ];
    let done = replay_input("works", &arguments, &input);
    assert_eq!(done.status, 0, "{}", done.stderr);
}

fn a_dry_run_does_nothing() {
    let removed = RecordBuilder::new("ObjectRemoved:Delete").with_key("removed");
    let removed = NotificationBuilder::new().with_record(removed).to_json();
    let input = lines(&["good"]) + &removed;
    // Its state cannot be made, and is not needed.
    let done = replay_input("without a setting", &["-", "--dry-run"], &input);

    done.check(0, "0 handled, 0 skipped, 0 failed, 2 would be replayed");
    assert_eq!(done.notes, [""; 0]);
    let shown = done.printed.iter();
    let shown: Vec<_> = shown
        .map(|line| (&line["message"], &line["key"], &line["is_routed"]))
        .collect();
    assert_eq!(
        shown,
        [
            (&json!("-:1"), &json!("good"), &json!(true)),
            (&json!("-:2"), &json!("removed"), &json!(false)),
        ]
    );
}

fn a_replay_that_cannot_start_has_status_2() {
    let files = Files::new();
    let path = files.write("good", &event("good"));
    for (program, arguments, reason) in [
        ("works", &[][..], "--dead-letters"),
        (
            "works",
            &["no-such-file"],
            "the file `no-such-file` cannot be read",
        ),
        (
            "works",
            &[text(&path), text(files.0.path())],
            "it is a folder",
        ),
        (
            "works",
            &[text(&path), "--dead-letters", "http://127.0.0.1:1/q"],
            "cannot be used with",
        ),
        (
            "works",
            &["--dead-letters", "no-url"],
            "not the URL of a queue",
        ),
        (
            "works",
            &[
                "--dead-letters",
                "http://127.0.0.1:1/1/q",
                "--to",
                "http://127.0.0.1:1/1/q/",
            ],
            "`--to` is the dead-letter queue itself",
        ),
        ("works", &["--limit", "0", text(&path)], "0"),
        (
            "without a setting",
            &[text(&path)],
            "the setting `TABLE`\\nis missing",
        ),
    ] {
        let done = replay_input(program, arguments, "");
        assert_eq!(done.status, 2, "{arguments:?}: {}", done.stderr);
        assert!(
            done.stderr.contains(reason),
            "{arguments:?}: {}",
            done.stderr
        );
        assert!(done.handled().is_empty(), "{arguments:?}");
        assert!(!done.stderr.contains("0 handled"), "{}", done.stderr);
    }
}

fn wrong_filters_are_explained() {
    for (only, reason) in [
        (
            "photos",
            "`photos` has no `=`; it looks like `event=ObjectCreated:*`",
        ),
        ("key=", "nothing follows `key=`"),
        (
            "evnt=*",
            "there is no field `evnt`; did you mean `event`, as in",
        ),
        (
            "eror=x",
            "there is no field `eror`; did you mean `error`, as in `error=not an image`?",
        ),
        (
            "keys=a",
            "there is no field `keys`; did you mean `key`, as in",
        ),
        (
            "size=3",
            "there is no field `size`; the fields are `event`, `bucket`, `key`",
        ),
        (
            "event=ObjectCreate:Put",
            "there is no event `ObjectCreate:Put`; did you mean `ObjectCreated:Put`?",
        ),
        ("event=Object Created", "Object Created"),
        (
            "key=a/*/b",
            "the `*` at byte 3 of the key `a/*/b` stands for nothing",
        ),
        ("key=a/{}/b", "`{}` has no name"),
        ("age=2h", "`2h` begins with neither `>` nor `<`"),
        ("age=>2", "`>2` has no unit (s, m, h, d or w)"),
        ("age=>2y", "`y` in `>2y` is not a unit (s, m, h, d or w)"),
        ("age=>h", "`>h` has no number that can be used"),
    ] {
        let done = replay(&["-", "--only", only]);
        assert_eq!(done.status, 2, "{only}: {}", done.stderr);
        assert!(done.stderr.contains(reason), "{only}: {}", done.stderr);
    }
}

/// Standard input stays open: a replay waits for more, until it is told to stop.
fn a_stopped_replay_drains() {
    let mut process = Process::start(&mut command("works", &["-"]));
    let mut stdin = process.stdin();
    stdin.write_all(lines(&["good"]).as_bytes()).unwrap();
    let mut notes = process.lines();
    notes.find(|line| line == "handles good").unwrap();

    process.signal("TERM");
    let ended = process.end();
    let stderr = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("the replay drains"), "{stderr}");
    let last: Vec<_> = stderr.lines().rev().take(2).collect();
    assert_eq!(
        last,
        ["stopped before the end", "1 handled, 0 skipped, 0 failed"]
    );
    drop(stdin);
}

fn a_replay_warns_of_another_server_than_its_url_names() {
    let files = Files::new();
    let path = files.write("event.json", &put("good"));
    let sqs = Sqs::start();
    let here = format!("{}/1/uploads", sqs.endpoint());

    for (url, warnings) in [(&*here, 0), ("http://localhost:1/1/uploads", 1)] {
        let mut command = command("works", &["--to", url, text(&path)]);
        let output = command
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_ENDPOINT_URL_SQS", sqs.endpoint())
            .output()
            .unwrap();
        assert_eq!(sqs.request().0, "SendMessageBatch");

        let stderr = String::from_utf8(output.stderr).unwrap();
        let warning = "the server in the URL of the queue is not asked";
        assert_eq!(stderr.matches(warning).count(), warnings, "{stderr}");
    }
}
