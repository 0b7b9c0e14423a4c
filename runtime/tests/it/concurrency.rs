//! Rule 8 on standard queues: the limit on handlers, and the order of the records of one key.

use s3_dispatch::EventName;
use s3_dispatch::dispatch::FailedKey;
use s3_dispatch_testing::{RecordBuilder, SqsBatchBuilder, SqsMessageBuilder};
use tokio::time::Instant;

use crate::script::{dispatcher, failures, put};

#[tokio::test(start_paused = true)]
async fn exactly_as_many_handlers_run_as_allowed() {
    let batch = (0..20).fold(SqsBatchBuilder::new(), |batch, index| {
        batch.with_record(format!("{index}"), put(&format!("run-100/{index}")))
    });
    for (concurrency, milliseconds) in [(0, 2_000), (1, 2_000), (7, 300), (20, 100), (50, 100)] {
        let (dispatcher, script) = dispatcher();
        let start = Instant::now();
        let report = dispatcher
            .with_concurrency(concurrency)
            .dispatch(batch.to_bytes(), None)
            .await;
        assert!(failures(&report).is_empty());
        assert_eq!(
            script.journal(|journal| journal.most_running),
            concurrency.clamp(1, 20)
        );
        assert_eq!(start.elapsed().as_millis(), milliseconds);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_record_does_not_delay_other_keys() {
    let batch = SqsBatchBuilder::new()
        .with_record("slow", put("run-1000/a"))
        .with_record("1", put("run-10/b"))
        .with_record("2", put("run-10/c"))
        .with_record("3", put("run-10/d"));

    let (dispatcher, script) = dispatcher();
    let report = dispatcher
        .with_concurrency(2)
        .dispatch(batch.to_bytes(), None)
        .await;
    assert!(failures(&report).is_empty());
    let finished = script.journal(|journal| journal.finished.clone());
    assert_eq!(finished, ["run-10/b", "run-10/c", "run-10/d", "run-1000/a"]);
}

/// Dispatches records of one key, and returns their indexes in the order in which they ran.
async fn order(records: Vec<RecordBuilder>) -> Vec<String> {
    let batch =
        records
            .into_iter()
            .enumerate()
            .fold(SqsBatchBuilder::new(), |batch, (index, record)| {
                batch.with_record(
                    format!("{index}"),
                    record.with_version_id(format!("{index}")),
                )
            });

    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let note = std::sync::Arc::clone(&seen);

    let routes =
        s3_dispatch::Routes::new(()).on_fn("*", move |record: s3_dispatch::S3EventRecord| {
            let note = std::sync::Arc::clone(&note);
            async move {
                tokio::task::yield_now().await;
                note.lock()
                    .unwrap()
                    .push(record.object.version_id.unwrap().to_string());

                Ok::<_, std::io::Error>(())
            }
        });

    let report = s3_dispatch::Dispatcher::new(routes)
        .with_concurrency(8)
        .dispatch(batch.to_bytes(), None)
        .await;
    assert!(report.unwrap().is_success());

    seen.lock().unwrap().clone()
}

#[tokio::test]
async fn records_of_one_key_run_in_sequencer_order() {
    let with = |sequencer: &str| put("same").with_sequencer(sequencer);
    assert_eq!(
        order(vec![with("00C"), with("0A"), with("00000B")]).await,
        ["1", "2", "0"]
    );
}

#[tokio::test]
async fn records_without_a_reliable_sequencer_keep_their_place() {
    let with = |event: EventName, sequencer: &str| {
        RecordBuilder::new(event)
            .with_key("same")
            .with_sequencer(sequencer)
    };

    let records = vec![
        with(EventName::OBJECT_CREATED_PUT, "0C"),
        with(EventName::LIFECYCLE_EXPIRATION_DELETE, "01"),
        with(EventName::OBJECT_CREATED_PUT, "not hexadecimal"),
        with(EventName::OBJECT_REMOVED_DELETE, "0B"),
        with(EventName::OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD, "02"),
        put("same").without_sequencer(),
        with(EventName::OBJECT_CREATED_PUT, "0A"),
    ];

    assert_eq!(order(records).await, ["6", "1", "2", "3", "4", "5", "0"]);
}

#[tokio::test]
async fn the_same_key_in_another_bucket_is_another_object() {
    let records = vec![
        put("same").with_bucket("one").with_sequencer("0B"),
        put("same").with_bucket("two").with_sequencer("0A"),
    ];
    assert_eq!(order(records).await, ["0", "1"]);
}

/// Dispatches messages with these keys and receive counts, and returns the keys as they started.
async fn started(messages: &[(&str, u32)], group: fn(&str) -> Option<String>) -> Vec<String> {
    let mut batch = SqsBatchBuilder::new();
    if messages.iter().any(|(key, _)| group(key).is_some()) {
        batch = batch.with_queue_arn("arn:aws:sqs:eu-central-1:1:queue.fifo");
    }

    for (id, (key, count)) in messages.iter().enumerate() {
        let message = SqsMessageBuilder::new(id.to_string())
            .with_receive_count(*count)
            .with_record(put(key));
        batch = batch.with_message(match group(key) {
            Some(group) => message.with_group_id(group),
            None => message,
        });
    }

    let (dispatcher, script) = dispatcher();
    assert!(failures(&dispatcher.dispatch(batch.to_bytes(), None).await).is_empty());

    script.started()
}

#[tokio::test]
async fn what_has_been_received_most_often_starts_first() {
    let messages = [
        ("ok/a", 1),
        ("ok/b", 3),
        ("ok/c", 1),
        ("ok/d", 4),
        ("ok/e", 3),
    ];
    assert_eq!(
        started(&messages, |_| None).await,
        ["ok/d", "ok/b", "ok/e", "ok/a", "ok/c"]
    );

    // The records of one key, and of one group, stay together and keep their order.
    let messages = [("ok/a", 1), ("ok/b", 1), ("ok/c", 2), ("ok/b", 4)];
    assert_eq!(
        started(&messages, |_| None).await,
        ["ok/b", "ok/b", "ok/c", "ok/a"]
    );

    let messages = [("ok/a1", 1), ("ok/b1", 1), ("ok/a2", 1), ("ok/b2", 2)];
    assert_eq!(
        started(&messages, |key| Some(key[3..4].to_owned())).await,
        ["ok/b1", "ok/b2", "ok/a1", "ok/a2"]
    );
}

#[tokio::test]
async fn a_failed_record_holds_back_its_key_by_choice_and_no_other() {
    let batch = || {
        SqsBatchBuilder::new()
            .with_record("1", put("fail/same"))
            .with_record("2", put("ok/other"))
            .with_record("3", put("fail/same"))
    };

    let (dispatcher, script) = dispatcher();
    let report = dispatcher.dispatch(batch().to_bytes(), None).await;
    assert_eq!(failures(&report), ["1", "3"]);
    assert_eq!(script.started().len(), 3);

    let (dispatcher, script) = crate::script::dispatcher();
    let dispatcher = dispatcher.on_failed_key(FailedKey::HoldBack);
    let report = dispatcher.dispatch(batch().to_bytes(), None).await;
    assert_eq!(failures(&report), ["1", "3"]);
    assert_eq!(script.started(), ["fail/same", "ok/other"]);
}
