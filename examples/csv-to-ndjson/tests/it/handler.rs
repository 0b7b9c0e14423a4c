//! The handler, on the memory of objects.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use csv_to_ndjson::convert_csv;
use s3_dispatch::failure::{DeadLetter, DeadLetterError};
use s3_dispatch::{BatchReport, DeadLetters, Dispatcher, Objects, Routes};
use s3_dispatch_testing::{Fault, MemoryObjects, RecordBuilder, SqsBatchBuilder};

use crate::{BUCKET, decompressed};

const KEY: &str = "csv/my orders.CSV";

/// Keeps why records failed permanently.
#[derive(Clone, Default)]
struct Reasons(Arc<Mutex<Vec<String>>>);

#[async_trait]
impl DeadLetters for Reasons {
    async fn put(&self, letter: &DeadLetter<'_>) -> Result<(), DeadLetterError> {
        self.0.lock().unwrap().push(letter.error.to_string());
        Ok(())
    }
}

async fn dispatch(memory: &MemoryObjects, record: RecordBuilder) -> (BatchReport, Vec<String>) {
    let reasons = Reasons::default();
    let routes = Routes::new(Objects::new(memory.clone())).on::<convert_csv>();
    let dispatcher = Dispatcher::new(routes).with_dead_letters(reasons.clone());
    let batch = SqsBatchBuilder::new().with_record("1", record).to_bytes();
    let report = dispatcher.dispatch(batch, None).await.unwrap();

    (report, reasons.0.lock().unwrap().clone())
}

/// The keys of the results.
fn results(memory: &MemoryObjects) -> Vec<String> {
    let mut keys = memory.keys(BUCKET);
    keys.retain(|key| key.starts_with("ndjson/"));
    keys
}

#[tokio::test]
async fn a_file_is_converted_once() {
    for memory in [
        MemoryObjects::new(),
        MemoryObjects::new().with_versioned_bucket(BUCKET),
    ] {
        let record = memory.put(BUCKET, KEY, "id\n1\n");
        for _ in 0..2 {
            let (report, _) = dispatch(&memory, record.clone()).await;
            assert_eq!(report.handled(), 1);
        }

        let [key] = &results(&memory)[..] else {
            panic!("{:?}", memory.keys(BUCKET))
        };
        assert!(key.starts_with("ndjson/csv/my orders.CSV/"), "{key}");
        assert_eq!(
            decompressed(&memory.get(BUCKET, key).unwrap()),
            "{\"id\":\"1\"}\n"
        );
        let head = memory.head(BUCKET, key).unwrap();
        assert_eq!(head.content_type.as_deref(), Some("application/gzip"));
        if head.version_id.is_some() {
            assert_eq!(memory.versions(BUCKET, key), 1);
        }
    }
}

#[tokio::test]
async fn another_content_has_another_result() {
    let memory = MemoryObjects::new();
    for content in ["id\n1\n", "id\n2\n"] {
        let record = memory.put(BUCKET, KEY, content);
        let (report, _) = dispatch(&memory, record).await;
        assert_eq!(report.handled(), 1);
    }
    assert_eq!(results(&memory).len(), 2);
}

#[tokio::test]
async fn a_file_that_was_overwritten_is_left_to_its_own_event() {
    let memory = MemoryObjects::new();
    let old = memory.put(BUCKET, KEY, "id\n1\n");
    memory.put(BUCKET, KEY, "id\n2\n");

    let (report, _) = dispatch(&memory, old).await;
    assert_eq!((report.skipped(), report.failed()), (1, 0));
    assert_eq!(results(&memory), [""; 0]);
}

#[tokio::test]
async fn a_broken_line_fails_permanently_and_is_named() {
    let memory = MemoryObjects::new();
    let record = memory.put(BUCKET, KEY, "id,name\n1,Jane\n2\n");

    let (report, reasons) = dispatch(&memory, record).await;
    assert_eq!(report.dead_letters(), 1);
    assert_eq!(
        reasons,
        ["line 3: the record has 1 fields, but the header has 2"]
    );
    assert_eq!(results(&memory), [""; 0]);
}

#[tokio::test]
async fn a_failed_request_is_tried_again() {
    let memory = MemoryObjects::new();
    let record = memory.put(BUCKET, KEY, "id\n1\n");
    memory.fail_next(Fault::Throttled(None));

    let (report, reasons) = dispatch(&memory, record.clone()).await;
    assert_eq!((report.failed(), reasons.len()), (1, 0));
    let (report, _) = dispatch(&memory, record).await;
    assert_eq!(report.handled(), 1);
    assert_eq!(results(&memory).len(), 1);
}

#[tokio::test]
async fn a_content_that_the_event_does_not_name_fails_permanently() {
    let memory = MemoryObjects::new();
    let record = memory.put(BUCKET, KEY, "id\n1\n").without_e_tag();

    let (report, reasons) = dispatch(&memory, record).await;
    assert_eq!(report.dead_letters(), 1);
    assert_eq!(
        reasons,
        ["the event does not say which content it is about"]
    );
}
