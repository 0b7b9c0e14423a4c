//! The permissions that the command line of a program prints.
//!
//! With the environment variable `PROGRAM` this process is the program, and without it the test.

#![allow(missing_docs, clippy::unwrap_used)]

use std::error::Error;
use std::process::Command;

use s3_dispatch::failure::{DeadLetter, DeadLetterError, FailedMessage};
use s3_dispatch::{
    Backoff, DeadLetters, Dispatcher, EventPattern, HandlerError, Route, Routes, async_trait,
    s3_handler,
};
use serde_json::{Value, json};

#[s3_handler(
    "ObjectCreated:*",
    prefix = "photos/",
    suffix = ".jpg",
    reads,
    writes = "small/"
)]
async fn resize() -> Result<(), HandlerError> {
    Ok(())
}

#[s3_handler("ObjectRemoved:*", prefix = "photos/", deletes = "small/")]
async fn forget() -> Result<(), HandlerError> {
    Ok(())
}

struct Nothing;

#[async_trait]
impl DeadLetters for Nothing {
    async fn put(&self, _: &DeadLetter<'_>) -> Result<(), DeadLetterError> {
        Ok(())
    }
}

#[async_trait]
impl Backoff for Nothing {
    async fn postpone(&self, _: &[FailedMessage<'_>]) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), s3_dispatch::Error> {
    let routes = || Routes::new(()).on::<resize>().on::<forget>();
    match std::env::var("PROGRAM").as_deref() {
        Ok("wired") => {
            let dispatcher = Dispatcher::new(routes()).with_dead_letters(Nothing);
            return s3_dispatch::start(dispatcher.with_backoff(Nothing)).await;
        }
        Ok("apart") => {
            let nothing = || async { Ok::<_, HandlerError>(()) };
            let route = |event, prefix: &'static str| Route::new(event).with_prefix(prefix);
            let routes = Routes::new(())
                .on_fn(
                    route(EventPattern::from_static("ObjectCreated:Put"), "a/"),
                    nothing,
                )
                .on_fn(
                    route(EventPattern::from_static("ObjectCreated:Copy"), "b/"),
                    nothing,
                );
            return s3_dispatch::start(routes).await;
        }
        Ok("keys") => {
            let nothing = || async { Ok::<_, HandlerError>(()) };
            let route = |event, key: &'static str| Route::new(event).with_key(key);
            let tagged = EventPattern::from_static("ObjectTagging:*");
            let acl = EventPattern::from_static("ObjectAcl:Put");
            let routes = Routes::new(())
                .on_fn(route(tagged.clone(), "photos/{file*}"), nothing)
                .on_fn(route(tagged, "scans/{file*}"), nothing);
            return match std::env::var("AND").as_deref() {
                Ok("form") => {
                    let route = route(acl, "scans/{year}/{file}").no_folders();
                    s3_dispatch::start(routes.on_fn(route.with_name("form"), nothing)).await
                }
                Ok("suffix") => {
                    let route = route(acl, "scans/{file*}").with_suffix(".tif").no_folders();
                    s3_dispatch::start(routes.on_fn(route.with_name("suffix"), nothing)).await
                }
                _ => s3_dispatch::start(routes).await,
            };
        }
        Ok("nothing") => return s3_dispatch::start(Routes::new(())).await,
        Ok(_) => return s3_dispatch::start(routes()).await,
        Err(_) => {}
    }

    handlers_get_what_they_declare();
    the_flags_add_what_the_program_cannot_know();
    what_is_wired_is_seen();
    terraform_gets_the_same();
    jobs_have_a_role_of_their_own();
    a_worker_gets_what_it_needs();
    options_of_other_formats_are_refused();
    a_missing_format_is_named_with_all_there_are();
    a_filter_that_is_too_wide_says_why();
    a_key_that_is_no_more_than_a_prefix_gives_no_warning();
    only_the_options_that_a_filter_cannot_express_are_named();
    names_that_are_not_given_are_said_to_be_placeholders();
    a_program_without_routes_is_told_how_to_add_some();
    a_reader_that_goes_away_is_no_error();

    Ok(())
}

/// The command `policy` of a program.
fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .arg("policy")
        .args(arguments)
        .env("PROGRAM", program)
        .env_remove("AWS_LAMBDA_RUNTIME_API");

    command
}

/// The JSON and the standard error of the program.
#[track_caller]
fn policy(program: &str, arguments: &[&str]) -> (Value, String) {
    let output = command(program, arguments).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");

    let warnings = stderr.lines().filter(|line| line.contains("the policy"));
    let warnings = warnings.collect();
    (serde_json::from_slice(&output.stdout).unwrap(), warnings)
}

/// The action and the resource of a statement.
fn statement<'p>(policy: &'p Value, sid: &str) -> Option<(&'p Value, &'p Value)> {
    let mut statements = policy["Statement"].as_array().unwrap().iter();
    let found = statements.find(|statement| statement["Sid"] == sid)?;
    Some((&found["Action"], &found["Resource"]))
}

fn handlers_get_what_they_declare() {
    let queue = "arn:aws-cn:sqs:cn-north-1:123456789012:uploads";
    let arguments = [
        "--format",
        "iam",
        "--bucket",
        "holiday",
        "--queue-arn",
        queue,
    ];
    let (policy, warnings) = policy("plain", &arguments);
    assert_eq!(warnings, "");

    let received = statement(&policy, "ReceiveFromQueue").unwrap();
    let actions = [
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
    ];
    assert_eq!(received, (&json!(actions), &json!(queue)));
    let resource = |sid| statement(&policy, sid).unwrap().1;
    assert_eq!(
        resource("ReadObjects"),
        "arn:aws-cn:s3:::holiday/photos/*.jpg"
    );
    assert_eq!(resource("WriteObjects"), "arn:aws-cn:s3:::holiday/small/*");
    assert_eq!(resource("DeleteObjects"), "arn:aws-cn:s3:::holiday/small/*");
    assert_eq!(resource("ListBuckets"), "arn:aws-cn:s3:::holiday");
    for absent in ["SendDeadLetters", "KeepClaims", "UseKeys"] {
        assert_eq!(statement(&policy, absent), None);
    }
}

fn the_flags_add_what_the_program_cannot_know() {
    let (policy, _) = policy(
        "plain",
        &[
            "--format",
            "iam",
            "--dead-letters-arn",
            "d",
            "--table-arn",
            "t1",
            "--table-arn",
            "t2",
            "--kms-key-arn",
            "k1",
            "--kms-key-arn",
            "k2",
        ],
    );

    let sent = statement(&policy, "SendDeadLetters").unwrap();
    assert_eq!(sent, (&json!(["sqs:SendMessage"]), &json!("d")));
    let kept = statement(&policy, "KeepClaims").unwrap();
    let actions = [
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:DeleteItem",
    ];
    assert_eq!(kept, (&json!(actions), &json!(["t1", "t2"])));
    let keys = statement(&policy, "UseKeys").unwrap();
    let actions = ["kms:Decrypt", "kms:GenerateDataKey"];
    assert_eq!(keys, (&json!(actions), &json!(["k1", "k2"])));
    assert_eq!(
        statement(&policy, "ListBuckets").unwrap().1,
        "arn:aws:s3:::BUCKET"
    );
}

fn what_is_wired_is_seen() {
    let (policy, warnings) = policy("wired", &["--format", "iam"]);
    let (actions, _) = statement(&policy, "ReceiveFromQueue").unwrap();
    assert_eq!(actions[3], "sqs:ChangeMessageVisibility");
    assert!(warnings.contains("--dead-letters-arn"), "{warnings}");

    let named = ["--format", "iam", "--dead-letters-arn", "d"];
    assert_eq!(self::policy("wired", &named).1, "");
    let (plain, _) = self::policy("plain", &["--format", "iam"]);
    assert_eq!(
        statement(&plain, "ReceiveFromQueue").unwrap().0[3],
        Value::Null
    );
}

fn terraform_gets_the_same() {
    let (processor, _) = policy("plain", &["--format", "terraform"]);
    assert_eq!(
        processor["object_access"][0],
        json!({
            "sid": "ReadObjects",
            "actions": ["s3:GetObject", "s3:GetObjectVersion"],
            "resources": [{"bucket": null, "key": "photos/*.jpg"}],
        })
    );
    assert_eq!(processor["object_access"].as_array().unwrap().len(), 4);
}

fn jobs_have_a_role_of_their_own() {
    let function = "arn:aws:lambda:eu-central-1:123456789012:function:thumbnailer";
    let arguments = [
        "--format",
        "iam",
        "--batch-jobs",
        function,
        "--manifest-arn",
        "arn:aws:s3:::manifests/a.csv",
        "--manifest-arn",
        "arn:aws:s3:::manifests/b.csv",
        "--report-arn",
        "arn:aws:s3:::reports/jobs/",
    ];
    let (policy, _) = policy("wired", &arguments);
    let all = json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "InvokeFunction",
                "Effect": "Allow",
                "Action": ["lambda:InvokeFunction"],
                "Resource": function,
            },
            {
                "Sid": "ReadManifest",
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:GetObjectVersion"],
                "Resource": ["arn:aws:s3:::manifests/a.csv", "arn:aws:s3:::manifests/b.csv"],
            },
            {
                "Sid": "WriteReport",
                "Effect": "Allow",
                "Action": ["s3:PutObject"],
                "Resource": "arn:aws:s3:::reports/jobs/*",
            },
        ],
    });
    assert_eq!(policy, all);
}

fn a_worker_gets_what_it_needs() {
    let (policy, _) = policy("plain", &["--format", "iam", "--worker"]);
    let actions = [
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ReceiveMessage",
        "sqs:ChangeMessageVisibility",
    ];
    assert_eq!(
        statement(&policy, "ReceiveFromQueue").unwrap().0,
        &json!(actions)
    );
}

/// Checks that the command line is refused, with these parts in the error.
#[track_caller]
fn refused(arguments: &[&str], parts: &[&str]) {
    let output = command("plain", arguments).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), &*output.stdout), (Some(2), &b""[..]));
    for part in parts {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
}

fn options_of_other_formats_are_refused() {
    let of_templates = "of the format `cloudformation` or `sam`; `iam` would ignore it";
    refused(
        &["--format", "iam", "--event-bus"],
        &["`--event-bus`", of_templates],
    );
    refused(
        &["--format", "iam", "--batch-size", "10"],
        &["`--batch-size`", of_templates],
    );
    refused(
        &["--worker", "--format", "sns"],
        &["`--worker`", "or `iam`; `sns`"],
    );
    refused(
        &["--format", "sam", "--bucket", "b"],
        &["`--bucket`", "`iam`; `sam`"],
    );
    refused(
        &["--format", "cloudformation", "--packages", "target/lambda"],
        &["`--packages`", "`sam`; `cloudformation`"],
    );

    // The policy of jobs has neither a queue nor handlers.
    let function = "arn:aws:lambda:eu-central-1:123456789012:function:thumbnailer";
    for option in [
        &["--queue-arn", "arn"][..],
        &["--bucket", "b"],
        &["--dead-letters-arn", "arn"],
        &["--table-arn", "arn"],
        &["--worker"],
    ] {
        let jobs = ["--format", "iam", "--batch-jobs", function];
        refused(
            &[&jobs, option].concat(),
            &["cannot be used with", option[0]],
        );
    }
}

fn a_missing_format_is_named_with_all_there_are() {
    let all = "--format <sns|s3|eventbridge|esm|iam|terraform|cloudformation|sam|local>";
    refused(&[], &[all]);
}

fn a_filter_that_is_too_wide_says_why() {
    let warnings = |program: &str, format: &str| {
        let output = command(program, &["--format", format]).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        let about_filter = stderr
            .lines()
            .filter(|line| line.contains("lets more through"));
        about_filter.map(str::to_owned).collect::<Vec<_>>()
    };
    let because = |cause: &str| {
        format!(
            "warning: the filter lets more through than the routes handle, because it cannot \
             express {cause}; no event is lost, and the program skips those that no route takes"
        )
    };

    let joined = because("`suffix` with `prefix` of `resize`");
    for format in ["sns", "terraform", "sam", "local"] {
        assert_eq!(warnings("plain", format), [&*joined], "{format}");
    }
    assert_eq!(warnings("plain", "eventbridge"), [""; 0]);

    let together = because("which event, bucket and key go together");
    assert_eq!(warnings("apart", "sns"), [together]);
    assert_eq!(warnings("apart", "eventbridge"), [""; 0]);
}

/// What the command `policy` says on standard error.
#[track_caller]
fn said(program: &str, and: &str, arguments: &[&str]) -> Vec<String> {
    let output = command(program, arguments)
        .env("AND", and)
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    stderr.lines().map(str::to_owned).collect()
}

fn a_key_that_is_no_more_than_a_prefix_gives_no_warning() {
    for format in [
        "sns",
        "s3",
        "eventbridge",
        "terraform",
        "sam",
        "cloudformation",
        "local",
    ] {
        let lines = said("keys", "", &["--format", format]);
        assert_eq!(lines, [""; 0], "{format}");
    }

    // That Lambda deletes what it does not let through is said of every filter.
    let lines = said("keys", "", &["--format", "esm"]);
    assert!(
        lines.iter().all(|line| !line.contains("lets more through")),
        "{lines:?}"
    );
}

fn only_the_options_that_a_filter_cannot_express_are_named() {
    let because = |and: &str, format: &str| {
        let lines = said("keys", and, &["--format", format]);
        let [line] = &lines[..] else {
            panic!("{lines:?} is not one warning");
        };
        let (_, cause) = line.split_once("cannot express ").unwrap();
        cause.split_once(';').unwrap().0.to_owned()
    };

    assert_eq!(because("form", "sns"), "`key` and `no_folders` of `form`");
    assert_eq!(
        because("form", "eventbridge"),
        "`key` and `no_folders` of `form`"
    );
    // A key that ends in `.tif` is not a folder.
    assert_eq!(because("suffix", "sns"), "`suffix` with `key` of `suffix`");
    assert_eq!(
        said("keys", "suffix", &["--format", "eventbridge"]),
        [""; 0]
    );
}

fn names_that_are_not_given_are_said_to_be_placeholders() {
    let (queue, bucket) = (
        ["--queue-arn", "arn:aws:sqs:r:1:q"],
        ["--bucket", "holiday"],
    );
    let placeholders = |program: &str, arguments: &[&str]| {
        let mut lines = said(program, "", &[&["--format", "iam"], arguments].concat());
        lines.retain(|line| line.contains("placeholder"));
        lines
    };

    assert_eq!(
        placeholders("plain", &[]),
        [
            "warning: `arn:aws:sqs:REGION:ACCOUNT:QUEUE` and `BUCKET` are placeholders: give \
          `--queue-arn` and `--bucket`"
        ]
    );
    assert_eq!(
        placeholders("plain", &queue),
        ["warning: `BUCKET` is a placeholder: give `--bucket`"]
    );
    assert_eq!(
        placeholders("plain", &bucket),
        ["warning: `arn:aws:sqs:REGION:ACCOUNT:QUEUE` is a placeholder: give `--queue-arn`"]
    );
    assert_eq!(placeholders("plain", &[queue, bucket].concat()), [""; 0]);
    // Handlers that declare nothing have no bucket in their policy.
    assert_eq!(placeholders("apart", &queue), [""; 0]);

    let jobs = [
        "--batch-jobs",
        "arn:aws:lambda:eu-central-1:123456789012:function:f",
    ];
    assert_eq!(
        placeholders("plain", &jobs),
        [
            "warning: `arn:aws:s3:::BUCKET/MANIFEST` and `arn:aws:s3:::BUCKET/REPORTS` are \
          placeholders: give `--manifest-arn` and `--report-arn`"
        ]
    );
    let report = ["--report-arn", "arn:aws:s3:::reports/jobs/"];
    assert_eq!(
        placeholders("plain", &[jobs, report].concat()),
        ["warning: `arn:aws:s3:::BUCKET/MANIFEST` is a placeholder: give `--manifest-arn`"]
    );
}

fn a_program_without_routes_is_told_how_to_add_some() {
    let advice = "add each handler to the routes with `.on::<handler>()`";
    let lines = said(
        "nothing",
        "",
        &["--format", "iam", "--queue-arn", "arn:aws:sqs:r:1:q"],
    );
    assert_eq!(lines, [format!("warning: there are no routes: {advice}")]);

    for format in [
        "sns",
        "s3",
        "eventbridge",
        "esm",
        "terraform",
        "sam",
        "local",
    ] {
        let output = command("nothing", &["--format", format]).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{format}");
        let error = "error: there are no routes, and a filter without routes would drop every \
                     message";
        assert_eq!(stderr, format!("{error}: {advice}\n"), "{format}");
    }
}

fn a_reader_that_goes_away_is_no_error() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = command("plain", &["--format", "sns"])
        .stdout(writer)
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!stderr.contains("error"), "{stderr}");
    assert_eq!(output.status.code(), Some(1));
}
