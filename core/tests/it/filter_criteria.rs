//! The filter criteria of an event source mapping: a filter for each form of a body.

use s3_dispatch_core::Route;
use s3_dispatch_testing::{EventBridgeRule, NotificationBuilder, RecordBuilder, SnsMessageBuilder};
use serde_json::{Value, json};

use crate::manifest::{manifest, route};

/// The patterns for these routes, and the warnings.
#[track_caller]
fn criteria<const N: usize>(routes: [Route; N]) -> (Vec<Value>, Vec<String>) {
    let criteria = manifest(routes).filter_criteria().unwrap();
    let json = serde_json::to_value(&criteria).unwrap();
    let patterns = json["Filters"].as_array().into_iter().flatten();
    let warnings = criteria.warnings().iter().map(ToString::to_string);

    (
        patterns
            .map(|filter| serde_json::from_str(filter["Pattern"].as_str().unwrap()).unwrap())
            .collect(),
        warnings.collect(),
    )
}

/// Whether Lambda invokes the function with a message that has this body.
fn pass(patterns: &[Value], body: &str) -> bool {
    let body: Value = serde_json::from_str(body).unwrap();
    let message = json!({"messageId": "1", "body": body}).to_string();

    patterns.iter().any(|pattern| {
        EventBridgeRule::parse(&pattern.to_string())
            .unwrap()
            .matches(&message)
    })
}

/// SNS's message about a subscription.
fn confirmation(kind: &str) -> String {
    json!({"Type": kind, "TopicArn": "arn:aws:sns:eu-central-1:1:t", "Message": "You have chosen"})
        .to_string()
}

const DELETION: &str = "Lambda deletes every message that no filter matches; a body must be S3's \
                        notification, an EventBridge event, or the JSON of SNS or Lambda around \
                        one";

const SNS: &str = "Lambda cannot look into the notification in SNS's JSON, so every such message \
                   passes; turn on raw message delivery of the subscription, or give it a filter \
                   policy";

#[test]
fn each_form_of_a_body_has_a_filter() {
    let (patterns, warnings) = criteria([route(&["ObjectTagging:Put"]).with_prefix("my in/")]);
    let key = |prefix: &str| json!({"object": {"key": [{"prefix": prefix}]}});
    let types = [
        "Notification",
        "SubscriptionConfirmation",
        "UnsubscribeConfirmation",
    ];

    assert_eq!(
        patterns,
        [
            json!({"body": {"Records": {"eventName": ["ObjectTagging:Put"], "s3": key("my+in/")}}}),
            json!({"body": {
                "source": ["aws.s3"], "detail-type": ["Object Tags Added"], "detail": key("my in/"),
            }}),
            json!({"body": {"Type": types}}),
            json!({"body": {"$or": [
                {"Records": {"Sns": {"Message": [{"exists": true}]}}},
                {"Records": {"body": [{"exists": true}]}},
                {"requestContext": {"condition": [{"exists": true}]}},
            ]}}),
        ]
    );
    assert_eq!(warnings, [DELETION, SNS]);
}

#[test]
fn every_form_of_an_event_that_a_route_takes_passes() {
    let (patterns, _) = criteria([route(&["ObjectTagging:Put"])]);
    let tagged = RecordBuilder::new("ObjectTagging:Put");
    let event = tagged.to_eventbridge_json().unwrap();
    let notification = NotificationBuilder::from(tagged);

    for body in [
        notification.to_json(),
        notification.to_sns_json(),
        SnsMessageBuilder::new(&event).to_json(),
        event,
        confirmation("SubscriptionConfirmation"),
        confirmation("UnsubscribeConfirmation"),
    ] {
        assert!(pass(&patterns, &body), "{body}");
    }

    let removed = RecordBuilder::new("ObjectRemoved:Delete");
    let event = removed.to_eventbridge_json().unwrap();
    let notification = NotificationBuilder::from(removed);
    assert!(!pass(&patterns, &event), "{event}");
    assert!(!pass(&patterns, &notification.to_json()));
    // Lambda cannot look into it.
    assert!(pass(&patterns, &notification.to_sns_json()));
    assert!(!pass(&patterns, r#"{"order": 7}"#));
}

/// Amazon Security Lake announces objects without a detail type.
#[test]
fn a_creation_without_a_detail_type_passes_if_a_route_takes_every_creation() {
    let body = json!({
        "source": "aws.s3",
        "time": "2026-04-07T14:30:00Z",
        "region": "eu-central-1",
        "resources": ["arn:aws:s3:::lake"],
        "detail": {"bucket": {"name": "lake"}, "object": {"key": "a b/1.gz.parquet", "size": 1}},
    })
    .to_string();

    for (pattern, prefix, passes) in [
        ("ObjectCreated:*", "a b/", true),
        ("ObjectCreated:*", "b/", false),
        ("ObjectCreated:Put", "a b/", false),
        ("ObjectCreated", "a b/", true),
        ("*", "a b/", true),
    ] {
        let (patterns, _) = criteria([route(&[pattern]).with_prefix(prefix)]);
        assert_eq!(pass(&patterns, &body), passes, "{pattern} {prefix}");
    }
}

#[test]
fn routes_that_take_everything_need_no_filter_and_no_warning() {
    assert_eq!(criteria([route(&["*"])]), (vec![], vec![]));
}

#[test]
fn events_that_eventbridge_does_not_send_have_no_filter_for_its_events() {
    let (patterns, warnings) = criteria([route(&["Replication:*"])]);
    let none = "EventBridge sends none of the events of these routes, so Lambda deletes \
                EventBridge events";
    assert_eq!(patterns.len(), 3);
    assert_eq!(warnings, [DELETION, none, SNS]);

    let (patterns, warnings) = criteria([route(&["Replication:*", "ObjectAcl:Put"])]);
    let some = "EventBridge does not send `Replication:*` events";
    assert_eq!(patterns.len(), 4);
    assert_eq!(warnings, [DELETION, some, SNS]);
}

/// Lambda's filters do not have EventBridge's `wildcard`.
#[test]
fn a_prefix_and_a_suffix_are_not_combined() {
    let photos = route(&["ObjectCreated:*"])
        .with_prefix("in/")
        .with_suffix(".jpg");
    let (patterns, _) = criteria([photos.clone()]);
    let key = json!({"object": {"key": [{"prefix": "in/"}]}});

    assert_eq!(patterns[0]["body"]["Records"]["s3"], key);
    assert_eq!(patterns[1]["body"]["detail"], key);
    assert!(!manifest([photos]).filter_criteria().unwrap().is_exact());
}

/// A pattern has at most 4,096 characters.
#[test]
fn a_filter_that_is_too_long_for_lambda_is_widened() {
    let folders: [Route; 60] = std::array::from_fn(|number| {
        route(&["ObjectCreated:Put"]).with_prefix(format!("{number:02}/{}/", "x".repeat(70)))
    });
    let (patterns, warnings) = criteria(folders.clone());

    assert_eq!(
        patterns[..2],
        [
            json!({"body": {"Records": {"eventName": [{"exists": true}]}}}),
            json!({"body": {"source": ["aws.s3"]}}),
        ]
    );
    let text = |form: &str| {
        format!(
            "the routes need a filter of more than 4096 characters, which Lambda rejects, so \
             every {form} passes"
        )
    };
    let widened = [text("S3 notification"), text("EventBridge event")];
    assert_eq!(warnings[1..3], widened);
    assert!(
        !manifest(folders.clone())
            .filter_criteria()
            .unwrap()
            .is_exact()
    );
    assert!(
        manifest([folders[0].clone()])
            .filter_criteria()
            .unwrap()
            .is_exact()
    );
}
