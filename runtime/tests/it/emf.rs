//! Metrics that `start` and `run` print in CloudWatch's embedded metric format.

use std::collections::{BTreeMap, BTreeSet};

use metrics::Unit;
use s3_dispatch::{ObjectKey, Routes, SkipReason};
use s3_dispatch_testing::{RecordBuilder, SqsBatchBuilder};
use serde_json::{Value, json};

use crate::log_lines::{invoke_with, serve_routes};
use crate::script::put;

/// A handler with metrics of its own.
async fn measure(key: ObjectKey) -> Result<(), String> {
    let key = key.as_str().to_owned();
    if key == "fail" {
        return Err("no disk".to_owned());
    }

    metrics::describe_histogram!("photo_bytes", Unit::Kibibytes, "size of a photo");
    metrics::describe_gauge!("waiting", Unit::Nanoseconds, "a gauge");
    metrics::histogram!("photo_bytes").record(2.0);
    metrics::histogram!("photo_bytes").record(f64::NAN);
    metrics::gauge!("waiting").increment(500.0);
    metrics::counter!("seen", "key" => key, "function" => "forged", "_aws" => "forged")
        .increment(2);
    metrics::counter!("offset").absolute(7);
    metrics::counter!("level").increment(1);
    Ok(())
}

fn serve() {
    serve_routes(Routes::new(()).on_fn("ObjectCreated:*", measure));
}

fn is_function() -> bool {
    std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some()
}

/// Returns the documents that a function prints, those of each invocation one after the other.
fn documents(test: &str, batches: &[SqsBatchBuilder], settings: &[(&str, &str)]) -> Vec<Value> {
    let payloads = batches.iter().map(SqsBatchBuilder::to_json).collect();
    let output = invoke_with(test, payloads, "JSON", settings);
    let log = String::from_utf8(output.stdout).unwrap();
    let lines = log.lines().filter(|line| line.starts_with('{'));

    lines
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line.get("_aws").is_some())
        .collect()
}

/// The name of a metric, its dimensions, its unit and its values.
type Metric = (String, BTreeMap<String, String>, String, Vec<f64>);

/// Reads a document as CloudWatch does.
fn read(document: &Value) -> Vec<Metric> {
    let [directive] = &document["_aws"]["CloudWatchMetrics"].as_array().unwrap()[..] else {
        panic!("{document:#}")
    };
    assert!(document["_aws"]["Timestamp"].as_u64().unwrap() > 1_700_000_000_000);
    assert_eq!(directive["Namespace"], "S3Dispatch");

    let [dimensions] = &directive["Dimensions"].as_array().unwrap()[..] else {
        panic!("{document:#}")
    };
    let dimensions: BTreeMap<_, _> = dimensions
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap().to_owned())
        .map(|name| (name.clone(), document[&name].as_str().unwrap().to_owned()))
        .collect();
    let metrics = directive["Metrics"].as_array().unwrap();
    let names: BTreeSet<_> = metrics
        .iter()
        .map(|metric| metric["Name"].as_str())
        .collect();

    assert!(
        dimensions.len() <= 30 && metrics.len() <= 100,
        "{document:#}"
    );
    assert_eq!(names.len(), metrics.len(), "{document:#}");
    assert!(document.to_string().len() < 256 * 1024);

    metrics
        .iter()
        .map(|metric| {
            let name = metric["Name"].as_str().unwrap();
            let values = match &document[name] {
                Value::Array(values) => {
                    values.iter().map(|value| value.as_f64().unwrap()).collect()
                }
                value => vec![value.as_f64().unwrap()],
            };
            assert!((1..=100).contains(&values.len()), "{document:#}");
            let unit = metric["Unit"].as_str().unwrap().to_owned();
            (name.to_owned(), dimensions.clone(), unit, values)
        })
        .collect()
}

/// Returns the unit and the values of each metric, by its name and dimensions.
fn measured(documents: &[Value]) -> BTreeMap<String, (String, Vec<f64>)> {
    let mut measured: BTreeMap<String, (String, Vec<f64>)> = BTreeMap::new();

    for (name, dimensions, unit, values) in documents.iter().flat_map(read) {
        let dimensions: Vec<_> = dimensions.values().map(String::as_str).collect();
        let entry = measured.entry(format!("{name} {}", dimensions.join(" ")));
        entry.or_insert_with(|| (unit, Vec::new())).1.extend(values);
    }

    measured
}

fn batch() -> SqsBatchBuilder {
    SqsBatchBuilder::new()
        .with_record("1", put("a"))
        .with_record("2", put("b"))
        .with_record("3", put("fail"))
        .with_record("4", RecordBuilder::new("ObjectRemoved:Delete"))
        .with_record(
            "5",
            RecordBuilder::new("ObjectCreated:Teleport").with_key("c"),
        )
}

#[test]
fn each_invocation_prints_what_it_measured_in_the_right_units() {
    if is_function() {
        return serve();
    }

    let test = "emf::each_invocation_prints_what_it_measured_in_the_right_units";
    let documents = documents(test, &[batch(), batch()], &[]);
    let halves = documents.split_at(documents.len() / 2);

    for (invocation, half) in [(1.0, halves.0), (2.0, halves.1)] {
        let measured = measured(half);
        let of = |name: &str| {
            let (unit, values) = &measured[name];
            (unit.as_str(), values.clone())
        };
        let records = "s3_dispatch_records_total";
        let unrouted = SkipReason::Unrouted.name();

        for (name, expected) in [
            (
                format!("{records} ObjectCreated:Put log-lines handled"),
                ("Count", vec![2.0]),
            ),
            (
                format!("{records} ObjectCreated:Put log-lines retry"),
                ("Count", vec![1.0]),
            ),
            (
                format!("{records} ObjectRemoved:Delete log-lines {unrouted}"),
                ("Count", vec![1.0]),
            ),
            (
                format!("{records} other log-lines handled"),
                ("Count", vec![1.0]),
            ),
            (
                "s3_dispatch_messages_total log-lines succeeded".to_owned(),
                ("Count", vec![4.0]),
            ),
            (
                "s3_dispatch_batch_size log-lines".to_owned(),
                ("Count", vec![5.0]),
            ),
            (
                "photo_bytes log-lines".to_owned(),
                ("Bytes", vec![2048.0; 3]),
            ),
            // A gauge goes on from where it was; an absolute counter is printed once.
            (
                "waiting log-lines".to_owned(),
                ("Microseconds", vec![1.5 * invocation]),
            ),
            ("seen log-lines".to_owned(), ("None", vec![2.0; 3])),
            ("level_ log-lines".to_owned(), ("None", vec![3.0])),
        ] {
            assert_eq!(of(&name), expected, "{name}\n{measured:#?}");
        }

        let (unit, durations) =
            of("s3_dispatch_handler_duration_seconds ObjectCreated:Put log-lines");
        assert_eq!((unit, durations.len()), ("Seconds", 3));
        assert!(
            durations
                .iter()
                .all(|seconds| (0.0..60.0).contains(seconds))
        );
        assert_eq!(of("s3_dispatch_lag_seconds other log-lines").0, "Seconds");
        assert_eq!(measured.contains_key("offset log-lines"), invocation == 1.0);
    }
}

#[test]
fn labels_of_handlers_are_no_dimensions_and_replace_nothing() {
    if is_function() {
        return serve();
    }

    let test = "emf::labels_of_handlers_are_no_dimensions_and_replace_nothing";
    let documents = documents(test, &[batch()], &[]);
    let seen: Vec<_> = documents
        .iter()
        .filter(|line| line.get("seen").is_some())
        .collect();
    let keys: Vec<_> = seen.iter().map(|line| &line["key"]).collect();

    assert_eq!(keys, ["a", "b", "c"]);
    for line in seen {
        assert_eq!(
            line["_aws"]["CloudWatchMetrics"][0]["Dimensions"],
            json!([["function"]])
        );
        assert_eq!(
            (&line["function"], &line["function_"]),
            (&json!("log-lines"), &json!("forged"))
        );
        assert_eq!(line["_aws_"], "forged");
    }

    // The dashboard of `infra/` looks for them there.
    let dashboard = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/dashboard.tf");
    let dashboard = std::fs::read_to_string(dashboard).unwrap();
    let namespace = &documents[0]["_aws"]["CloudWatchMetrics"][0]["Namespace"];
    assert!(dashboard.contains(&format!("metrics_namespace = {namespace}\n")));

    let allowed = ["event_name", "function", "outcome"];
    for (_, dimensions, ..) in documents.iter().flat_map(read) {
        assert!(
            dimensions
                .keys()
                .all(|name| allowed.contains(&name.as_str())),
            "{dimensions:?}"
        );
    }
}

#[test]
fn a_large_batch_loses_no_value() {
    if is_function() {
        return serve();
    }

    let keys = 0..1_234;
    let large = keys.fold(SqsBatchBuilder::new(), |batch, key| {
        batch.with_record(key.to_string(), put(&format!("{key}")))
    });
    let documents = documents("emf::a_large_batch_loses_no_value", &[large], &[]);
    let measured = measured(&documents);

    assert_eq!(measured["photo_bytes log-lines"].1.len(), 1_234);
    let durations = &measured["s3_dispatch_handler_duration_seconds ObjectCreated:Put log-lines"];
    assert_eq!(durations.1.len(), 1_234);
    assert_eq!(measured["seen log-lines"].1, vec![2.0; 1_234]);
}

#[test]
fn lambda_does_not_drop_the_lines_at_a_higher_level() {
    if is_function() {
        return serve();
    }

    let test = "emf::lambda_does_not_drop_the_lines_at_a_higher_level";
    for (setting, level) in [
        ("", "INFO"),
        ("DEBUG", "DEBUG"),
        ("ERROR", "ERROR"),
        ("FATAL", "FATAL"),
    ] {
        let documents = documents(test, &[batch()], &[("AWS_LAMBDA_LOG_LEVEL", setting)]);

        assert!(!documents.is_empty());
        for document in documents {
            assert_eq!(document["level"], level);
            assert!(
                document["timestamp"].as_str().unwrap().ends_with('Z'),
                "{document}"
            );
        }
    }
}

#[test]
fn a_recorder_of_the_program_stays() {
    if is_function() {
        metrics::set_global_recorder(metrics::NoopRecorder).unwrap();
        return serve();
    }

    assert_eq!(
        documents("emf::a_recorder_of_the_program_stays", &[batch()], &[]),
        [Value::Null; 0]
    );
}
