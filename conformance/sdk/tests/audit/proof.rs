//! An audit finds what was dropped and nothing else, and a replay heals it.

use std::collections::BTreeSet;

use s3_dispatch::Notification;

use crate::bucket::{BUCKET, Bucket, name};

pub(crate) const TESTS: &[(&str, fn())] = &[
    (
        "an_audit_finds_all_that_was_dropped_and_a_replay_heals_it",
        || run(proof()),
    ),
    ("what_was_printed_can_be_replayed", || run(printed())),
    ("each_version_is_compared", || run(versions())),
    ("a_queue_gets_what_is_missing", || run(sent())),
    ("what_was_overwritten_or_removed_is_not_missing", || {
        run(overwritten())
    }),
    ("what_fails_in_a_replay_stays_missing", || run(fails())),
    ("what_is_too_new_is_left_alone", || run(too_new())),
];

pub(crate) fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(test);
}

/// The key, version and ETag in each line of notifications.
pub(crate) fn names(lines: &str) -> BTreeSet<String> {
    let records = lines.lines().map(|line| {
        let Notification::Records(records) = Notification::parse(line.to_owned()).unwrap() else {
            panic!("{line}")
        };
        assert!(records[0].is_backfilled(), "{line}");
        name(&records[0])
    });

    records.collect()
}

fn distinct(notes: Vec<String>) -> BTreeSet<String> {
    let count = notes.len();
    let distinct: BTreeSet<_> = notes.into_iter().collect();
    assert_eq!(distinct.len(), count, "something was handled twice");

    distinct
}

async fn proof() {
    let bucket = Bucket::start(20).await;
    for number in 0..10_000 {
        bucket
            .put(&format!("photos/{number} ü+%.jpg"), number.to_string())
            .await;
    }
    bucket.put("ignored/1", "not routed".to_owned()).await;
    bucket.pipeline.settle().await;

    let dropped = bucket.dropped();
    let handled = distinct(bucket.take_notes());
    assert!((300..700).contains(&dropped.len()), "{}", dropped.len());
    assert_eq!(handled.len() + dropped.len(), 10_000);

    let audit = bucket.audit(&[]).await;
    let summary = format!(
        "{} of 10000 objects handled, {} missing, 1 not asked for or not routed",
        handled.len(),
        dropped.len()
    );
    audit.check(1, &[&summary]);
    assert_eq!(names(&audit.stdout), dropped);
    assert!(bucket.take_notes().is_empty());

    let healing = bucket.audit(&["--replay"]).await;
    healing.check(0, &[&format!("{} missing", dropped.len())]);
    assert_eq!(healing.stdout, "");
    assert_eq!(distinct(bucket.take_notes()), dropped);

    let again = bucket.audit(&[]).await;
    again.check(0, &["10000 of 10000 objects handled, 0 missing"]);
    assert_eq!(again.stdout, "");
}

async fn printed() {
    let bucket = Bucket::start(2).await;
    for number in 0..40 {
        bucket
            .put(&format!("photos/{number}"), number.to_string())
            .await;
    }
    bucket.pipeline.settle().await;
    drop(bucket.take_notes());

    let audit = bucket.audit(&[]).await;
    audit.check(1, &[]);
    let file = bucket.path("missing.ndjson");
    std::fs::write(&file, &audit.stdout).unwrap();

    let replay = bucket
        .run("remembers", &["replay", file.to_str().unwrap()])
        .await;
    replay.check(0, &[]);
    assert_eq!(distinct(bucket.take_notes()), bucket.dropped());
    bucket
        .audit(&[])
        .await
        .check(0, &["40 of 40 objects handled"]);
}

async fn versions() {
    let bucket = Bucket::start(3).await;
    bucket.pipeline.enable_versioning(BUCKET).await.unwrap();
    for number in 0..60 {
        // The same content again and again, so the ETags do not tell versions apart.
        let key = format!("photos/{}", number % 6);
        bucket.put(&key, "the same".to_owned()).await;
        // One after another, so that none is stale.
        bucket.pipeline.settle().await;
    }
    let dropped = bucket.dropped();
    let handled = distinct(bucket.take_notes());
    assert_eq!(handled.len() + dropped.len(), 60);

    let latest = bucket.audit(&[]).await;
    let of_latest = names(&latest.stdout);
    assert!(of_latest.is_subset(&dropped));
    latest.check(i32::from(!of_latest.is_empty()), &["of 6 objects handled"]);

    let all = bucket.audit(&["--versions"]).await;
    all.check(1, &["of 60 objects handled"]);
    assert_eq!(names(&all.stdout), dropped);
}

async fn sent() {
    let bucket = Bucket::start(2).await;
    for number in 0..40 {
        bucket
            .put(&format!("photos/{number}"), number.to_string())
            .await;
    }
    bucket.pipeline.settle().await;

    let queue = bucket.pipeline.topology().queues[0].name.clone();
    let url = bucket.pipeline.queue_url(&queue).unwrap();
    let sent = bucket.audit(&["--to", &url]).await;
    sent.check(0, &[&format!("{} sent", bucket.dropped().len())]);
}

async fn overwritten() {
    let bucket = Bucket::start(u64::MAX).await;
    for content in ["first", "second"] {
        bucket.put("photos/1", content.to_owned()).await;
        bucket.put("photos/2", content.to_owned()).await;
    }
    bucket.pipeline.delete(BUCKET, "photos/2").await.unwrap();
    bucket.pipeline.settle().await;

    bucket
        .audit(&[])
        .await
        .check(0, &["1 of 1 objects handled, 0 missing"]);
}

async fn fails() {
    let bucket = Bucket::start(1).await;
    bucket.put("photos/works", "a".to_owned()).await;
    bucket.put("photos/fails", "b".to_owned()).await;
    bucket.pipeline.settle().await;

    let healing = bucket.audit(&["--replay"]).await;
    healing.check(
        1,
        &["0 of 2 objects handled, 2 missing", "1 handled", "1 failed"],
    );
    let failed = names(&healing.stdout);
    assert!(failed.len() == 1 && failed.first().unwrap().contains("photos/fails"));

    let again = bucket.audit(&[]).await;
    again.check(1, &["1 of 2 objects handled, 1 missing"]);
    assert_eq!(names(&again.stdout), failed);
}

async fn too_new() {
    let bucket = Bucket::start(1).await;
    bucket.put("photos/1", "a".to_owned()).await;
    bucket.pipeline.settle().await;

    let audit = bucket
        .run("remembers", &["audit", "--bucket", BUCKET])
        .await;
    audit.check(
        0,
        &[
            "0 of 0 objects handled, 0 missing, 1 too new (younger than 15 min; `--grace 0s` \
           counts them)",
        ],
    );
    let audit = bucket.audit(&["--until", "1d"]).await;
    audit.check(
        0,
        &["0 of 0 objects handled, 0 missing, 1 not asked for or not routed"],
    );
    let audit = bucket.audit(&["--prefix", "photos/2"]).await;
    audit.check(
        0,
        &[
            "0 of 0 objects handled, 0 missing",
            "has a key that begins with `photos/2`",
        ],
    );
}
