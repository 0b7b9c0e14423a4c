//! Reading a topology from a TOML file.

use std::path::PathBuf;
use std::time::Duration;

use s3_dispatch::EventPattern;
use s3_dispatch_local::{
    BucketSpec, Destination, Error, ErrorKind, FunctionSpec, LocalPipeline, MappingSpec,
    NotificationSpec, QueueSpec, Topology,
};
use s3_dispatch_testing::RecordBuilder;

/// A file that uses every table and field.
const WHOLE: &str = include_str!("config/whole.toml");

/// Its line with the environment variables.
const ENVIRONMENT: &str = "environment = { QUALITY = \"80\" }";

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
    assert_eq!(table.dead_letter_queue, None);
    assert_eq!(json.dead_letter_queue.as_deref(), Some("thumbnails"));
    assert!(topology.buckets[0].eventbridge);
    let [created, large] = &topology.rules[..] else {
        panic!("{:?}", topology.rules)
    };
    assert_eq!(created.dead_letter_queue, None);
    assert_eq!(large.dead_letter_queue.as_deref(), Some("thumbnails"));
    let event = |event: &str, key: &str| {
        let record = RecordBuilder::new(event).with_key(key);
        record.to_eventbridge_json().unwrap()
    };
    assert!(created.pattern.matches(&event("ObjectCreated:Put", "a")));
    assert!(!created.pattern.matches(&event("ObjectRemoved:Delete", "a")));
    assert!(
        large
            .pattern
            .matches(&event("ObjectRemoved:Delete", "a.tiff"))
    );
    assert_eq!((&*large.name, &*large.queue), ("large", "failed"));
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
    assert!(function.inherits_environment);
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
fn names_that_no_event_has_are_reported_with_their_line() {
    let events = [
        (
            "s3:ObjectCreated:Put",
            "; did you mean `ObjectCreated:Put`?",
        ),
        ("ObjectCreatd:Put", "; did you mean `ObjectCreated:Put`?"),
        (
            "ObjectCreated:*",
            "; did you mean `{ prefix = \"ObjectCreated:\" }`?",
        ),
        ("created", "which no record has"),
    ];
    for (name, text) in events {
        for list in [
            format!("[\"{name}\"]"),
            format!("[\"ObjectCreated:Copy\", \"{name}\"]"),
        ] {
            check_line(
                "filter_policy.Records.eventName = [\"ObjectCreated:Put\"]",
                &format!("filter_policy.Records.eventName = {list}"),
                text,
            );
        }
    }

    for list in [
        "[\"Object Create\"]",
        "[\"ObjectCreated\", \"AWS API Call via CloudTrail\"]",
    ] {
        check_line(
            "pattern.detail-type = [\"Object Created\"]",
            &format!("pattern.detail-type = {list}"),
            ", which no event of S3 has",
        );
    }

    // Conditions that may match, and events of others beside one of S3.
    let names = "[\"Object Created\", \"AWS API Call via CloudTrail\"]";
    for list in [
        names,
        "[{ prefix = \"Object\" }]",
        "[\"x\", { suffix = \"Created\" }]",
    ] {
        let before = "pattern.detail-type = [\"Object Created\"]";
        let text = WHOLE.replacen(before, &format!("pattern.detail-type = {list}"), 1);
        assert!(read(&text).is_ok(), "{list}");
    }
}

#[test]
fn a_topic_and_a_rule_need_a_standard_queue_for_their_dead_letters() {
    let fifo = "\n\n[[queue]]\nname = \"letters.fifo\"\n";
    let whole = format!("{}{fifo}", WHOLE.trim_end());

    for owner in ["topic", "rule"] {
        let before = format!("dead_letter_queue = \"thumbnails\" # of the {owner}");
        let position = whole.find(&before).unwrap();
        let line = whole[..position].lines().count() + 1;

        let cases = [
            ("absent", "there is no queue `absent`"),
            ("letters.fifo", "must not be a FIFO queue"),
        ];
        for (queue, text) in cases {
            let after = format!("dead_letter_queue = \"{queue}\"");
            check(&whole.replacen(&before, &after, 1), line, text);
        }
    }
}

#[test]
fn memory_and_variables_that_lambda_refuses_are_reported_with_their_line() {
    for memory in [0, 127, 10_241] {
        let line = format!("memory = {memory}");
        check_line("memory = 256", &line, "the memory must be 128 to 10240 MB");
    }

    let name = "it must begin with a letter and consist of at least two letters, digits and";
    let reserved = "Lambda sets the environment variable";
    let cases = [
        ("'A=B' = 'x'", name),
        ("'1A' = 'x'", name),
        ("A = 'x'", name),
        ("'' = 'x'", name),
        ("'\u{e4}rger' = 'x'", name),
        ("AWS_LAMBDA_RUNTIME_API = '127.0.0.1:1'", reserved),
        ("_HANDLER = 'x'", reserved),
        (r#"AA = "a\u0000b""#, "contains U+0000"),
    ];
    for (variable, text) in cases {
        check_line(
            ENVIRONMENT,
            &format!("environment = {{ {variable} }}"),
            text,
        );
    }

    let long = format!("environment = {{ AA = '{}' }}", "x".repeat(4095));
    check_line(
        ENVIRONMENT,
        &long,
        "have 4097 bytes, but at most 4096 are allowed",
    );
}

#[tokio::test]
async fn a_function_may_have_its_own_region_and_credentials() {
    let variables = ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    let function = variables.into_iter().fold(
        FunctionSpec::new("index").with_memory(10_240),
        |function, name| function.with_variable(name, "x"),
    );
    let function = function.with_variable("AA", "x".repeat(4096 - 2 - 10 - 17 - 21 - 3));
    let topology = Topology::new()
        .with_queue(QueueSpec::new("uploads"))
        .with_function(function)
        .with_mapping(MappingSpec::new("uploads", "index"));
    let error = start(topology).await;
    let text = "the function `index` has no program: give it a `command`, a `url` or a router";
    assert_eq!(error.to_string(), text);
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
fn an_event_that_s3_does_not_know_is_reported_with_the_nearest_one() {
    check_line(
        "events = [\"s3:ObjectRemoved:Delete\"]",
        "events = [\"s3:ObjectRemoved:Delete\", \"s3:ObjectCreate:Put\"]",
        "unknown event `s3:ObjectCreate:Put`; did you mean `s3:ObjectCreated:Put`?",
    );

    check_line(
        "events = [\"s3:ObjectCreated:*\"]",
        "events = [\"s3:ObjectCreated\"]",
        "unknown event `s3:ObjectCreated`; did you mean `s3:ObjectCreated:*`?",
    );

    let several_lines = WHOLE.replace(
        "events = [\"s3:ObjectRemoved:Delete\"]",
        "events = [\n\"s3:ObjectRemoved:Delete\",\n\"s3:Nothing:Like:This\",\n]",
    );
    check(&several_lines, 13, "unknown event `s3:Nothing:Like:This`");
}

/// The rule of S3: `s3:` is a part of each event type, and none has all events.
#[test]
fn an_event_type_that_a_bucket_cannot_have_is_reported_with_what_it_can_have() {
    let cases = [
        (
            "ObjectCreated:Put",
            "`ObjectCreated:Put` is not an event type: in the configuration of a bucket it is \
             `s3:ObjectCreated:Put`",
        ),
        (
            "ObjectCreated:*",
            "in the configuration of a bucket it is `s3:ObjectCreated:*`",
        ),
        ("*", "`*` is not an event type: S3 has none for every event"),
        (
            "s3:*",
            "`s3:*` is not an event type: S3 has none for every event",
        ),
        (
            "s3:s3:ObjectCreated:*",
            "`s3:s3:ObjectCreated:*` is not an event type, such as `s3:ObjectCreated:*`",
        ),
        (
            "Object Created",
            "`Object Created` is not an event type, such as `s3:ObjectCreated:*`",
        ),
    ];

    for (event, expected) in cases {
        check_line(
            "events = [\"s3:ObjectCreated:*\"]",
            &format!("events = [\"{event}\"]"),
            expected,
        );
    }
}

/// Both values, and the queue in which one of them can be set: the line of its table if it has the
/// default.
#[test]
fn a_visibility_timeout_that_is_too_short_is_reported_with_what_to_set() {
    check_line(
        "visibility_timeout = 60",
        "visibility_timeout = 9.5",
        "`thumbnails`: the visibility timeout of 9.5 s is shorter than the timeout of the function \
         `thumbnails`, 10 s: set `visibility_timeout = 62` in this `[[queue]]`",
    );

    let by_default = WHOLE
        .replace("visibility_timeout = 60\n", "")
        .replace("\ntimeout = 10", "\ntimeout = 60");
    let mut lines = by_default.lines();
    let queue = lines.position(|line| line == "[[queue]]").unwrap();
    check(
        &by_default,
        queue + 1,
        "the visibility timeout of 30 s is shorter than the timeout of the function `thumbnails`, \
         60 s: set `visibility_timeout = 362`",
    );
}

#[test]
fn settings_that_do_not_go_together_are_reported_with_both() {
    check_line(
        "batch_window = 2",
        "batch_window = 0",
        "`thumbnails`: a batch size of 100, which is above 10, needs a batch window: set \
         `batch_window = 1`, or a `batch_size` of at most 10",
    );

    check(
        "[[queue]]\nname = \"a.fifo\"\n[[function]]\nname = \"a\"\ncommand = [\"a\"]\n\
         [[mapping]]\nqueue = \"a.fifo\"\nfunction = \"a\"\nbatch_size = 11\n",
        9,
        "`a.fifo`: the batch size of a FIFO queue must be 1 to 10",
    );

    check(
        "[[queue]]\nname = \"a.fifo\"\ndead_letter_queue = \"b\"\nmax_receive_count = 1\n\
         [[queue]]\nname = \"b\"\n",
        3,
        "`a.fifo`: the dead-letter queue of a FIFO queue must be a FIFO queue, and `b` is not",
    );
}

#[test]
fn an_empty_list_is_reported() {
    check_line(
        "events = [\"s3:ObjectRemoved:Delete\"]",
        "events = []",
        "`amzn-s3-demo-bucket`: a notification needs at least one event",
    );

    check_line(
        "filter_policy.Records.eventName = [\"ObjectCreated:Put\"]",
        "filter_policy.Records.eventName = []",
        "the filter policy is not valid: ",
    );
}

#[test]
fn a_name_that_aws_refuses_is_reported() {
    let long = "a".repeat(64);
    let buckets = [
        ("Photos", "lower-case letters"),
        ("my_photos", "lower-case letters"),
        ("ab", "3 to 63 characters"),
        (&long, "3 to 63 characters"),
        ("-photos", "begin and end with a letter or a digit"),
        ("photos.", "begin and end with a letter or a digit"),
        ("my..photos", "two full stops"),
        ("192.168.5.4", "an IP address"),
        ("xn--photos", "this prefix or suffix"),
        ("photos-s3alias", "this prefix or suffix"),
        ("photos--x-s3", "this prefix or suffix"),
    ];

    for (name, reason) in buckets {
        check(&format!("\n[[bucket]]\nname = \"{name}\"\n"), 3, reason);
    }

    check(
        "[[queue]]\nname = \"my queue\"\n",
        2,
        "cannot be called `my queue`",
    );
    check(
        "[[queue]]\nname = \".fifo\"\n",
        2,
        "cannot be called `.fifo`",
    );
    check(
        "[[topic]]\nname = \"a.fifo\"\n",
        2,
        "S3 cannot publish to a FIFO topic",
    );
    check("[[topic]]\nname = \"a/b\"\n", 2, "cannot be called `a/b`");
    check(
        &format!("[[function]]\nname = \"{}\"\n", "a".repeat(65)),
        2,
        "it must have 1 to 64 characters",
    );

    for name in ["abc", "a.b-c.9", &long[1..], "amzn-s3-demo-bucket"] {
        read(&format!("[[bucket]]\nname = \"{name}\"\n")).unwrap();
    }
}

/// A bucket with two notifications, each of these events, prefix and suffix.
fn two_notifications(one: [&str; 3], other: [&str; 3]) -> String {
    let notification = |[events, prefix, suffix]: [&str; 3]| {
        format!(
            "[[bucket.notification]]\nqueue = \"a\"\nevents = [\"s3:{events}\"]\n\
             prefix = \"{prefix}\"\nsuffix = \"{suffix}\"\n"
        )
    };

    format!(
        "[[queue]]\nname = \"a\"\n[[bucket]]\nname = \"photos\"\n{}{}",
        notification(one),
        notification(other)
    )
}

#[test]
fn the_ids_of_the_notifications_of_a_bucket_differ() {
    let text = two_notifications(["ObjectCreated:*", "", ""], ["ObjectRemoved:*", "", ""]);
    let ids = |text: &str| {
        let topology = read(text).unwrap();
        let notifications = topology.buckets[0].notifications.iter();
        notifications
            .map(|spec| spec.id.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&text), ["notifications", "notifications-2"]);

    let same = text.replace("events =", "id = \"same\"\nevents =");
    let line = same.lines().enumerate();
    let line = line.filter(|(_, line)| line.starts_with("id = ")).nth(1);
    let line = line.map_or(0, |(number, _)| number + 1);
    check(
        &same,
        line,
        "`photos`: two notifications have the id `same`",
    );
}

#[test]
fn a_filter_has_at_most_1024_bytes() {
    let two = |prefix: &str| {
        two_notifications(["ObjectCreated:*", prefix, ""], ["ObjectRemoved:*", "", ""])
    };
    read(&two(&"x".repeat(1024))).unwrap();
    let long = two(&"x".repeat(1025));
    let line = long.lines().position(|line| line.contains("xxx"));
    check(
        &long,
        line.map_or(0, |line| line + 1),
        "the prefix is longer than 1024 bytes",
    );
}

#[test]
fn notifications_that_overlap_are_reported_at_the_second_one() {
    let overlapping = [
        (["ObjectCreated:*", "", ""], ["ObjectCreated:Put", "", ""]),
        (
            ["ObjectCreated:*", "images/", ""],
            ["ObjectCreated:Copy", "images/raw/", ""],
        ),
        (
            ["ObjectCreated:*", "images/", ".jpg"],
            ["ObjectCreated:*", "", "photo.jpg"],
        ),
        (
            ["ObjectCreated:*", "images/", ""],
            ["ObjectCreated:*", "", ".jpg"],
        ),
    ];

    for (one, other) in overlapping {
        check(
            &two_notifications(one, other),
            12,
            "`photos`: two notifications overlap: both publish `ObjectCreated:",
        );
    }

    let keys = two_notifications(
        ["ObjectCreated:*", "images/", ""],
        ["ObjectCreated:*", "", ".jpg"],
    );
    check(&keys, 12, "of the keys `images/*.jpg`");

    let separate = [
        (
            ["ObjectCreated:Put", "", ""],
            ["ObjectCreated:Copy", "", ""],
        ),
        (["ObjectCreated:*", "a/", ""], ["ObjectCreated:*", "b/", ""]),
        (
            ["ObjectCreated:*", "", ".jpg"],
            ["ObjectCreated:*", "", ".png"],
        ),
        (
            ["ObjectCreated:*", "a/", ".jpg"],
            ["ObjectCreated:*", "b/", ".jpg"],
        ),
    ];

    for (one, other) in separate {
        read(&two_notifications(one, other)).unwrap();
    }
}

#[test]
fn a_part_that_is_there_twice_or_does_nothing_is_reported() {
    let mapping = "[[mapping]]\nqueue = \"thumbnails\"\nfunction = \"thumbnails\"\n";
    let lines = WHOLE.lines().count();
    check(
        &format!("{WHOLE}{mapping}"),
        lines + 3,
        "the queue already has a mapping to the function `thumbnails`",
    );

    let subscription = "[[subscription]]\ntopic = \"uploads\"\nqueue = \"failed\"\n";
    check(
        &format!("{WHOLE}{subscription}"),
        lines + 3,
        "the queue `failed` already subscribes to the topic `uploads`",
    );

    let function = "[[function]]\nname = \"images\"\n";
    check(
        &format!("{WHOLE}{function}"),
        lines + 2,
        "`images`: the function has no mapping, so that nothing invokes it",
    );
}

#[test]
fn a_mistake_in_a_rule_is_reported_with_its_line() {
    check_line(
        "queue = \"thumbnails\" # of the rule",
        "queue = \"thumbs\"",
        "there is no queue `thumbs`",
    );

    check_line(
        "pattern.detail-type = [\"Object Created\"]",
        "pattern.detail-type = []",
        "the event pattern is not valid: ",
    );

    check_line(
        "name = \"large\"",
        "name = \"created\"",
        "two rules are called `created`",
    );

    check_line(
        "name = \"large\"",
        "name = \"large images\"",
        "a rule cannot be called `large images`",
    );

    // A client can turn EventBridge on while the pipeline runs.
    read(&WHOLE.replace("eventbridge = true", "eventbridge = false")).unwrap();

    let fifo = format!(
        "{WHOLE}[[queue]]\nname = \"a.fifo\"\n[[rule]]\nname = \"ordered\"\n\
         pattern.source = [\"aws.s3\"]\nqueue = \"a.fifo\"\n"
    );
    let line = fifo.lines().count();
    check(
        &fifo,
        line,
        "`ordered`: the FIFO queue `a.fifo` needs a message group id",
    );
}

#[test]
fn a_function_can_run_elsewhere() {
    let command = "command = [\"bin/thumbnails\", \"--size\", \"200\"]";
    let plain = WHOLE
        .replace(command, "url = \"http://localhost:9000\"")
        .replace("environment = { QUALITY = \"80\" }", "")
        .replace("inherit_environment = true", "");
    let topology = read(&plain).unwrap();
    let url = topology.functions[0].invoke_url.as_ref().unwrap();
    assert_eq!(url.to_string(), "http://localhost:9000");

    check_line(
        command,
        "url = \"localhost:9000\"",
        "does not begin with `http://`",
    );

    let elsewhere = WHOLE.replace(command, "url = \"http://localhost:9000\"");
    let line = |wanted: &str| WHOLE.lines().position(|line| line == wanted).unwrap() + 1;
    let inherited = "inherit_environment = true";
    let reason = "`thumbnails`: a function that runs elsewhere gets no environment";
    check(&elsewhere, line(inherited), reason);
    let environment = "environment = { QUALITY = \"80\" }";
    let own_only = elsewhere.replace(inherited, "");
    check(&own_only, line(environment), reason);

    let both = format!("{command}\nurl = \"http://localhost:9000\"");
    let line = WHOLE.lines().position(|line| line == command).unwrap() + 2;
    check(
        &WHOLE.replace(command, &both),
        line,
        "a function has either a `command` or a `url`",
    );
}

/// Starts the pipeline of a file, and returns why it does not start.
async fn start(topology: Topology) -> Error {
    let pipeline = LocalPipeline::builder().with_topology(topology);
    pipeline.start().await.unwrap_err()
}

#[tokio::test]
async fn a_missing_program_is_reported_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipeline.toml");
    let text = "[[queue]]\nname = \"a\"\n[[mapping]]\nqueue = \"a\"\nfunction = \"b\"\n\
                [[function]]\nname = \"b\"\n";

    std::fs::write(&path, format!("{text}command = \"bin/b\"\n")).unwrap();
    let topology = Topology::from_toml_file(&path).unwrap();
    let error = start(topology.clone()).await;
    assert_eq!(error.kind(), ErrorKind::Program);
    let program = folder.path().join("bin/b");
    let place = path.display();
    assert_eq!(
        error.to_string(),
        format!(
            "{place}:8: the program `{}` of the function `b` does not exist",
            program.display()
        )
    );

    // Another program is not that of the file.
    let elsewhere = LocalPipeline::builder().with_topology(topology);
    let error = elsewhere.with_binary("b", "/nowhere").start().await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "the program `/nowhere` of the function `b` does not exist"
    );

    std::fs::write(&path, text).unwrap();
    let error = start(Topology::from_toml_file(&path).unwrap()).await;
    assert_eq!(
        error.to_string(),
        format!(
            "{place}:6: the function `b` has no program: give it a `command`, a `url` or a router"
        )
    );
}

#[tokio::test]
async fn what_a_file_may_not_say_the_builder_refuses_too() {
    let unknown = EventPattern::parse("ObjectCreate:Put").unwrap();
    let queue = || Destination::Queue(String::from("uploads"));
    let with = |notification| {
        Topology::new()
            .with_queue(QueueSpec::new("uploads"))
            .with_bucket(BucketSpec::new("photos").with_notification(notification))
    };

    let cases = [
        (
            with(NotificationSpec::new([unknown], queue())),
            "unknown event `s3:ObjectCreate:Put`; did you mean `s3:ObjectCreated:Put`?",
        ),
        (
            with(NotificationSpec::new([], queue())),
            "`photos`: a notification needs at least one event",
        ),
        (
            Topology::new().with_bucket(BucketSpec::new("Photos")),
            "a bucket cannot be called `Photos`: it must consist of lower-case letters, digits, \
             hyphens and full stops",
        ),
        (
            Topology::new().with_function(FunctionSpec::new("index")),
            "`index`: the function has no mapping, so that nothing invokes it",
        ),
    ];

    for (topology, expected) in cases {
        let error = start(topology).await;
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert_eq!(error.to_string(), expected);
    }
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
