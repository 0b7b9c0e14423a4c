//! Reading a topology from a TOML file.

use std::path::PathBuf;
use std::time::Duration;

use s3_dispatch_local::{Destination, Error, ErrorKind, Topology};

/// A file that uses every table and field.
const WHOLE: &str = include_str!("config/whole.toml");

fn read(text: &str) -> Result<Topology, (Error, PathBuf)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipeline.toml");
    std::fs::write(&path, text).unwrap();
    Topology::from_toml_file(&path).map_err(|error| (error, path))
}

/// Asserts that the file is rejected at this line, for this reason.
fn check(text: &str, line: usize, reason: &str) {
    let (error, path) = read(text)
        .map(|topology| panic!("{topology:?}"))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
    let found = error.to_string();
    let place = format!("{}:{line}: ", path.display());
    let found = found
        .strip_prefix(&place)
        .unwrap_or_else(|| panic!("not in line {line}: {found}\n{text}"));
    assert!(found.contains(reason), "{found}");
    assert!(!found.contains('\n'), "{found}");
}

/// Asserts that the whole file, with one line replaced, is rejected at that line.
fn check_line(before: &str, after: &str, reason: &str) {
    let position = WHOLE
        .lines()
        .position(|line| line.trim() == before)
        .unwrap_or_else(|| panic!("no line `{before}`"));
    let lines = WHOLE
        .lines()
        .enumerate()
        .map(|(number, line)| if number == position { after } else { line });
    check(&lines.collect::<Vec<_>>().join("\n"), position + 1, reason);
}

#[test]
fn every_setting_can_be_read() {
    let topology = read(WHOLE).unwrap();
    let notification = &topology.buckets[0].notifications[1];
    assert_eq!(
        notification.destination,
        Destination::Queue(String::from("thumbnails"))
    );
    assert_eq!(
        (notification.prefix.as_str(), notification.suffix.as_str()),
        ("photos/", ".jpg")
    );
    assert_eq!(notification.id, "straight");
    let [table, json] = &topology.subscriptions[..] else {
        panic!("{:?}", topology.subscriptions)
    };

    for (event, expected) in [("ObjectCreated:Put", true), ("ObjectCreated:Copy", false)] {
        let body = format!(r#"{{"Records":[{{"eventName":"{event}"}}]}}"#);
        assert_eq!(
            table.filter_policy.as_ref().unwrap().matches(&body),
            expected,
            "{event}"
        );

        assert_eq!(
            json.filter_policy.as_ref().unwrap().matches(&body),
            expected,
            "{event}"
        );
    }

    assert!(table.raw_delivery && !json.raw_delivery);
    let queue = &topology.queues[0];
    assert_eq!(queue.visibility_timeout, Duration::from_secs(60));
    assert_eq!(queue.delay, Duration::from_millis(500));
    assert_eq!(queue.max_message_size, 65536);
    assert_eq!(queue.receive_wait, Duration::from_secs(20));
    assert_eq!(queue.redrive.as_ref().unwrap().max_receive_count, 3);
    let function = &topology.functions[0];
    let program = function.program.as_ref().unwrap();
    assert!(
        program.is_absolute() && program.ends_with("bin/thumbnails"),
        "{program:?}"
    );
    assert_eq!(function.arguments, ["--size", "200"]);
    assert_eq!(function.environment["QUALITY"], "80");
    assert_eq!(topology.mappings[0].batch_window, Duration::from_secs(2));
    assert!(!topology.mappings[0].report_batch_item_failures);
}

#[test]
fn settings_that_are_left_out_have_the_defaults_of_aws() {
    let topology = read(
        "[[queue]]\nname = \"a\"\n[[function]]\nname = \"b\"\n[[mapping]]\nqueue = \"a\"\n\
         function = \"b\"\n",
    );
    let topology = topology.unwrap();
    assert_eq!(
        topology.queues[0].visibility_timeout,
        Duration::from_secs(30)
    );
    assert_eq!(topology.functions[0].timeout, Duration::from_secs(3));
    assert_eq!(topology.mappings[0].batch_size, 10);
    assert!(topology.mappings[0].report_batch_item_failures);
}

#[test]
fn a_mistake_is_reported_with_its_line() {
    check("[[queue]\n", 1, "");
    check(
        "\n\n[[queues]]\nname = \"a\"\n",
        3,
        "unknown field `queues`",
    );

    check(
        "[[queue]]\nvisibility_timeout = 1\n",
        1,
        "missing field `name`",
    );

    check(
        "[[queue]]\nname = \"a\"\n\n[[queue]]\nname = \"a\"\n",
        5,
        "two queues are called `a`",
    );

    check_line(
        "visibility_timeout = 60",
        "visibility_timeout = \"60\"",
        "a time is a number of seconds, not a value of type string",
    );

    check_line(
        "visibility_timeout = 60",
        "visibility_timeout = -1",
        "`-1` is not a number of seconds",
    );

    check_line(
        "visibility_timeout = 60",
        "visibility = 60",
        "unknown field `visibility`",
    );

    check_line(
        "visibility_timeout = 60",
        "visibility_timeout = 50000",
        "the visibility timeout must be 0 to 12 hours",
    );

    check_line(
        "max_message_size = 65536",
        "max_message_size = 1048577",
        "the maximum message size must be 1024 to 1048576 bytes",
    );

    check_line(
        "receive_wait = 20",
        "receive_wait = 21",
        "the wait of a receive must be 0 to 20 seconds",
    );

    check_line(
        "max_receive_count = 3",
        "max_receive_count = 0",
        "the maximum receive count must be 1 to 1000",
    );

    check_line(
        "dead_letter_queue = \"failed\"",
        "dead_letter_queue = \"fialed\"",
        "there is no queue `fialed`",
    );

    check_line(
        "events = [\"s3:ObjectCreated:*\"]",
        "events = [\"s3:ObjectCreated:*\", \"Object Created\"]",
        "Object Created",
    );

    check_line(
        "topic = \"uploads\" # of the bucket",
        "topic = \"downloads\"",
        "there is no topic `downloads`",
    );

    check_line(
        "queue = \"thumbnails\" # of the bucket",
        "queue = \"thumbs\"",
        "there is no queue `thumbs`",
    );

    check_line(
        "filter_policy.Records.eventName = [\"ObjectCreated:Put\"]",
        "filter_policy.Records.eventName = [{ prefixx = \"ObjectCreated\" }]",
        "the filter policy is not valid",
    );

    check_line(
        "filter_policy = '{\"Records\": {\"eventName\": [\"ObjectCreated:Put\"]}}'",
        "filter_policy = '{'",
        "the filter policy is not valid",
    );

    check_line(
        "command = [\"bin/thumbnails\", \"--size\", \"200\"]",
        "command = []",
        "a command needs a program",
    );

    check_line(
        "command = [\"bin/thumbnails\", \"--size\", \"200\"]",
        "command = [1]",
        "a command is a string, or an array of strings",
    );

    check_line(
        "timeout = 10",
        "timeout = 0.5",
        "the timeout must be 1 second to 15 minutes",
    );

    check_line(
        "batch_size = 100",
        "batch_size = 0",
        "the batch size must be 1 to 10000",
    );

    check_line(
        "batch_window = 2",
        "batch_window = 0",
        "needs a batch window",
    );

    for outside in [0, 1, 1001] {
        check_line(
            "maximum_concurrency = 2",
            &format!("maximum_concurrency = {outside}"),
            "`thumbnails`: the maximum concurrency must be 2 to 1000",
        );
    }

    check_line(
        "function = \"thumbnails\" # of the mapping",
        "function = \"images\"",
        "there is no function `images`",
    );
}

#[test]
fn a_setting_without_its_counterpart_is_reported_with_its_line() {
    check(
        "[[queue]]\nname = \"a\"\nmax_receive_count = 1\n",
        3,
        "a `max_receive_count` needs a `dead_letter_queue`",
    );

    check(
        "[[queue]]\nname = \"a\"\ndead_letter_queue = \"a\"\n",
        3,
        "a `dead_letter_queue` needs a `max_receive_count`",
    );

    check(
        "[[bucket]]\nname = \"a\"\n\n[[bucket.notification]]\nevents = []\n",
        4,
        "either a `topic` or a `queue`",
    );
}

#[test]
fn a_missing_file_is_reported() {
    let error = Topology::from_toml_file("/nowhere/pipeline.toml".as_ref()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    assert_eq!(
        error.to_string(),
        "the file `/nowhere/pipeline.toml` cannot be read"
    );
}
