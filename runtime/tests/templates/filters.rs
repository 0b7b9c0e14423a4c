//! The filters in templates: the ones of the manifest, for any routes.

use std::collections::HashSet;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use s3_dispatch::{EventName, Manifest, Router};
use s3_dispatch_testing::{EventBridgeRule, NotificationBuilder, RecordBuilder, SnsFilterPolicy};
use serde_json::{Value, json};

use crate::program::{Taken, policy, router};
use crate::stack::{Stack, parse, stack};

pub(crate) const TESTS: &[(&str, fn())] = &[
    (
        "no_filter_is_narrower_than_the_routes",
        no_filter_is_narrower_than_the_routes,
    ),
    (
        "routes_for_everything_need_no_filter",
        routes_for_everything_need_no_filter,
    ),
];

const EVENTS: [EventName; 4] = [
    EventName::OBJECT_CREATED_PUT,
    EventName::OBJECT_CREATED_COPY,
    EventName::OBJECT_TAGGING_PUT,
    EventName::OBJECT_REMOVED_DELETE,
];

#[rustfmt::skip]
const ODD: [&str; 35] = [
    "a", "b/", ".jpg", "yes", "null", "1e3", "0x1", "2026-11-26", "# no", ": ", "- ", "!Ref X",
    "${BucketName}", "${", "<name>", "<Id>", "#if sam", "#end", "'", "\"", "\\", "*", "&a", "%20",
    " ", "{}", "[", "|", ">", "@", "`", "~", "=", ",", "a: b",
];

/// Texts that YAML, JSON, `Fn::Sub` or an encoding could take for something else.
fn text() -> impl Strategy<Value = Option<String>> {
    let part = prop_oneof![
        4 => select(ODD.to_vec()).prop_map(str::to_owned),
        2 => any::<char>().prop_map(String::from),
        1 => select(vec!['\n', '\u{7f}', '\u{85}', '\u{2028}', '\u{feff}', '\u{ffff}', '😀'])
            .prop_map(String::from),
    ];
    let text = proptest::collection::vec(part, 1..4).prop_map(|parts| parts.concat());
    proptest::option::of(text)
}

fn taken() -> impl Strategy<Value = Vec<Taken>> {
    // Routes of different events never conflict.
    let events = proptest::sample::subsequence(EVENTS.to_vec(), 1..=3);
    events.prop_flat_map(|events| {
        let routes: Vec<_> = events
            .into_iter()
            .map(|event| {
                let bucket = proptest::option::weighted(0.3, select(vec!["uploads", "others"]));
                (bucket, text(), text(), any::<bool>()).prop_map(
                    move |(bucket, prefix, suffix, reads)| Taken {
                        event: event.to_string(),
                        bucket: bucket.map(str::to_owned),
                        prefix,
                        suffix,
                        reads,
                        ..Taken::default()
                    },
                )
            })
            .collect();
        routes
    })
}

fn no_filter_is_narrower_than_the_routes() {
    let mut runner = TestRunner::new(Config {
        cases: 96,
        failure_persistence: None,
        ..Config::default()
    });
    let result = runner.run(&taken(), |taken| {
        // S3 limits keys, and routes check themselves.
        prop_assume!(taken.iter().all(|taken| taken.route().check().is_ok()));
        let routes = router(&taken);
        let manifest = Manifest::new(&routes);

        let Ok(policy) = manifest.filter_policy() else {
            let printed = crate::program::policy("p", &taken, &["--format", "sam"]);
            prop_assert_eq!((printed.status, &*printed.stdout), (Some(1), ""));
            return Ok(());
        };

        let by_topic = stack(&taken, &["--format", "sam"]);
        let filter = by_topic.properties("ResizePhotosSubscription")["FilterPolicy"].take();
        prop_assert_eq!(&filter, &json!(policy));
        rights_are_those_of_the_manifest(&by_topic, &manifest)?;

        let by_bus = stack(&taken, &["--format", "cloudformation", "--event-bus"]);
        let mut pattern = by_bus.properties("ResizePhotosRule")["EventPattern"].take();
        let members = pattern.as_object_mut().unwrap();
        prop_assert_eq!(members.remove("account"), Some(json!(["123456789012"])));
        prop_assert_eq!(
            members.remove("resources"),
            Some(json!(["arn:aws:s3:::uploads"]))
        );
        prop_assert_eq!(&pattern, &json!(manifest.eventbridge_pattern().unwrap()));

        let filter = SnsFilterPolicy::parse(&filter.to_string()).unwrap();
        let rule = EventBridgeRule::parse(&pattern.to_string()).unwrap();
        for taken in &taken {
            let record = record_for(taken);
            let built = record.clone().build();
            prop_assert!(routes.routes().iter().any(|route| route.matches(&built)));
            let notification = NotificationBuilder::new().with_record(record.clone());
            prop_assert!(filter.matches(&notification.to_json()));
            prop_assert!(rule.matches(&record.to_eventbridge_json().unwrap()));
        }

        Ok(())
    });
    result.unwrap();
}

/// A record that the route takes.
fn record_for(taken: &Taken) -> RecordBuilder {
    let text = |part: &Option<String>| part.clone().unwrap_or_default();
    RecordBuilder::new(EventName::parse(&taken.event))
        .with_bucket(taken.bucket.as_deref().unwrap_or("uploads"))
        .with_key(format!(
            "{}middle{}",
            text(&taken.prefix),
            text(&taken.suffix)
        ))
}

fn rights_are_those_of_the_manifest(
    stack: &Stack,
    manifest: &Manifest,
) -> Result<(), TestCaseError> {
    let role = stack.properties("ResizePhotosRole");
    let policies = role["Policies"].as_array().unwrap();
    let written: Vec<Value> = policies
        .iter()
        .skip(1)
        .flat_map(|policy| {
            policy["PolicyDocument"]["Statement"]
                .as_array()
                .unwrap()
                .clone()
        })
        .collect();

    // A route may name the bucket that other routes have as a parameter, in any order.
    let written = written.into_iter().map(|mut statement| {
        let mut seen = HashSet::new();
        let resources = statement["Resource"].as_array_mut().unwrap();
        resources.retain(|resource| seen.insert(resource.clone()));
        statement
    });

    let expected = json!(manifest.iam_policy("arn:aws:sqs:here-1:123456789012:queue", "uploads"));
    let expected = expected["Statement"].as_array().unwrap().iter().skip(1);
    let as_list = |statement: &Value| {
        let mut statement = statement.clone();
        if statement["Resource"].is_string() {
            statement["Resource"] = json!([statement["Resource"]]);
        }
        statement
    };
    prop_assert_eq!(
        written.collect::<Vec<_>>(),
        expected.map(as_list).collect::<Vec<_>>()
    );

    Ok(())
}

fn routes_for_everything_need_no_filter() {
    let printed = policy("all", &[Taken::event("*")], &["--format", "sam"]);
    let template = parse(&printed.stdout);
    let subscription = &template["Resources"]["AllSubscription"]["Properties"];
    assert_eq!(subscription["FilterPolicy"], Value::Null);
    assert_eq!(subscription["FilterPolicyScope"], Value::Null);
    assert_eq!(subscription["RawMessageDelivery"], true);
}
