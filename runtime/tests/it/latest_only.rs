//! `LatestOnly`: the last effect is that of the newest event.

use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use s3_dispatch::delivery::{BackfilledEvent, Delivery};
use s3_dispatch::{
    EventName, LatestOnly, MemoryStore, MessageContext, Outcome, Router, Routes, S3EventRecord,
    SkipReason,
};
use s3_dispatch_testing::{BatchJobBuilder, RecordBuilder};

use crate::script::{Script, put};

fn record(event: &EventName, sequencer: u64) -> RecordBuilder {
    RecordBuilder::new(event.clone())
        .with_key("ok/1")
        .with_sequencer(format!("{sequencer:016X}"))
}

/// The same key, as a listing found it.
fn backfilled(event: &EventName) -> S3EventRecord {
    let event = BackfilledEvent::new(event, "amzn-s3-demo-bucket", "ok/1");
    event.with_time("2026-04-07T14:30:00.000Z").to_record()
}

/// The events that say what is at a key now.
fn effects() -> [EventName; 5] {
    [
        EventName::OBJECT_CREATED_PUT,
        EventName::OBJECT_CREATED_POST,
        EventName::OBJECT_CREATED_COPY,
        EventName::OBJECT_REMOVED_DELETE,
        EventName::OBJECT_REMOVED_DELETE_MARKER_CREATED,
    ]
}

/// Routes the records one at a time. Returns the event names and sequencers that were handled.
async fn run(records: &[S3EventRecord]) -> Vec<(EventName, String)> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&seen);

    let routes = Routes::new(()).on_fn("*", move |record: S3EventRecord| {
        let sequencer = record
            .object
            .sequencer
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();

        note.lock().unwrap().push((record.event_name, sequencer));

        async { Ok::<_, std::io::Error>(()) }
    });

    let router = LatestOnly::new(routes, MemoryStore::new());

    for record in records {
        let outcome = router.route(record, &MessageContext::new()).await;
        assert!(outcome.is_success(), "{outcome:?}");
    }

    let seen = seen.lock().unwrap();
    seen.clone()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

fn effect() -> impl Strategy<Value = EventName> {
    prop::sample::select(effects().to_vec())
}

fn other_event() -> impl Strategy<Value = EventName> {
    let others: Vec<_> = EventName::KNOWN
        .iter()
        .filter(|name| !effects().contains(name) && !name.is_lifecycle_expiration())
        .filter(|name| **name != EventName::OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD)
        .cloned()
        .collect();
    prop::sample::select(others)
}

/// A history of events, and the order in which they are delivered, each at least once.
fn deliveries() -> impl Strategy<Value = (Vec<EventName>, Vec<usize>)> {
    prop::collection::vec(effect(), 1..12).prop_flat_map(|history| {
        let events = history.len();
        let duplicates = prop::collection::vec(0..events, 0..12);
        let order = duplicates
            .prop_map(move |duplicates| (0..events).chain(duplicates).collect::<Vec<_>>())
            .prop_shuffle();

        (Just(history), order)
    })
}

/// Builds the records of the deliveries. The sequencers follow the history.
fn deliver(history: &[EventName], order: &[usize]) -> Vec<S3EventRecord> {
    let records = order
        .iter()
        .map(|index| record(&history[*index], *index as u64 + 1).build());
    records.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_last_effect_is_that_of_the_newest_event((history, order) in deliveries()) {
        let sent = deliver(&history, &order);
        let handled = block_on(run(&sent));
        let last = history.len() - 1;
        let expected = (history[last].clone(), format!("{:016X}", last + 1));
        prop_assert_eq!(handled.last(), Some(&expected));
        // No record was handled after a newer one.
        prop_assert!(handled.is_sorted_by_key(|(_, sequencer)| sequencer));
    }

    #[test]
    fn other_events_are_all_handled_and_do_not_change_the_last_effect(
        (history, order) in deliveries(),
        others in prop::collection::vec((other_event(), 0..20u64, 0..64usize), 0..12),
    ) {
        let mut sent = deliver(&history, &order);
        for (event, sequencer, place) in &others {
            sent.insert(place % (sent.len() + 1), record(event, *sequencer).build());
        }
        let handled = block_on(run(&sent));
        let is_effect = |(event, _): &&(EventName, String)| effects().contains(event);
        prop_assert_eq!(handled.iter().filter(|event| !is_effect(event)).count(), others.len());
        let last = history.len() - 1;
        let expected = (history[last].clone(), format!("{:016X}", last + 1));
        prop_assert_eq!(handled.iter().rfind(is_effect), Some(&expected));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whenever it comes, and whatever comes how often around it.
    #[test]
    fn a_backfilled_event_loses_to_every_live_one(
        (history, order) in deliveries(),
        backfills in prop::collection::vec((effect(), 0..64usize), 1..6),
    ) {
        let mut sent = deliver(&history, &order);
        for (event, place) in &backfills {
            sent.insert(place % (sent.len() + 1), backfilled(event));
        }

        let before = sent.iter().take_while(|record| record.is_backfilled()).count();
        let handled = block_on(run(&sent));
        let is_live = |(_, sequencer): &(EventName, String)| !sequencer.is_empty();

        // What came before all live events was handled, and nothing that came after one.
        prop_assert_eq!(handled.iter().position(is_live), Some(before));
        prop_assert!(handled[before..].iter().all(is_live));
        let last = history.len() - 1;
        let expected = (history[last].clone(), format!("{:016X}", last + 1));
        prop_assert_eq!(handled.last(), Some(&expected));
    }
}

/// A backfilled multipart upload, removal or expiration is not placed by what its event means.
#[tokio::test]
async fn every_backfilled_event_of_the_key_has_the_same_place() {
    for (name, expected) in [
        (PUT, 1),
        (UPLOAD, 1),
        (&EventName::OBJECT_REMOVED_DELETE, 1),
        (&EventName::OBJECT_REMOVED_DELETE_MARKER_CREATED, 1),
        (&EventName::LIFECYCLE_EXPIRATION_DELETE, 1),
        // What does not say what is at the key takes no part.
        (&EventName::OBJECT_TAGGING_PUT, 2),
    ] {
        let records = [record(UPLOAD, 5).build(), backfilled(name)];
        assert_eq!(run(&records).await.len(), expected, "{name}");
    }

    // They make nothing stale, and not each other.
    let records = [backfilled(PUT), backfilled(PUT), record(PUT, 0).build()];
    assert_eq!(run(&records).await.len(), 3);
}

#[tokio::test]
async fn a_task_of_a_batch_job_loses_to_every_live_event() {
    let job = BatchJobBuilder::new().with_task("1", "amzn-s3-demo-bucket", "ok/1");
    let delivery = Delivery::parse(job.to_bytes()).unwrap();
    let task = delivery.records()[0].clone();

    assert_eq!(run(std::slice::from_ref(&task)).await.len(), 1);
    assert_eq!(run(&[record(PUT, 1).build(), task]).await.len(), 1);
}

#[tokio::test]
async fn the_deletion_of_one_version_is_always_routed() {
    for name in [
        EventName::OBJECT_REMOVED_DELETE,
        EventName::LIFECYCLE_EXPIRATION_DELETE,
    ] {
        let delete = record(&name, 9).with_version_id("old").build();
        let older = record(&EventName::OBJECT_CREATED_PUT, 5).build();
        let late = record(&name, 1).with_version_id("oldest").build();
        assert_eq!(run(&[delete, older, late]).await.len(), 3, "{name}");
    }
}

/// Returns which of the events were handled. Each is a name and a sequencer.
async fn handled(events: &[(&EventName, u64)]) -> Vec<bool> {
    let records = events
        .iter()
        .map(|(name, sequencer)| record(name, *sequencer).build());
    let router = LatestOnly::new(Script::default(), MemoryStore::new());
    let mut handled = Vec::new();

    for record in records {
        let outcome = router.route(&record, &MessageContext::new()).await;
        assert!(outcome.is_success(), "{outcome:?}");
        handled.push(matches!(outcome, Outcome::Handled));
    }

    handled
}

const PUT: &EventName = &EventName::OBJECT_CREATED_PUT;
const UPLOAD: &EventName = &EventName::OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD;

#[tokio::test]
async fn a_multipart_upload_is_always_routed_and_makes_what_is_older_stale() {
    let events = [
        (UPLOAD, 5),
        (PUT, 4),
        (PUT, 6),
        (UPLOAD, 5),
        (PUT, 5),
        (UPLOAD, 1),
    ];
    let expected = [true, false, true, true, false, true];
    assert_eq!(handled(&events).await, expected);
}

#[tokio::test]
async fn an_expiration_ends_the_object_whose_sequencer_it_has_and_nothing_newer() {
    for expiration in [
        &EventName::LIFECYCLE_EXPIRATION_DELETE,
        &EventName::LIFECYCLE_EXPIRATION_DELETE_MARKER_CREATED,
    ] {
        for upload in [PUT, UPLOAD] {
            // The upload comes late, the expiration twice.
            let late = [
                (expiration, 5),
                (upload, 5),
                (PUT, 4),
                (expiration, 5),
                (PUT, 6),
            ];
            assert_eq!(handled(&late).await, [true, false, false, true, true]);

            let in_order = [(upload, 5), (expiration, 5), (upload, 5), (upload, 6)];
            assert_eq!(handled(&in_order).await, [true, true, false, true]);
        }

        let outdated = [(PUT, 6), (expiration, 5), (PUT, 6)];
        assert_eq!(handled(&outdated).await, [true, false, true]);
    }
}

#[tokio::test]
async fn the_expiration_of_a_marker_created_has_the_id_of_the_marker() {
    let expiration = record(&EventName::LIFECYCLE_EXPIRATION_DELETE_MARKER_CREATED, 5);
    let put = record(PUT, 5).with_version_id("object").build();
    let handled = run(&[expiration.with_version_id("marker").build(), put]).await;
    assert_eq!(handled.len(), 1);
}

#[tokio::test]
async fn a_stale_record_is_skipped_and_other_keys_are_not() {
    let router = LatestOnly::new(Script::default(), MemoryStore::new());
    let mut outcomes = Vec::new();

    for (key, sequencer) in [
        ("ok/1", "09"),
        ("ok/1", "05"),
        ("ok/2", "05"),
        ("ok/1", "09"),
    ] {
        let record = put(key).with_sequencer(sequencer).build();
        outcomes.push(router.route(&record, &MessageContext::new()).await);
    }

    let stale: Vec<_> = outcomes
        .iter()
        .map(|outcome| matches!(outcome, Outcome::Skipped(SkipReason::Stale)))
        .collect();
    assert_eq!(stale, [false, true, false, false]);
}

#[tokio::test]
async fn only_handled_records_are_remembered() {
    let router = LatestOnly::new(Script::default(), MemoryStore::new());
    let route = async |key: &str, sequencer: &str| {
        let record = RecordBuilder::new(EventName::OBJECT_CREATED_PUT)
            .with_key(key)
            .with_sequencer(sequencer)
            .build();
        router.route(&record, &MessageContext::new()).await
    };

    assert!(!route("fail/1", "09").await.is_success());
    assert!(
        !route("fail/1", "05").await.is_success(),
        "the failed record with 09 made the one with 05 stale"
    );
}

/// The newest event of the key has no effect, and an older one must not have another.
#[tokio::test]
async fn what_a_handler_skipped_is_remembered_and_what_no_handler_saw_is_not() {
    let outcomes = async |key: &str| {
        let router = LatestOnly::new(Script::default(), MemoryStore::new());
        let mut outcomes = Vec::new();

        for sequencer in ["09", "05"] {
            let record = put(key).with_sequencer(sequencer).build();
            outcomes.push(router.route(&record, &MessageContext::new()).await);
        }

        format!("{outcomes:?}")
    };

    assert_eq!(outcomes("gone/1").await, "[Skipped(Gone), Skipped(Stale)]");
    assert_eq!(
        outcomes("nothing/1").await,
        r#"[Skipped(Other("nothing to do")), Skipped(Stale)]"#
    );
    assert_eq!(
        outcomes("unrouted/1").await,
        "[Skipped(Unrouted), Skipped(Unrouted)]"
    );
}

/// EventBridge writes a sequencer in lower case and without the leading zeros.
#[tokio::test]
async fn an_event_is_placed_by_its_sequencer_however_that_is_written() {
    let sent = |name: &EventName, sequencer: &str| {
        RecordBuilder::new(name.clone())
            .with_sequencer(sequencer)
            .build()
    };
    let expiration = &EventName::LIFECYCLE_EXPIRATION_DELETE;

    for (expired, expected) in [
        ("617f08299329d189", 1),
        ("00617F08299329D189", 1),
        ("617f08299329d188", 2),
    ] {
        let records = [sent(expiration, expired), sent(PUT, "00617F08299329D189")];
        assert_eq!(run(&records).await.len(), expected, "{expired}");
    }

    // What is not hexadecimal has no place.
    let records = [
        sent(expiration, "EXAMPLE"),
        sent(PUT, "EXAMPLE"),
        sent(UPLOAD, "EXAMPLE"),
    ];
    assert_eq!(run(&records).await.len(), 3);
}
