//! Metrics: what is counted, and that the number of label values is bounded.

use std::collections::BTreeMap;

use metrics::Unit;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use s3_dispatch::failure::{DeadLetter, DeadLetterError};
use s3_dispatch::{DeadLetters, Dispatcher};
use s3_dispatch_testing::{RecordBuilder, SqsBatchBuilder};

use crate::script::{Script, put};

/// Dispatches a batch and returns its metrics by `name{label=value}`: a counter's value, or the
/// number of a histogram's samples and their sum.
fn measure(batch: &SqsBatchBuilder) -> BTreeMap<String, (u64, f64)> {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();

    metrics::with_local_recorder(&recorder, || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();

        runtime.block_on(async {
            let report = Dispatcher::new(Script::default())
                .dispatch(batch.to_bytes(), None)
                .await;
            assert!(report.is_ok());
        });
    });

    let snapshot = snapshotter.snapshot().into_vec();

    let named = snapshot.into_iter().filter_map(|(key, _, _, value)| {
        let mut labels: Vec<_> = key
            .key()
            .labels()
            .map(|label| format!("{}={}", label.key(), label.value()))
            .collect();

        labels.sort();

        let name = format!(
            "{}{{{}}}",
            key.key().name().strip_prefix("s3_dispatch_")?,
            labels.join(",")
        );

        match value {
            DebugValue::Counter(count) => Some((name, (count, 0.0))),
            DebugValue::Histogram(samples) => {
                let sum = samples.iter().map(|sample| sample.into_inner()).sum();
                Some((name, (samples.len() as u64, sum)))
            }
            DebugValue::Gauge(_) => None,
        }
    });

    named.collect()
}

fn count(measured: &BTreeMap<String, (u64, f64)>, name: &str) -> u64 {
    measured.get(name).map_or(0, |(count, _)| *count)
}

#[test]
fn records_are_counted_by_event_name_and_outcome() {
    let batch = [
        "ok",
        "fail",
        "permanent",
        "skip",
        "unrouted",
        "gone",
        "nothing",
        "panic",
        "run-250",
    ]
    .iter()
    .fold(
        SqsBatchBuilder::new().with_record(
            "copy",
            RecordBuilder::new("ObjectCreated:Copy").with_key("ok/copy"),
        ),
        |batch, key| batch.with_record(*key, put(&format!("{key}/1"))),
    );

    let measured = measure(&batch);

    let put = |outcome: &str| {
        count(
            &measured,
            &format!("records_total{{event_name=ObjectCreated:Put,outcome={outcome}}}"),
        )
    };

    let outcomes = [
        "handled",
        "retry",
        "permanent",
        "duplicate",
        "unrouted",
        "stale",
        "gone",
        "skipped",
    ]
    .map(put);

    assert_eq!(outcomes, [2, 2, 1, 1, 1, 0, 1, 1]);

    assert_eq!(
        count(
            &measured,
            "records_total{event_name=ObjectCreated:Copy,outcome=handled}"
        ),
        1
    );

    let (samples, seconds) = measured["handler_duration_seconds{event_name=ObjectCreated:Put}"];
    assert_eq!(samples, 9);
    assert!((0.25..0.26).contains(&seconds), "{seconds}");
}

#[test]
fn messages_are_counted_by_outcome_and_batches_by_size() {
    let batch = SqsBatchBuilder::new()
        .with_record("1", put("ok/1"))
        .with_record("2", put("fail/2"))
        .with_body("3", "no JSON")
        .with_body("4", "no JSON");

    let measured = measure(&batch);

    for (outcome, expected) in [
        ("succeeded", 1),
        ("record_failed", 1),
        ("malformed", 2),
        ("not_reached", 0),
    ] {
        assert_eq!(
            count(&measured, &format!("messages_total{{outcome={outcome}}}")),
            expected,
            "{outcome}"
        );
    }

    assert_eq!(measured["batch_size{}"], (1, 4.0));
}

#[test]
fn the_lag_is_from_the_event_to_the_handler() {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs_f64();
    let batch = SqsBatchBuilder::new()
        .with_record(
            "1970",
            put("ok/1").with_event_time("1970-01-01T00:00:00.000Z"),
        )
        .with_record(
            "future",
            put("ok/2").with_event_time("9999-01-01T00:00:00.000Z"),
        )
        .with_record("no time", put("ok/3").with_event_time("yesterday"));

    let (samples, seconds) = measure(&batch)["lag_seconds{event_name=ObjectCreated:Put}"];
    assert_eq!(samples, 2);
    assert!((now..now + 60.0).contains(&seconds), "{seconds}");
}

#[test]
fn names_chosen_by_the_sender_do_not_become_labels() {
    let batch = (0..100).fold(SqsBatchBuilder::new(), |batch, number| {
        let record = RecordBuilder::new(format!("Hostile{number}:Event").as_str())
            .with_key(format!("ok/{number}"));
        batch.with_record(
            format!("{number}"),
            record.with_bucket(format!("bucket{number}")),
        )
    });

    let measured = measure(&batch);
    assert_eq!(
        count(&measured, "records_total{event_name=other,outcome=handled}"),
        100
    );
    assert!(measured.len() < 10, "{measured:?}");
}

/// The unit of each metric that the recorder has seen.
fn units(recorder: &DebuggingRecorder) -> BTreeMap<String, (Option<Unit>, bool)> {
    let snapshot = recorder.snapshotter().snapshot().into_vec();
    let described = snapshot.into_iter().map(|(key, unit, description, _)| {
        let name = key.key().name().to_owned();
        (name, (unit, description.is_some()))
    });

    described.collect()
}

#[tokio::test]
async fn a_recorder_gets_units_and_descriptions_whenever_it_is_installed() {
    let dispatcher = Dispatcher::new(Script::default());
    let batch = SqsBatchBuilder::new().with_record("1", put("ok/1"));

    // Another recorder for each invocation, as if the program had installed it just before.
    for _ in 0..2 {
        let recorder = DebuggingRecorder::new();
        let guard = metrics::set_default_local_recorder(&recorder);
        let report = dispatcher.dispatch(batch.to_bytes(), None).await;
        assert!(report.is_ok());
        drop(guard);

        let expected = [
            ("s3_dispatch_batch_size", Unit::Count),
            ("s3_dispatch_handler_duration_seconds", Unit::Seconds),
            ("s3_dispatch_lag_seconds", Unit::Seconds),
            ("s3_dispatch_messages_total", Unit::Count),
            ("s3_dispatch_records_total", Unit::Count),
        ];
        let expected = expected.map(|(name, unit)| (name.to_owned(), (Some(unit), true)));
        assert_eq!(units(&recorder), BTreeMap::from(expected));
    }
}

/// Returns each metric that the dashboard of `infra/` names, with its labels.
fn metrics_of_the_dashboard() -> BTreeMap<String, Vec<String>> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/dashboard.tf");
    let text = std::fs::read_to_string(file).unwrap();
    let quoted = |text: &str| -> Vec<String> {
        let texts = text.split('"').skip(1).step_by(2);
        texts.map(str::to_owned).collect()
    };

    let metrics = text.lines().filter_map(|line| {
        let (_, line) = line.split_once("{ name = ")?;
        let (name, labels) = line.split_once(", labels = ")?;
        Some((quoted(name).remove(0), quoted(labels)))
    });

    metrics.collect()
}

#[test]
fn the_dashboard_shows_every_metric_by_its_labels() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let permanent = SqsBatchBuilder::new()
        .with_record("1", put("permanent/1"))
        .with_record("2", put("ok/2"));

    metrics::with_local_recorder(&recorder, || {
        let dispatcher = Dispatcher::new(Script::default()).with_dead_letters(Accepting);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let report = runtime.block_on(dispatcher.dispatch(permanent.to_bytes(), None));
        assert_eq!(report.unwrap().dead_letters(), 1);
    });

    let measured: BTreeMap<String, Vec<String>> = snapshotter
        .snapshot()
        .into_vec()
        .iter()
        .map(|(key, ..)| {
            let labels = key.key().labels().map(|label| label.key().to_owned());
            (key.key().name().to_owned(), labels.collect())
        })
        .collect();

    assert_eq!(measured.len(), 6);
    assert_eq!(metrics_of_the_dashboard(), measured);
}

/// A sink that stores every letter.
struct Accepting;

#[s3_dispatch::async_trait]
impl DeadLetters for Accepting {
    async fn put(&self, _: &DeadLetter<'_>) -> Result<(), DeadLetterError> {
        Ok(())
    }
}
