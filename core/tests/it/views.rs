use s3_dispatch_core::{
    Annotated, Error, ErrorKind, EventName, Expired, ObjectCreated, ObjectRemoved, ObjectRestored,
    Replicated, Retained, S3EventRecord, Tagged, Tiered, Transitioned,
};
use s3_dispatch_testing::RecordBuilder;

type View = (&'static str, fn(&S3EventRecord) -> Result<(), Error>);

macro_rules! view {
    ($category:literal, $view:ident) => {
        ($category, |record| $view::try_from(record).map(drop))
    };
}

/// The views, with the category or the name of their events.
const VIEWS: [View; 10] = [
    view!("ObjectCreated", ObjectCreated),
    view!("ObjectRemoved", ObjectRemoved),
    view!("ObjectRestore:Completed", ObjectRestored),
    view!("LifecycleExpiration", Expired),
    view!("Replication", Replicated),
    view!("LifecycleTransition", Transitioned),
    view!("IntelligentTiering", Tiered),
    view!("ObjectTagging", Tagged),
    view!("ObjectAnnotation", Annotated),
    view!("ObjectRetention:Put", Retained),
];

#[test]
fn a_view_is_made_only_from_its_events() {
    for name in EventName::KNOWN {
        let record = RecordBuilder::new(name.clone()).build();
        for (event, view) in VIEWS {
            match view(&record) {
                Ok(()) => assert!(
                    name == event || name.category() == event,
                    "{event} of {name}"
                ),
                Err(error) => {
                    assert!(
                        name != event && name.category() != event,
                        "{event} of {name}: {error}"
                    );
                    assert_eq!(error.kind(), ErrorKind::InvalidField);
                    assert!(error.to_string().contains(name.as_str()), "{error}");
                }
            }
        }
    }
}

#[test]
fn a_view_accepts_unknown_actions_of_its_category() {
    assert!(ObjectCreated::try_from(&RecordBuilder::new("ObjectCreated:Teleport").build()).is_ok());
    assert!(
        ObjectRestored::try_from(&RecordBuilder::new("ObjectRestore:Teleport").build()).is_err()
    );
}

#[test]
fn a_view_names_the_field_that_is_missing() {
    let check =
        |record: RecordBuilder, view: fn(&S3EventRecord) -> Result<(), Error>, field: &str| {
            let error = view(&record.build()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::MissingField);
            assert!(error.to_string().contains(&format!("`{field}`")), "{error}");
        };

    let bare = |name: EventName| RecordBuilder::new(name).without_event_data();

    check(
        bare(EventName::OBJECT_RESTORE_COMPLETED),
        VIEWS[2].1,
        "expiry_time",
    );

    let no_class = RecordBuilder::new(EventName::OBJECT_RESTORE_COMPLETED).with_restore("2026", "");
    check(no_class, VIEWS[2].1, "storage_class");

    check(
        bare(EventName::REPLICATION_OPERATION_NOT_TRACKED),
        VIEWS[4].1,
        "replication",
    );

    check(
        bare(EventName::LIFECYCLE_TRANSITION),
        VIEWS[5].1,
        "destination_storage_class",
    );

    check(
        bare(EventName::INTELLIGENT_TIERING),
        VIEWS[6].1,
        "destination_access_tier",
    );

    check(
        bare(EventName::OBJECT_ANNOTATION_PUT),
        VIEWS[8].1,
        "annotations",
    );

    check(
        bare(EventName::OBJECT_RETENTION_PUT),
        VIEWS[9].1,
        "retention",
    );
}

#[test]
fn object_created_has_its_fields() {
    let record = RecordBuilder::new(EventName::OBJECT_CREATED_COPY)
        .with_key("a b")
        .with_version_id("v")
        .with_size(7);
    let view = ObjectCreated::try_from(&record.build()).unwrap();
    assert_eq!(
        (view.event_name, view.bucket.name.as_str()),
        (EventName::OBJECT_CREATED_COPY, "amzn-s3-demo-bucket")
    );

    assert_eq!(
        (
            view.key.as_str(),
            view.version_id.unwrap().as_str(),
            view.size
        ),
        ("a b", "v", 7)
    );

    assert_eq!(
        (
            view.e_tag.unwrap().as_str(),
            view.sequencer.unwrap().as_str()
        ),
        ("d41d8cd98f00b204e9800998ecf8427e", "0055AED6DCD90281E5")
    );

    let record = RecordBuilder::new(EventName::OBJECT_CREATED_PUT)
        .without_size()
        .without_e_tag()
        .without_sequencer()
        .build();
    let view = ObjectCreated::try_from(&record).unwrap();
    assert_eq!(
        (view.size, view.e_tag, view.sequencer, view.version_id),
        (0, None, None, None)
    );
}

#[test]
fn views_tell_delete_markers_from_deletions() {
    for name in [
        EventName::OBJECT_REMOVED_DELETE,
        EventName::OBJECT_REMOVED_DELETE_MARKER_CREATED,
    ] {
        let is_marker = name == EventName::OBJECT_REMOVED_DELETE_MARKER_CREATED;
        let view = ObjectRemoved::try_from(&RecordBuilder::new(name).build()).unwrap();
        assert_eq!(
            (view.is_delete_marker, view.sequencer.is_some()),
            (is_marker, true)
        );
    }

    for name in [
        EventName::LIFECYCLE_EXPIRATION_DELETE,
        EventName::LIFECYCLE_EXPIRATION_DELETE_MARKER_CREATED,
    ] {
        let is_marker = name == EventName::LIFECYCLE_EXPIRATION_DELETE_MARKER_CREATED;
        assert_eq!(
            Expired::try_from(&RecordBuilder::new(name).build())
                .unwrap()
                .is_delete_marker,
            is_marker
        );
    }

    for name in [
        EventName::OBJECT_TAGGING_PUT,
        EventName::OBJECT_TAGGING_DELETE,
    ] {
        let is_deletion = name == EventName::OBJECT_TAGGING_DELETE;
        assert_eq!(
            Tagged::try_from(&RecordBuilder::new(name).build())
                .unwrap()
                .is_deletion,
            is_deletion
        );
    }
}

#[test]
fn views_of_rare_events_have_their_fields() {
    let restored = RecordBuilder::new(EventName::OBJECT_RESTORE_COMPLETED)
        .with_restore("2026-05-07", "GLACIER")
        .with_size(3);
    let view = ObjectRestored::try_from(&restored.build()).unwrap();

    assert_eq!(
        (
            view.size,
            view.expiry_time.as_str(),
            view.storage_class.as_str()
        ),
        (3, "2026-05-07", "GLACIER")
    );

    let moved = RecordBuilder::new(EventName::LIFECYCLE_TRANSITION)
        .with_transition("GLACIER_IR")
        .build();

    assert_eq!(
        Transitioned::try_from(&moved)
            .unwrap()
            .destination_storage_class,
        "GLACIER_IR"
    );

    let tiered = RecordBuilder::new(EventName::INTELLIGENT_TIERING)
        .with_tiering("ARCHIVE_ACCESS")
        .build();
    assert_eq!(
        Tiered::try_from(&tiered).unwrap().destination_access_tier,
        "ARCHIVE_ACCESS"
    );
    let annotated = RecordBuilder::new(EventName::OBJECT_ANNOTATION_DELETE)
        .with_annotation("note", None, None)
        .build();
    let view = Annotated::try_from(&annotated).unwrap();
    assert!(view.is_deletion && view.annotations.len() == 1 && view.annotations[0].name == "note");
    let retained = RecordBuilder::new(EventName::OBJECT_RETENTION_PUT)
        .with_retention("COMPLIANCE", "2026")
        .build();

    assert_eq!(
        Retained::try_from(&retained)
            .unwrap()
            .retention
            .mode
            .unwrap(),
        "COMPLIANCE"
    );

    let replicated = RecordBuilder::new(EventName::REPLICATION_OPERATION_MISSED_THRESHOLD).build();

    assert!(
        Replicated::try_from(&replicated)
            .unwrap()
            .replication
            .rule_id
            .is_some()
    );
}
