use s3_dispatch_core::EventName;

/// "Supported event types for SQS, SNS, and Lambda", Amazon S3 User Guide, 2026.
pub(crate) const NAMES: [&str; 24] = [
    "ReducedRedundancyLostObject",
    "ObjectCreated:Put",
    "ObjectCreated:Post",
    "ObjectCreated:Copy",
    "ObjectCreated:CompleteMultipartUpload",
    "ObjectRemoved:Delete",
    "ObjectRemoved:DeleteMarkerCreated",
    "ObjectRestore:Post",
    "ObjectRestore:Completed",
    "ObjectRestore:Delete",
    "Replication:OperationFailedReplication",
    "Replication:OperationNotTracked",
    "Replication:OperationMissedThreshold",
    "Replication:OperationReplicatedAfterThreshold",
    "LifecycleTransition",
    "IntelligentTiering",
    "ObjectAcl:Put",
    "LifecycleExpiration:Delete",
    "LifecycleExpiration:DeleteMarkerCreated",
    "ObjectTagging:Put",
    "ObjectTagging:Delete",
    "ObjectAnnotation:Put",
    "ObjectAnnotation:Delete",
    "ObjectRetention:Put",
];

#[track_caller]
fn check(text: &str, name: &str, category: &str, action: Option<&str>, is_known: bool) {
    let event = EventName::parse(text);
    assert_eq!(event.as_str(), name);
    assert_eq!(event.category(), category);
    assert_eq!(event.action(), action);
    assert_eq!(event.is_known(), is_known);
    assert_eq!(event, EventName::from(name));
}

#[test]
fn every_aws_name_is_known_with_and_without_prefix() {
    for name in NAMES {
        let (category, action) = name
            .split_once(':')
            .map_or((name, None), |(left, right)| (left, Some(right)));
        check(name, name, category, action, true);
        check(&format!("s3:{name}"), name, category, action, true);
    }
}

#[test]
fn the_constants_are_the_aws_names() {
    let known: Vec<_> = EventName::KNOWN.iter().map(EventName::as_str).collect();
    assert_eq!(known, NAMES);

    for constant in EventName::KNOWN {
        assert_eq!(*constant, EventName::parse(constant.as_str()));
    }

    assert_eq!(EventName::OBJECT_CREATED_PUT, "ObjectCreated:Put");
    assert_eq!(EventName::LIFECYCLE_TRANSITION, "LifecycleTransition");
    assert_eq!(
        EventName::REPLICATION_OPERATION_NOT_TRACKED,
        "Replication:OperationNotTracked"
    );
}

#[test]
fn unknown_names_are_kept() {
    check(
        "ObjectCreated:Teleport",
        "ObjectCreated:Teleport",
        "ObjectCreated",
        Some("Teleport"),
        false,
    );

    check(
        "s3:ObjectFrozen:Put",
        "ObjectFrozen:Put",
        "ObjectFrozen",
        Some("Put"),
        false,
    );

    check(
        "ObjectSynced:Copy:Remote",
        "ObjectSynced:Copy:Remote",
        "ObjectSynced",
        Some("Copy:Remote"),
        false,
    );

    check("", "", "", None, false);
    check("s3:", "", "", None, false);

    check(
        "objectcreated:put",
        "objectcreated:put",
        "objectcreated",
        Some("put"),
        false,
    );

    check(
        "ObjectCreated:",
        "ObjectCreated:",
        "ObjectCreated",
        Some(""),
        false,
    );

    check(
        "ObjectCreated:Put ",
        "ObjectCreated:Put ",
        "ObjectCreated",
        Some("Put "),
        false,
    );
}

#[test]
fn names_with_different_texts_differ() {
    assert_ne!(
        EventName::parse("ObjectCreated:Put"),
        EventName::parse("ObjectCreated:Post")
    );
    assert_ne!(
        EventName::parse("ObjectCreated:A"),
        EventName::parse("ObjectCreated:B")
    );
}

#[test]
fn each_category_has_exactly_one_predicate() {
    type Predicate = (&'static str, fn(&EventName) -> bool);

    let predicates: [Predicate; 12] = [
        ("ObjectCreated", EventName::is_object_created),
        ("ObjectRemoved", EventName::is_object_removed),
        ("ObjectRestore", EventName::is_object_restore),
        ("Replication", EventName::is_replication),
        ("LifecycleTransition", EventName::is_lifecycle_transition),
        ("LifecycleExpiration", EventName::is_lifecycle_expiration),
        ("IntelligentTiering", EventName::is_intelligent_tiering),
        ("ObjectAcl", EventName::is_object_acl),
        ("ObjectTagging", EventName::is_object_tagging),
        ("ObjectAnnotation", EventName::is_object_annotation),
        ("ObjectRetention", EventName::is_object_retention),
        (
            "ReducedRedundancyLostObject",
            EventName::is_reduced_redundancy_lost_object,
        ),
    ];

    for name in EventName::KNOWN {
        let holding: Vec<_> = predicates
            .iter()
            .filter(|(_, holds)| holds(name))
            .map(|(category, _)| *category)
            .collect();
        assert_eq!(holding, [name.category()]);
    }

    assert!(EventName::parse("ObjectCreated:Teleport").is_object_created());
    assert!(EventName::parse("LifecycleTransition:Glacier").is_lifecycle_transition());
    assert!(!EventName::parse("ObjectCreatedTwice:Put").is_object_created());
}
