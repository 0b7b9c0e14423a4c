use std::collections::HashSet;

use s3_dispatch_core::__private::nearest_of;
use s3_dispatch_core::{ErrorKind, EventName, EventPattern};

use crate::event_name::NAMES;

#[track_caller]
fn check(pattern: &str, matching: &[&str], others: &[&str]) {
    let pattern = EventPattern::parse(pattern).unwrap();
    for name in matching {
        assert!(
            pattern.matches(&EventName::parse(name)),
            "{pattern} does not match {name}"
        );
    }

    for name in others {
        assert!(
            !pattern.matches(&EventName::parse(name)),
            "{pattern} matches {name}"
        );
    }
}

#[test]
fn a_name_matches_itself_only() {
    for name in NAMES {
        let others: Vec<_> = NAMES.into_iter().filter(|other| *other != name).collect();
        check(name, &[name, &format!("s3:{name}")], &others);
    }

    check(
        "ObjectFrozen:Put",
        &["ObjectFrozen:Put"],
        &["ObjectFrozen:Get", "ObjectFrozen"],
    );

    check(
        "s3:ObjectCreated:Put",
        &["ObjectCreated:Put"],
        &["ObjectCreated:Copy"],
    );

    check("ObjectCreated", &["ObjectCreated"], &["ObjectCreated:Put"]);
}

#[test]
fn a_category_matches_known_and_unknown_actions_and_none() {
    check(
        "ObjectCreated:*",
        &[
            "ObjectCreated:Put",
            "ObjectCreated:Teleport",
            "ObjectCreated:A:B",
            "ObjectCreated",
        ],
        &["ObjectRemoved:Delete", "ObjectCreatedTwice:Put", "Object"],
    );

    check(
        "LifecycleTransition:*",
        &["LifecycleTransition", "LifecycleTransition:Glacier"],
        &["LifecycleExpiration:Delete", "IntelligentTiering"],
    );

    check(
        "s3:IntelligentTiering:*",
        &["IntelligentTiering", "s3:IntelligentTiering"],
        &["LifecycleTransition"],
    );

    check(
        "ObjectFrozen:*",
        &["ObjectFrozen:Put", "ObjectFrozen"],
        &["ObjectCreated:Put"],
    );
}

#[test]
fn a_star_matches_everything() {
    check("*", &NAMES, &[]);
    check("s3:*", &["ObjectFrozen:Put", ""], &[]);
    assert_eq!(EventPattern::parse("*").unwrap(), EventPattern::ANY);
}

#[test]
fn malformed_patterns_are_rejected() {
    let wrong = [
        "",
        ":",
        ":*",
        "**",
        "Object*",
        "ObjectCreated:P*",
        "ObjectCreated:",
        ":Put",
        "ObjectCreated::Put",
        "Object Created:Put",
        "ObjectCreated:Put:*",
        "*:Put",
        "s3:",
        "ObjectCreated:Put\n",
        "Öbject:Put",
        "*:*",
    ];

    for text in wrong {
        let error = EventPattern::parse(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidPattern, "{text}");
        assert!(!error.is_retryable());
        assert!(!error.to_string().contains('\n'), "{error}");
        assert!(text.parse::<EventPattern>().is_err() && EventPattern::try_from(text).is_err());
    }
}

#[test]
fn patterns_are_shown_without_prefix() {
    for (text, shown) in [
        ("s3:ObjectCreated:*", "ObjectCreated:*"),
        ("s3:ObjectCreated:Put", "ObjectCreated:Put"),
        ("s3:*", "*"),
    ] {
        assert_eq!(EventPattern::parse(text).unwrap().to_string(), shown);
    }

    assert_eq!(
        EventPattern::from(EventName::OBJECT_ACL_PUT).to_string(),
        "ObjectAcl:Put"
    );
}

#[test]
fn a_pattern_covers_what_it_always_matches() {
    let covers = |left: &str, right: &str| {
        EventPattern::parse(left)
            .unwrap()
            .covers(&EventPattern::parse(right).unwrap())
    };

    for pattern in [
        "*",
        "ObjectCreated:*",
        "ObjectCreated:Put",
        "ObjectFrozen:*",
        "LifecycleTransition",
    ] {
        assert!(covers("*", pattern));
        assert!(covers(pattern, pattern));
        assert_eq!(covers(pattern, "*"), pattern == "*");
    }

    assert!(covers("ObjectCreated:*", "ObjectCreated:Put"));
    assert!(covers("ObjectCreated:*", "ObjectCreated:Teleport"));
    assert!(covers("LifecycleTransition:*", "LifecycleTransition"));
    assert!(!covers("ObjectCreated:Put", "ObjectCreated:*"));
    assert!(!covers("ObjectCreated:*", "ObjectRemoved:*"));
    assert!(!covers("ObjectCreated:*", "ObjectRemoved:Delete"));
    assert!(!covers("LifecycleTransition", "LifecycleTransition:*"));
}

#[test]
fn a_literal_and_a_parsed_text_make_equal_patterns() {
    const CREATED: EventPattern = EventPattern::from_static("ObjectCreated:*");
    const PUT: EventPattern = EventPattern::from_static("s3:ObjectCreated:Put");

    let patterns: HashSet<_> = ["ObjectCreated:*", "ObjectCreated:Put", "*"]
        .map(|text| EventPattern::parse(text).unwrap())
        .into();
    assert!(
        patterns.contains(&CREATED)
            && patterns.contains(&PUT)
            && patterns.contains(&EventPattern::ANY)
    );

    assert_eq!(
        (PUT.as_name(), PUT.as_category()),
        (Some(&EventName::OBJECT_CREATED_PUT), None)
    );
    assert_eq!(
        (CREATED.as_name(), CREATED.as_category()),
        (None, Some("ObjectCreated"))
    );
    assert_eq!(
        (EventPattern::ANY.as_name(), EventPattern::ANY.as_category()),
        (None, None)
    );
}

#[test]
#[should_panic(expected = "unknown event `ObjectCreated:Putt`; did you mean `ObjectCreated:Put`?")]
fn a_misspelled_literal_proposes_the_nearest_name() {
    let _ = EventPattern::from_static("ObjectCreated:Putt");
}

#[test]
#[should_panic(expected = "did you mean `ObjectCreated:*`?")]
fn a_misspelled_category_proposes_the_nearest_category() {
    let _ = EventPattern::from_static("ObjectCreate:*");
}

#[test]
#[should_panic(expected = "events look like")]
fn an_unrecognisable_literal_shows_example_patterns() {
    let _ = EventPattern::from_static("s3:Quux");
}

#[test]
fn a_pattern_is_known_if_it_matches_a_known_event() {
    let known = EventName::KNOWN.iter().flat_map(|name| {
        let category = name.category();
        [
            name.as_str().to_owned(),
            format!("{category}:*"),
            format!("s3:{name}"),
        ]
    });
    let unknown = [
        "ObjectCreated:Teleport",
        "ObjectCreated",
        "ObjectCreatd:*",
        "Object:*",
    ];

    for text in known
        .chain(unknown.map(str::to_owned))
        .chain(["*".to_owned()])
    {
        let pattern = EventPattern::parse(&text).unwrap();
        let matches = EventName::KNOWN.iter().any(|name| pattern.matches(name));
        assert_eq!(pattern.is_known(), matches, "{text}");
    }
}

#[test]
fn the_nearest_of_some_texts_needs_the_fewest_edits() {
    let fields = ["event", "bucket", "key", "error", "age"];
    for (text, nearest) in [
        ("eror", Some("error")),
        ("evnt", Some("event")),
        ("KEYS", Some("key")),
        ("ages", Some("age")),
        ("buckets", Some("bucket")),
        ("size", None),
        ("e", None),
        ("", None),
        (&"event".repeat(100), None),
    ] {
        assert_eq!(nearest_of(text, fields), nearest, "{text}");
    }
    assert_eq!(nearest_of("a", ["a".repeat(100).as_str()]), None);
}
