//! Options and files that no template can be made of, and places that nobody filled.

use std::io::Write;

use crate::program::{Taken, policy};

pub(crate) const TESTS: &[(&str, fn())] = &[
    (
        "options_that_contradict_each_other_are_refused",
        contradictions_are_refused,
    ),
    (
        "names_that_no_queue_can_have_are_refused",
        names_are_checked,
    ),
    ("files_of_other_programs_are_checked", files_are_checked),
    ("no_place_of_a_template_stays_empty", no_place_stays_empty),
    (
        "a_template_says_how_it_was_made",
        a_template_says_how_it_was_made,
    ),
];

fn taken() -> [Taken; 1] {
    [Taken::event("ObjectCreated:*")]
}

#[track_caller]
fn refused(name: &str, arguments: &[&str], status: i32, part: &str) {
    let printed = policy(name, &taken(), &[&["--format", "sam"], arguments].concat());
    assert_eq!(
        (printed.status, &*printed.stdout),
        (Some(status), ""),
        "{arguments:?}"
    );
    assert!(printed.stderr.contains(part), "{}", printed.stderr);
}

fn contradictions_are_refused() {
    refused("p", &["--batch-size", "11"], 1, "--batch-window-seconds");
    for arguments in [
        &["--event-bus", "--existing-topic"][..],
        &["--event-bus", "--existing-key"],
        &["--existing-topic", "--existing-key"],
        &["--event-bus", "--with", "f"],
        &["--worker", "--environment", "A=b"],
        &["--worker", "--timeout-seconds", "30"],
        &["--worker", "--batch-size", "10"],
        &["--worker", "--batch-window-seconds", "0"],
        &["--worker", "--packages", "target/lambda"],
        &["--event-bus", "--topic-key-condition", "source-arn"],
        &["--existing-topic", "--topic-key-condition", "none"],
    ] {
        refused("p", arguments, 2, "cannot be used with");
    }
    for (name, more) in [
        ("S3_DISPATCH_QUEUE_URL", &[][..]),
        ("S3_DISPATCH_DEAD_LETTERS_URL", &[]),
        ("S3_DISPATCH_STORE_TABLE", &["--store"]),
    ] {
        let variable = format!("{name}=mine");
        let arguments = [&["--environment", &variable], more].concat();
        refused("p", &arguments, 1, &format!("sets `{name}` itself"));
    }
    refused("p", &["--visibility-seconds", "60"], 2, "--worker");
    refused("p", &["--audits"], 2, "--store");
    for arguments in [
        ["--timeout-seconds", "901"],
        ["--timeout-seconds", "0"],
        ["--batch-size", "10001"],
        ["--batch-window-seconds", "301"],
        ["--visibility-seconds", "9"],
        ["--environment", "no equals sign"],
        ["--environment", "1A=b"],
    ] {
        refused("p", &arguments, 2, "invalid value");
    }
}

fn names_are_checked() {
    for name in ["two words", "köln", "-", &"a".repeat(41)] {
        refused(name, &[], 1, "cannot be a part of the name of a queue");
    }
}

fn files_are_checked() {
    let refused_file = |content: &str, part: &str| {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content.as_bytes()).unwrap();
        refused("p", &["--with", file.path().to_str().unwrap()], 1, part);
    };

    refused(
        "p",
        &["--with", "absent.json"],
        1,
        "`absent.json` cannot be read",
    );
    refused_file("[]", "is not the output of `policy --format terraform`");
    let file = |name: &str, event: &str, scope: &str| {
        format!(
            r#"{{"name": "{name}", "events": ["{event}"], "filter_policy": null,
                "filter_policy_scope": "{scope}"}}"#
        )
    };
    refused_file(
        &file("q", "ObjectCreated:Put", "MessageBody"),
        "event types",
    );
    refused_file(
        &file("q", "s3:ObjectCreated:Put", "MessageAttributes"),
        "MessageBody",
    );
    let access = r#""MessageBody", "object_access": [{"sid": "All", "actions": ["s3:*"],
        "resources": [{"bucket": null, "key": "*"}]}]"#;
    let powerful = file("q", "s3:ObjectCreated:Put", "MessageBody");
    let powerful = powerful.replace("\"MessageBody\"", access);
    refused_file(&powerful, "actions that handlers declare");
    let own = file("p", "s3:ObjectCreated:Put", "MessageBody");
    refused_file(&own, "the same resource `PQueue`");
    let clash = file("p-dead-letters", "s3:ObjectCreated:Put", "MessageBody");
    refused_file(&clash, "the same resource `PDeadLettersQueue`");
}

fn no_place_stays_empty() {
    for arguments in [
        &["cloudformation"][..],
        &["sam", "--event-bus", "--worker"],
        &["cloudformation", "--existing-bucket", "--existing-key"],
        &["sam", "--existing-topic"],
        &["sam", "--store", "--worker"],
        &["cloudformation", "--store", "--audits", "--event-bus"],
    ] {
        let printed = policy("p", &taken(), &[&["--format"], arguments].concat());
        for mark in ["<", "#if", "#end"] {
            assert!(
                !printed.stdout.contains(mark),
                "{mark} is in {}",
                printed.stdout
            );
        }
        let wide = printed
            .stdout
            .lines()
            .filter(|line| line.ends_with(' ') || line.contains('\t'));
        assert_eq!(wide.count(), 0);
    }
}

fn a_template_says_how_it_was_made() {
    let printed = policy("p", &taken(), &["--format", "sam", "--event-bus"]);
    assert!(
        printed
            .stdout
            .contains("\n#     p policy --format sam --event-bus\n")
    );
}
