//! `Identity`: which records count as the same.

use s3_dispatch::once::Identity;
use s3_dispatch::{EventName, Outcome, S3EventRecord};
use s3_dispatch_testing::RecordBuilder;

use crate::deduplicated::{is_duplicate, once, route};
use crate::script::put;

#[tokio::test]
async fn a_record_with_another_identity_is_not_a_duplicate() {
    let base = || put("ok/1").with_version_id("v1");
    let others = [
        base().with_bucket("other"),
        base().with_key("ok/2"),
        base().with_version_id("v2"),
        base().with_sequencer("01"),
        base().with_e_tag("0cc175b9c0f1b6a831c399e269772661"),
        base().with_request_id("C3D13FE58DE4C811"),
        RecordBuilder::new(EventName::OBJECT_CREATED_COPY)
            .with_key("ok/1")
            .with_version_id("v1"),
    ];

    let (router, ..) = once();
    assert!(matches!(
        route(&router, &base().build()).await,
        Outcome::Handled
    ));

    for other in others {
        let record = other.build();
        assert!(
            matches!(route(&router, &record).await, Outcome::Handled),
            "{record:?}"
        );
    }

    assert!(is_duplicate(
        &route(
            &router,
            &base().with_event_time("1999-01-01T00:00:00.000Z").build()
        )
        .await
    ));
}

/// LocalStack writes this sequencer into every record.
#[tokio::test]
async fn events_that_repeat_a_sequencer_are_all_handled() {
    let event = |name: EventName, request: &str| {
        RecordBuilder::new(name)
            .with_key("ok/1")
            .with_sequencer("0055AED6DCD90281E5")
            .with_request_id(request)
    };

    let events = [
        event(EventName::OBJECT_CREATED_PUT, "1").with_e_tag("0cc175b9c0f1b6a831c399e269772661"),
        event(EventName::OBJECT_REMOVED_DELETE, "2"),
        event(EventName::OBJECT_CREATED_PUT, "3").with_e_tag("92eb5ffee6ae2fec3ad71c777531578f"),
        event(EventName::OBJECT_REMOVED_DELETE, "4"),
        event(EventName::OBJECT_CREATED_PUT, "5").with_e_tag("92eb5ffee6ae2fec3ad71c777531578f"),
    ];

    let (router, script, _) = once();

    for is_second in [false, true] {
        for event in &events {
            let outcome = route(&router, &event.build()).await;
            assert_eq!(is_duplicate(&outcome), is_second, "{event:?}");
        }
    }

    assert_eq!(script.started().len(), events.len());
}

/// S3 always sends a request id. Without one, the time tells events apart.
#[tokio::test]
async fn without_a_request_id_another_time_is_another_event() {
    let event = |time: &str| {
        let record = put("ok/1").with_request_id("").with_event_time(time);
        record.without_e_tag().build()
    };

    let (router, ..) = once();

    for (time, duplicate) in [("1", false), ("1", true), ("2", false)] {
        assert_eq!(is_duplicate(&route(&router, &event(time)).await), duplicate);
    }
}

#[test]
fn a_record_that_nothing_tells_from_another_has_no_identity() {
    let bare = |record: RecordBuilder| record.with_request_id("").with_event_time("").build();
    let data = s3_dispatch_testing::ReplicationData::new("rule", "copy");
    let replicated = RecordBuilder::new(EventName::REPLICATION_OPERATION_NOT_TRACKED);

    assert_eq!(
        Identity::of_record(&bare(put("a").without_sequencer())),
        None
    );
    assert_eq!(
        Identity::of_record(&bare(replicated.with_replication(data))),
        None
    );
    assert!(Identity::of_record(&bare(put("a"))).is_some());
}

#[tokio::test]
async fn without_a_sequencer_another_time_is_another_event() {
    let tagged = |time: &str| {
        RecordBuilder::new(EventName::OBJECT_TAGGING_PUT)
            .with_key("ok/1")
            .with_event_time(time)
    };

    let (router, script, _) = once();

    for (time, duplicate) in [("1", false), ("1", true), ("2", false)] {
        assert_eq!(
            is_duplicate(&route(&router, &tagged(time).build()).await),
            duplicate
        );
    }

    assert_eq!(script.started().len(), 2);
}

#[tokio::test]
async fn the_same_event_from_eventbridge_is_a_duplicate() {
    let (router, script, _) = once();
    let record = put("ok/1").with_request_id("0123456789ABCDEF");
    drop(route(&router, &record.build()).await);

    let Ok(s3_dispatch::Notification::Records(bridged)) =
        s3_dispatch::Notification::parse(record.to_eventbridge_json().unwrap())
    else {
        panic!("no records")
    };

    assert_ne!(bridged[0].object.sequencer, record.build().object.sequencer);
    assert!(is_duplicate(&route(&router, &bridged[0]).await));
    assert_eq!(script.started().len(), 1);
}

#[tokio::test]
async fn events_about_an_object_that_stays_may_repeat_its_sequencer() {
    let (router, script, _) = once();
    let failed = |destination: &str| {
        let data = s3_dispatch_testing::ReplicationData::new("rule", destination);
        RecordBuilder::new(EventName::REPLICATION_OPERATION_FAILED_REPLICATION)
            .with_key("ok/1")
            .with_replication(data)
    };

    let restored = |time: &str| {
        RecordBuilder::new(EventName::OBJECT_RESTORE_POST)
            .with_key("ok/1")
            .with_event_time(time)
    };

    let records = [
        failed("one"),
        failed("two"),
        failed("one"),
        restored("1"),
        restored("2"),
        restored("2"),
    ];

    for record in records {
        drop(route(&router, &record.build()).await);
    }

    assert_eq!(script.started().len(), 4);
}

#[tokio::test]
async fn the_parts_of_an_identity_cannot_be_confused() {
    let identity = |bucket: &str, key: &str| {
        Identity::of_record(&put(key).with_bucket(bucket).build()).unwrap()
    };
    assert_ne!(identity("a", "b|c"), identity("a|b", "c"));
    assert_ne!(identity("a", "b%7Cc"), identity("a", "b|c"));
}

#[tokio::test]
async fn the_caller_can_choose_the_identity_or_none() {
    let (router, script, _) = once();
    let by_bucket = |record: &S3EventRecord| {
        (record.object.key != "ok/free").then(|| Identity::new(record.bucket.name.as_str()))
    };
    let router = router.with_identity(by_bucket);

    for key in ["ok/1", "ok/2", "ok/free", "ok/free"] {
        drop(route(&router, &put(key).build()).await);
    }

    assert_eq!(script.started(), ["ok/1", "ok/free", "ok/free"]);
}
