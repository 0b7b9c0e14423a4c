//! The lines of `LogSubscriber`: flat, complete, bounded, one for each event.

use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use s3_dispatch::{Dispatcher, LogSubscriber, ObjectKey, Routes};
use s3_dispatch_testing::SqsBatchBuilder;
use serde_json::{Map, Value, json};
use tracing::instrument::WithSubscriber;
use tracing::{Instrument, Level, Span, info_span};

use crate::logs::subscribe_all_threads;
use crate::script::{Script, put};

/// Texts without control characters, or of nothing else.
const CONTROLS: &str = "\\PC*|[\\x00-\\x9f\u{2028}]*";

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Written {
    fn writer(&self) -> impl Fn() -> Self + Send + Sync + use<> {
        let written = self.clone();
        move || written.clone()
    }

    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.split_terminator('\n').map(str::to_owned).collect()
    }

    fn objects(&self) -> Vec<Map<String, Value>> {
        let parse = |line: String| serde_json::from_str(&line).unwrap();
        self.lines().into_iter().map(parse).collect()
    }
}

/// Returns the objects that a function logs at `info` and above.
fn json_of(log: impl FnOnce()) -> Vec<Map<String, Value>> {
    subscribe_all_threads();
    let written = Written::default();
    let subscriber = LogSubscriber::json(written.writer()).with_level(Level::INFO);
    tracing::subscriber::with_default(subscriber, log);

    written.objects()
}

/// Returns the lines that a function logs at `info` and above.
fn text_of(log: impl FnOnce()) -> Vec<String> {
    subscribe_all_threads();
    let written = Written::default();
    let subscriber = LogSubscriber::text(written.writer()).with_level(Level::INFO);
    tracing::subscriber::with_default(subscriber, log);

    written.lines()
}

/// Returns the objects that a future logs at this level and above.
async fn json_of_future<T>(
    level: Level,
    future: impl Future<Output = T>,
) -> Vec<Map<String, Value>> {
    subscribe_all_threads();
    let written = Written::default();
    let subscriber = LogSubscriber::json(written.writer()).with_level(level);
    future.with_subscriber(subscriber).await;

    written.objects()
}

fn of_message<'o>(objects: &'o [Map<String, Value>], message: &str) -> &'o Map<String, Value> {
    let mut found = objects.iter().filter(|object| object["message"] == message);
    let first = found
        .next()
        .unwrap_or_else(|| panic!("no {message}: {objects:#?}"));
    assert!(found.next().is_none(), "{objects:#?}");

    first
}

#[tokio::test]
async fn every_line_is_flat_whoever_logs_it() {
    let routes = Routes::new(()).on_fn("*", async |key: ObjectKey| {
        let work = info_span!("work", step = 1);
        async {
            tracing::info!(target: "lambda_runtime", ok = true, "of another crate");
            tracing::info!(size = 1.5, shown = %key.as_str(), "of the handler");
            tracing::info!(count = -1);
        }
        .instrument(work)
        .await;
        Err::<(), _>("no disk")
    });
    let dispatcher = Dispatcher::new(routes);
    let batch = SqsBatchBuilder::new()
        .with_record("1", put("a/b").with_bucket("holiday"))
        .with_body("2", "no JSON");
    // The span of an invocation by `lambda_runtime`.
    let invocation = async {
        let span = info_span!(
            "Lambda runtime invoke",
            requestId = "8476",
            xrayTraceId = "Root=1"
        );
        let dispatched = dispatcher.dispatch(batch.to_bytes(), None);
        dispatched.instrument(span).await
    };
    let objects = json_of_future(Level::INFO, invocation).await;

    assert_eq!(objects.len(), 6, "{objects:#?}");
    for object in &objects {
        let is_flat = |value: &Value| !value.is_object() && !value.is_array();
        assert!(object.values().all(is_flat), "{object:#?}");
        for name in ["timestamp", "level", "message", "target", "span"] {
            assert!(object[name].is_string(), "{name} {object:#?}");
        }
        assert_eq!(object["requestId"], "8476");
        assert_eq!(object["xrayTraceId"], "Root=1");
    }

    let line = of_message(&objects, "of the handler");
    let expected = json!({
        "level": "INFO", "message": "of the handler", "size": 1.5, "shown": "a/b", "step": 1,
        "event_name": "ObjectCreated:Put", "bucket": "holiday", "key": "a/b", "message_id": "1",
        "receive_count": 1, "queue": "object-events", "requestId": "8476",
        "xrayTraceId": "Root=1", "target": "it::log_format", "span": "work",
    });
    let mut line = line.clone();
    line.remove("timestamp");
    assert_eq!(Value::Object(line), expected);

    assert_eq!(
        of_message(&objects, "of another crate")["target"],
        "lambda_runtime"
    );
    assert_eq!(of_message(&objects, "")["count"], -1);
    assert_eq!(of_message(&objects, "record failed")["error"], "no disk");
    assert_eq!(of_message(&objects, "record failed")["span"], "record");
    assert_eq!(of_message(&objects, "invocation done")["records"], 1);
}

#[test]
fn the_id_of_the_invocation_has_the_name_that_lambda_uses() {
    let objects = json_of(|| {
        let span = info_span!(target: "s3_dispatch::dispatch", "record", request_id = "outer");
        span.in_scope(|| {
            tracing::info!("in the span");
            tracing::info!(target: "s3_dispatch", request_id = "of the event", "ours");
            tracing::info!(request_id = "of S3", "of a handler");
            tracing::info!(target: "s3_dispatcher", request_id = "of S3", "of a similar name");
        });
    });
    let ids = |line: usize| (&objects[line]["requestId"], objects[line].get("request_id"));

    assert_eq!(ids(0), (&json!("outer"), None));
    assert_eq!(ids(1), (&json!("of the event"), None));
    assert_eq!(ids(2), (&json!("outer"), Some(&json!("of S3"))));
    assert_eq!(ids(3), (&json!("outer"), Some(&json!("of S3"))));
}

/// Logs beside the AWS SDK, in a process whose environment says which levels are written.
#[test]
fn what_the_sdk_logs() {
    let log = || {
        tracing::warn!(target: "aws_config::imds::region", "warning of the SDK");
        tracing::info!(target: "aws_sdk_sqs", "call of the SDK");
        tracing::error!(target: "aws_smithy_runtime::client", "error of the SDK");
        tracing::info!(target: "aws_configured_app", "line of a program");
    };
    if std::env::var_os("LOGS_OF_THE_SDK").is_some() {
        let subscriber = LogSubscriber::text(std::io::stderr);
        return tracing::subscriber::with_default(subscriber, log);
    }

    let lines_with = |variables: &[(&str, &str)]| {
        let ended = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "log_format::what_the_sdk_logs", "--nocapture"])
            .env_remove("AWS_LAMBDA_LOG_LEVEL")
            .env_remove("RUST_LOG")
            .env("LOGS_OF_THE_SDK", "1")
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let lines = String::from_utf8(ended.stderr).unwrap();
        lines.lines().map(str::to_owned).collect::<Vec<_>>()
    };

    let all = [
        " WARN warning of the SDK",
        " INFO call of the SDK",
        "ERROR error of the SDK",
        " INFO line of a program",
    ];
    assert_eq!(lines_with(&[]), all[2..]);
    assert_eq!(lines_with(&[("RUST_LOG", "info")]), all);
    assert_eq!(lines_with(&[("RUST_LOG", "warn")]), [all[0], all[2]]);
    assert_eq!(lines_with(&[("AWS_LAMBDA_LOG_LEVEL", "INFO")]), all);
}

#[test]
fn the_innermost_field_of_a_name_counts() {
    let objects = json_of(|| {
        let outer = info_span!("outer", a = 1, b = 1, c = 1, message = "of the span");
        let _outer = outer.enter();
        let _inner = info_span!("inner", b = 2, c = 2).entered();
        tracing::info!(c = 3, "text");
    });
    let [object] = &objects[..] else {
        panic!("{objects:#?}")
    };

    assert_eq!([&object["a"], &object["b"], &object["c"]], [1, 2, 3]);
    assert_eq!(object["message"], "text");
    assert_eq!(object["message_"], "of the span");
}

#[test]
fn a_field_cannot_replace_a_member_that_every_line_has() {
    let objects = json_of(|| {
        let _span = info_span!("work", level = "high", span = 2).entered();
        tracing::warn!(timestamp = "never", target = 7, "text");
    });
    let object = &objects[0];

    assert_eq!(
        (&object["level"], &object["level_"]),
        (&json!("WARN"), &json!("high"))
    );
    assert_eq!(
        (&object["span"], &object["span_"]),
        (&json!("work"), &json!(2))
    );
    assert_eq!(
        (&object["target"], &object["target_"]),
        (&json!("it::log_format"), &json!(7))
    );
    assert_eq!(object["timestamp_"], "never");
    assert!(object["timestamp"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn values_keep_their_types() {
    let objects = json_of(|| {
        let absent: Option<&str> = None;
        tracing::info!(
            signed = i64::MIN,
            unsigned = u64::MAX,
            float = 1e300,
            whole = 2.0,
            not_a_number = f64::NAN,
            truth = false,
            r#type = "keyword",
            debug = ?Some("x"),
            absent,
            "text"
        );
    });
    let mut object = objects[0].clone();
    for name in ["timestamp", "level", "message", "target"] {
        object.remove(name);
    }

    let expected = json!({
        "signed": i64::MIN, "unsigned": u64::MAX, "float": 1e300, "whole": 2.0,
        "not_a_number": null, "truth": false, "type": "keyword", "debug": "Some(\"x\")",
    });
    assert_eq!(Value::Object(object), expected);
}

#[test]
fn text_has_spans_from_the_outermost_to_the_innermost() {
    let lines = text_of(|| {
        let outer = info_span!("outer", name = "a b", quoted = "\"");
        let _outer = outer.enter();
        tracing::warn!("one");
        let _inner = info_span!("inner").entered();
        tracing::error!(shown = %"x y", number = 1, "two");
        tracing::info!(number = 1);
        tracing::debug!("not written");
    });

    assert_eq!(
        lines,
        [
            r#" WARN outer{name="a b" quoted="\""}: one"#,
            r#"ERROR outer{name="a b" quoted="\""}:inner: two shown=x y number=1"#,
            r#" INFO outer{name="a b" quoted="\""}:inner: number=1"#,
        ]
    );
}

#[test]
fn spans_end_in_any_order() {
    let lines = text_of(|| {
        let (first, second) = (info_span!("first"), info_span!("second"));
        let (left, right) = (first.enter(), second.enter());
        drop(left);
        tracing::info!("in the second");
        drop(right);
        tracing::info!("in none");

        let child = info_span!(parent: &first, "child");
        drop(first);
        child.in_scope(|| tracing::info!("its parent has no handle"));
        tracing::info!(parent: &child, "of a parent that was not entered");
        child.in_scope(|| tracing::info!(parent: None, "a root"));

        // Takes the place of the spans that have ended.
        drop(child);
        info_span!("next", fresh = true).in_scope(|| {
            Span::current().record("fresh", false);
            tracing::info!("recorded");
        });
        tracing::info!(parent: &second, "still open");
    });

    assert_eq!(
        lines,
        [
            " INFO second: in the second",
            " INFO in none",
            " INFO first:child: its parent has no handle",
            " INFO first:child: of a parent that was not entered",
            " INFO a root",
            " INFO next{fresh=false}: recorded",
            " INFO second: still open",
        ]
    );
}

#[test]
fn a_span_can_get_a_value_again_and_again() {
    let lines = text_of(|| {
        let span = info_span!("work", name = "n", done = tracing::field::Empty);
        for done in 0..1_000 {
            span.record("done", done);
        }
        span.in_scope(|| tracing::info!("end"));
    });

    assert_eq!(lines, [r#" INFO work{name="n" done=999}: end"#]);
}

#[test]
fn others_may_log_while_a_value_is_printed() {
    /// Waits for another thread, which logs with the same subscriber.
    struct Chatty(tracing::Dispatch);

    impl fmt::Debug for Chatty {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let dispatch = self.0.clone();
            let log = || info_span!("inner").in_scope(|| tracing::info!("from inside"));
            let thread = std::thread::spawn(move || {
                tracing::dispatcher::with_default(&dispatch, log);
            });
            thread.join().unwrap();
            f.write_str("chatty")
        }
    }

    let lines = text_of(|| {
        let chatty = tracing::dispatcher::get_default(|dispatch| Chatty(dispatch.clone()));
        let span = info_span!("outer", value = ?chatty, again = tracing::field::Empty);
        span.record("again", tracing::field::debug(&chatty));
        span.in_scope(|| tracing::info!(value = ?chatty, "outside"));
    });

    assert_eq!(
        lines,
        [
            " INFO inner: from inside",
            " INFO inner: from inside",
            " INFO inner: from inside",
            " INFO outer{value=chatty again=chatty}: outside value=chatty",
        ]
    );
}

#[tokio::test]
async fn no_error_or_value_writes_a_megabyte() {
    let long = || "ü".repeat(500_000);
    let routes = Routes::new(()).on_fn("*", async || {
        let text = "ü".repeat(500_000);
        let error = std::io::Error::other(text.clone());
        let error = &error as &(dyn std::error::Error + 'static);
        let _span = info_span!("work", shown = %text, text, debug = ?text).entered();
        tracing::info!(error, "{text}");
        Err::<(), _>(text)
    });
    let dispatcher = Dispatcher::new(routes);
    let batch = SqsBatchBuilder::new()
        .with_record("1", put("a"))
        .with_body("2", format!("{{\"{}\": [1,]}}", long()));
    let objects = json_of_future(Level::INFO, dispatcher.dispatch(batch.to_bytes(), None)).await;

    assert_eq!(objects.len(), 4, "{objects:#?}");
    for object in &objects {
        let length = serde_json::to_string(object).unwrap().len();
        assert!(length < 300_000, "a line of {length} bytes");
    }

    let failure = of_message(&objects, "record failed")["error"]
        .as_str()
        .unwrap();
    assert!(
        failure.len() < 8_300 && failure.ends_with("ü... (cut)"),
        "{}",
        failure.len()
    );

    let own = objects
        .iter()
        .find(|object| object.contains_key("shown"))
        .unwrap();
    for (name, most) in [
        ("shown", 65_600),
        ("text", 65_600),
        ("message", 65_600),
        ("error", 8_300),
    ] {
        let text = own[name].as_str().unwrap();
        assert!(
            text.len() < most && text.ends_with("ü... (cut)"),
            "{name} {}",
            text.len()
        );
    }
}

#[tokio::test]
async fn a_line_at_error_has_its_record_although_spans_are_at_info() {
    let dispatcher = Dispatcher::new(Script::default());
    let batch = SqsBatchBuilder::new().with_record("1", put("fail/1"));
    let objects = json_of_future(Level::ERROR, dispatcher.dispatch(batch.to_bytes(), None)).await;

    assert_eq!(objects.len(), 1, "{objects:#?}");
    assert_eq!(objects[0]["key"], "fail/1");
    assert_eq!(objects[0]["message_id"], "1");
}

/// Returns the levels and messages of the lines about records.
async fn lines_about_records(
    dispatcher: Dispatcher<Script>,
    level: Level,
) -> Vec<(String, String)> {
    let batch = SqsBatchBuilder::new()
        .with_record("1", put("ok/1"))
        .with_record("2", put("unrouted/2"));
    let objects = json_of_future(level, dispatcher.dispatch(batch.to_bytes(), None)).await;
    let about_records = objects.iter().filter(|object| object.contains_key("key"));

    about_records
        .map(|object| {
            let is_handled = object["message"] == "record handled";
            assert_eq!(
                object.get("duration_ms").is_some_and(Value::is_f64),
                is_handled
            );
            let text = |name: &str| object[name].as_str().unwrap().to_owned();
            (text("level"), text("message"))
        })
        .collect()
}

#[tokio::test]
async fn the_levels_of_handled_and_unrouted_records_can_be_chosen() {
    let (handled, unrouted) = ("record handled", "record skipped: no route matches it");
    let dispatcher = Dispatcher::new(Script::default()).with_concurrency(1);
    let line = |level: Level, message: &str| (level.to_string(), message.to_owned());

    let lines = lines_about_records(dispatcher.clone(), Level::INFO).await;
    assert_eq!(lines, [line(Level::WARN, unrouted)]);
    let lines = lines_about_records(dispatcher.clone(), Level::DEBUG).await;
    assert_eq!(
        lines,
        [line(Level::DEBUG, handled), line(Level::WARN, unrouted)]
    );

    for level in [
        Level::ERROR,
        Level::WARN,
        Level::INFO,
        Level::DEBUG,
        Level::TRACE,
    ] {
        let chosen = dispatcher
            .clone()
            .log_handled_at(level)
            .log_unrouted_at(level);
        let lines = lines_about_records(chosen.clone(), level).await;
        assert_eq!(lines, [line(level, handled), line(level, unrouted)]);

        if level > Level::ERROR {
            assert_eq!(lines_about_records(chosen, Level::ERROR).await, []);
        }
    }
}

/// Texts are checked in pieces, which are as long as the text allows.
#[test]
fn a_special_character_is_escaped_wherever_it_is_in_a_text() {
    for len in 1..40 {
        for (place, special) in (0..len).zip(['"', '\\', '\n', '\u{7f}', 'ü'].into_iter().cycle())
        {
            let mut text = "x".repeat(len);
            text.replace_range(place..=place, &special.to_string());

            let objects = json_of(|| tracing::info!(text));
            assert_eq!(objects[0]["text"], *text);

            let lines = text_of(|| tracing::info!(text));
            assert_eq!(lines, [format!(" INFO text={text:?}")]);
        }
    }
}

proptest! {
    /// Whatever a text is, it comes out of the line as it was, and the line stays one.
    #[test]
    fn every_text_is_one_line_of_json(text in any::<String>(), other in CONTROLS) {
        let objects = json_of(|| {
            let _span = info_span!("work", text, shown = %other).entered();
            tracing::info!(debug = ?text, own = other, "{text}{other}");
        });

        prop_assert_eq!(objects.len(), 1);
        prop_assert_eq!(&objects[0]["text"], &text);
        prop_assert_eq!(&objects[0]["own"], &other);
        prop_assert_eq!(&objects[0]["shown"], &other);
        prop_assert_eq!(&objects[0]["debug"], &format!("{text:?}"));
        prop_assert_eq!(&objects[0]["message"], &format!("{text}{other}"));
    }

    #[test]
    fn every_text_is_one_line_of_text(text in any::<String>(), other in CONTROLS) {
        let lines = text_of(|| {
            let _span = info_span!("work", text, shown = %other).entered();
            tracing::info!(own = other, "{text}");
        });

        prop_assert_eq!(lines.len(), 1);
        let is_control = |character: char| character.is_control() || character == '\u{2028}';
        prop_assert!(!lines[0].contains(is_control), "{:?}", lines[0]);
    }
}
