//! What a removal did to the object: whoever sends it, and however.

use std::sync::{Arc, Mutex};

use s3_dispatch_core::event_data::Removal;
use s3_dispatch_core::{
    ErrorKind, EventName, EventPattern, Expired, MessageContext, ObjectRemoved, Outcome, Route,
    Routes, S3EventRecord, State, VersionId,
};
use s3_dispatch_testing::RecordBuilder;
use serde_json::{Value, json};

use crate::{only_record, route};

const VERSION: &str = "rJiPdgcFaEeV2N2Us6yYU8ObkyJeEL7j";

fn hidden(marker: Option<&str>) -> Removal {
    Removal::Hidden {
        marker: marker.map(VersionId::from),
    }
}

fn version(id: &str) -> Removal {
    Removal::Version {
        version_id: VersionId::from(id),
    }
}

/// Checks the removal of a record, and that of its view.
#[track_caller]
fn check(record: &S3EventRecord, expected: &Removal) {
    assert_eq!(Removal::try_from(record).unwrap(), *expected);

    let of_view = if record.event_name.is_lifecycle_expiration() {
        Expired::try_from(record).unwrap().removal()
    } else {
        ObjectRemoved::try_from(record).unwrap().removal()
    };
    assert_eq!(of_view, *expected);
}

fn notification(source: &str, name: &str, version_id: &Value) -> S3EventRecord {
    let object = json!({"key": "a b", "versionId": version_id, "sequencer": "0055AED6DCD90281E5"});
    let s3 = json!({"bucket": {"name": "holiday"}, "object": object});
    let record = json!({"eventSource": source, "eventName": name, "s3": s3});
    only_record(json!({"Records": [record]}).to_string())
}

fn eventbridge(reason: &str, deletion_type: &str, version_id: Option<&str>) -> S3EventRecord {
    let mut object = json!({"key": "a b", "sequencer": "0055aed6dcd90281e5"});
    if let Some(version_id) = version_id {
        object["version-id"] = json!(version_id);
    }

    let bucket = json!({"name": "holiday"});
    let detail = json!({"version": "0", "bucket": bucket, "object": object, "reason": reason,
        "deletion-type": deletion_type});
    let event = json!({"version": "0", "id": "1", "detail-type": "Object Deleted",
        "source": "aws.s3", "detail": detail});
    only_record(event.to_string())
}

#[test]
fn a_notification_tells_object_marker_and_version_apart() {
    for category in ["ObjectRemoved", "LifecycleExpiration"] {
        let delete = format!("{category}:Delete");
        let marker = format!("{category}:DeleteMarkerCreated");

        check(
            &notification("aws:s3", &delete, &json!(null)),
            &Removal::Object,
        );
        check(
            &notification("aws:s3", &delete, &json!(VERSION)),
            &version(VERSION),
        );
        check(
            &notification("aws:s3", &marker, &json!(VERSION)),
            &hidden(Some(VERSION)),
        );
        // What was stored before versioning was enabled has the version id `null`.
        check(
            &notification("aws:s3", &delete, &json!("null")),
            &version("null"),
        );
        check(
            &notification("aws:s3", &marker, &json!("null")),
            &hidden(Some("null")),
        );
    }
}

#[test]
fn other_stores_tell_object_marker_and_version_apart() {
    for source in ["minio:s3", "ceph:s3", "storj:s3"] {
        let removed = |name: &str, version_id| {
            notification(
                source,
                &format!("s3:ObjectRemoved:{name}"),
                &json!(version_id),
            )
        };

        check(&removed("Delete", ""), &Removal::Object);
        check(&removed("Delete", VERSION), &version(VERSION));
        check(&removed("DeleteMarkerCreated", ""), &hidden(None));
        check(
            &removed("DeleteMarkerCreated", VERSION),
            &hidden(Some(VERSION)),
        );
    }
}

#[test]
fn eventbridge_tells_object_marker_and_version_apart() {
    for reason in ["DeleteObject", "Lifecycle Expiration"] {
        let deleted = |deletion, version| eventbridge(reason, deletion, version);

        check(&deleted("Permanently Deleted", None), &Removal::Object);
        check(
            &deleted("Permanently Deleted", Some(VERSION)),
            &version(VERSION),
        );
        check(
            &deleted("Delete Marker Created", Some(VERSION)),
            &hidden(Some(VERSION)),
        );
        check(&deleted("Delete Marker Created", None), &hidden(None));
    }
}

/// An action of which nothing is known proves neither that the object is gone nor that it is there.
#[test]
fn an_unknown_action_is_never_taken_for_the_removal_of_the_object() {
    for name in [
        "ObjectRemoved:Teleport",
        "LifecycleExpiration:Teleport",
        "ObjectRemoved",
    ] {
        let record = RecordBuilder::new(EventName::parse(name));
        let with_version = record.clone().with_version_id(VERSION).build();

        assert_eq!(
            Removal::try_from(&record.build()).unwrap(),
            Removal::Unknown,
            "{name}"
        );
        assert_eq!(
            Removal::try_from(&with_version).unwrap(),
            Removal::Unknown,
            "{name}"
        );
    }
}

#[test]
fn only_removals_are_removals() {
    for name in EventName::KNOWN {
        let record = RecordBuilder::new(name.clone())
            .with_version_id(VERSION)
            .build();
        let removal = Removal::try_from(&record);

        if name.is_object_removed() || name.is_lifecycle_expiration() {
            assert!(removal.is_ok(), "{name}");
        } else {
            assert_eq!(
                removal.unwrap_err().kind(),
                ErrorKind::InvalidField,
                "{name}"
            );
        }
    }
}

type Seen = Arc<Mutex<Vec<Removal>>>;

/// One handler takes the removals by requests and by lifecycle rules, and none of them fails it.
#[test]
fn a_handler_of_all_removals_gets_each_of_them() {
    let both = Route::new(EventPattern::from_static("ObjectRemoved:*"))
        .with_pattern(EventPattern::from_static("LifecycleExpiration:*"));
    let seen = Seen::default();
    let routes = Routes::new(Arc::clone(&seen)).on_fn(
        both,
        async |removal: Removal, State(seen): State<Seen>| {
            seen.lock().unwrap().push(removal);
            Ok::<_, std::io::Error>(())
        },
    );

    let names = ["ObjectRemoved", "LifecycleExpiration"]
        .into_iter()
        .flat_map(|category| {
            ["Delete", "DeleteMarkerCreated", "Teleport"]
                .map(|action| format!("{category}:{action}"))
        });
    for name in names {
        let record = RecordBuilder::new(EventName::parse(&name));
        for record in [record.clone().with_version_id(VERSION), record] {
            let outcome = route(&routes, &record.build(), &MessageContext::default());
            assert!(matches!(outcome, Outcome::Handled), "{name}: {outcome:?}");
        }
    }

    let of_category = [
        version(VERSION),
        Removal::Object,
        hidden(Some(VERSION)),
        hidden(None),
        Removal::Unknown,
        Removal::Unknown,
    ];
    assert_eq!(
        *seen.lock().unwrap(),
        [of_category.clone(), of_category].concat()
    );
}
