//! The permissions that follow from what handlers declare.

use proptest::prelude::*;
use s3_dispatch_core::async_trait;
use s3_dispatch_core::manifest::IamPolicy;
use s3_dispatch_core::{
    EventPattern, Manifest, MessageContext, Outcome, Route, Router, S3EventRecord,
};
use s3_dispatch_testing::{IamPolicyDocument, RecordBuilder};
use serde_json::{Value, json};

use crate::manifest_properties::world;

const QUEUE: &str = "arn:aws:sqs:eu-central-1:123456789012:uploads";

/// Routes without handlers. They may call each other without end.
struct Declared(Vec<Route>);

#[async_trait]
impl Router for Declared {
    async fn route(&self, _: &S3EventRecord, _: &MessageContext) -> Outcome {
        Outcome::Handled
    }

    fn routes(&self) -> &[Route] {
        &self.0
    }
}

fn created() -> Route {
    Route::new(EventPattern::from_static("ObjectCreated:*"))
}

/// The statements after the one about the queue.
fn statements(queue: &str, routes: &[Route]) -> Value {
    let policy = Manifest::new(&Declared(routes.to_vec())).iam_policy(queue, "photos");
    let policy = serde_json::to_value(policy).unwrap();
    IamPolicyDocument::parse(&policy.to_string()).unwrap();

    policy["Statement"].as_array().unwrap()[1..].into()
}

/// Checks the resources of the statement with this id.
#[track_caller]
fn check(route: Route, sid: &str, expected: Value) {
    let statements = statements(QUEUE, &[route]);
    let found = statements.as_array().unwrap().iter();
    let found: Vec<_> = found.filter(|one| one["Sid"] == sid).collect();
    assert_eq!(found.len(), 1, "{statements}");
    assert_eq!(found[0]["Resource"], expected);
}

#[test]
fn routes_that_declare_nothing_add_nothing() {
    assert_eq!(statements(QUEUE, &[created()]), json!([]));
    assert!(
        Manifest::new(&Declared(vec![created()]))
            .object_access()
            .is_empty()
    );
}

#[test]
fn each_effect_has_its_actions() {
    let resize = created()
        .with_prefix("in/")
        .with_suffix(".jpg")
        .reads()
        .writes("out/");
    let forget = created().with_prefix("in/").deletes("out/").deletes_taken();
    let allow = |sid: &str, actions: &[&str], resource: Value| {
        let (effect, sid) = (json!("Allow"), json!(sid));
        json!({"Sid": sid, "Effect": effect, "Action": actions, "Resource": resource})
    };

    assert_eq!(
        statements(QUEUE, &[resize, forget]),
        json!([
            allow(
                "ReadObjects",
                &["s3:GetObject", "s3:GetObjectVersion"],
                json!("arn:aws:s3:::photos/in/*.jpg"),
            ),
            allow(
                "WriteObjects",
                &["s3:PutObject", "s3:GetObject"],
                json!("arn:aws:s3:::photos/out/*"),
            ),
            allow(
                "DeleteObjects",
                &["s3:DeleteObject"],
                json!(["arn:aws:s3:::photos/out/*", "arn:aws:s3:::photos/in/*"]),
            ),
            allow(
                "ListBuckets",
                &["s3:ListBucket"],
                json!("arn:aws:s3:::photos")
            ),
        ])
    );
}

#[test]
fn resources_are_as_narrow_as_iam_can_say() {
    let read = |route: Route, expected| check(route.reads(), "ReadObjects", expected);
    read(created(), json!("arn:aws:s3:::photos/*"));
    read(
        created().with_suffix(".JPG").ignore_suffix_case(),
        json!("arn:aws:s3:::photos/*"),
    );
    read(
        created()
            .with_prefixes(["a/", "b/"])
            .with_suffixes([".x", ".y"]),
        json!([
            "arn:aws:s3:::photos/a/*.x",
            "arn:aws:s3:::photos/a/*.y",
            "arn:aws:s3:::photos/b/*.x",
            "arn:aws:s3:::photos/b/*.y",
        ]),
    );
    read(
        created().with_key("{tenant}/photos/{file}.jpg"),
        json!("arn:aws:s3:::photos/*/photos/*.jpg"),
    );
    read(
        created().with_key("one.txt"),
        json!("arn:aws:s3:::photos/one.txt"),
    );
    read(
        created().with_prefix("aba").with_suffix("bab"),
        json!(["arn:aws:s3:::photos/aba*bab", "arn:aws:s3:::photos/abab",]),
    );
}

#[test]
fn wildcards_and_variables_of_iam_are_escaped() {
    check(
        created().writes("a*b?${aws:username}/$"),
        "WriteObjects",
        json!("arn:aws:s3:::photos/a${*}b${?}${$}{aws:username}/${$}*"),
    );
}

#[test]
fn buckets_are_those_of_the_route_and_of_the_place() {
    let route = created()
        .with_bucket("alpha")
        .writes("x/")
        .writes("s3://beta/y/");
    let expected = json!(["arn:aws:s3:::alpha/x/*", "arn:aws:s3:::beta/y/*"]);
    check(route.clone(), "WriteObjects", expected);
    check(
        route,
        "ListBuckets",
        json!(["arn:aws:s3:::alpha", "arn:aws:s3:::beta"]),
    );
    // The bucket of the events may be named as well.
    let both = created().reads().writes("s3://photos");
    check(both, "ListBuckets", json!("arn:aws:s3:::photos"));
    check(
        created().deletes("s3://beta"),
        "DeleteObjects",
        json!("arn:aws:s3:::beta/*"),
    );
}

#[test]
fn the_partition_is_that_of_the_queue() {
    for (queue, expected) in [
        (
            "arn:aws-cn:sqs:cn-north-1:123456789012:uploads",
            "arn:aws-cn:s3:::photos/x/*",
        ),
        (
            "arn:aws-us-gov:sqs:us-gov-west-1:1:q",
            "arn:aws-us-gov:s3:::photos/x/*",
        ),
        ("QUEUE", "arn:aws:s3:::photos/x/*"),
    ] {
        let statements = statements(queue, &[created().writes("x/")]);
        assert_eq!(statements[0]["Resource"], expected);
    }
}

#[test]
fn keys_encrypt_only_if_something_is_written() {
    let actions = |policy: IamPolicy| {
        let policy = serde_json::to_value(&policy).unwrap();
        let statements = policy["Statement"].as_array().unwrap().clone();
        let keys = statements
            .into_iter()
            .find(|one| one["Sid"] == "UseKeys")
            .unwrap();
        keys["Action"].clone()
    };
    let manifest = |route: Route| Manifest::new(&Declared(vec![route])).iam_policy(QUEUE, "photos");
    let both = json!(["kms:Decrypt", "kms:GenerateDataKey"]);

    assert_eq!(
        actions(manifest(created().reads()).with_kms_keys(["k"])),
        json!(["kms:Decrypt"])
    );
    assert_eq!(
        actions(manifest(created().writes("x/")).with_kms_keys(["k"])),
        both
    );
    let letters = IamPolicy::new(QUEUE)
        .with_kms_keys(["k"])
        .with_dead_letters("d");
    assert_eq!(actions(letters), both);
}

#[test]
fn a_second_table_or_key_is_another_resource() {
    let policy = IamPolicy::new(QUEUE)
        .with_table("t1")
        .with_table("t2")
        .with_kms_keys(["a", "b"]);
    let policy = serde_json::to_value(policy.with_kms_keys(["c"])).unwrap();
    IamPolicyDocument::parse(&policy.to_string()).unwrap();
    assert_eq!(policy["Statement"][1]["Resource"], json!(["t1", "t2"]));
    assert_eq!(policy["Statement"][2]["Resource"], json!(["a", "b", "c"]));
}

/// Whether IAM's wildcards express the filters of the route exactly.
fn is_exact(route: &Route) -> bool {
    route.key().is_none() && !route.ignores_suffix_case() && !route.has_no_folders()
}

fn check_access(route: &Route, record: &RecordBuilder) -> Result<(), TestCaseError> {
    let record = record.build();
    let key = record.object.key.as_str();
    let places = route.prefixes().iter().map(ToString::to_string);
    let places: Vec<_> = places.filter(|place| !place.starts_with("s3://")).collect();
    let declared = route.clone().reads().deletes_taken();
    let declared = places.iter().cloned().fold(declared, Route::writes);

    let manifest = Manifest::new(&Declared(vec![declared]));
    let policy = serde_json::to_string(&manifest.iam_policy(QUEUE, "other")).unwrap();
    let policy = IamPolicyDocument::parse(&policy).unwrap();
    let bucket = route.bucket().unwrap_or("other");
    let arn = format!("arn:aws:s3:::{bucket}/{key}");

    // Whether the event and the bucket fit does not matter for what the key needs.
    let fitting = RecordBuilder::new(record.event_name.clone())
        .with_bucket(bucket)
        .with_key(key);
    let fitting = fitting.build();
    let takes_event = route
        .patterns()
        .iter()
        .any(|one| one.matches(&fitting.event_name));
    for action in ["s3:GetObject", "s3:GetObjectVersion", "s3:DeleteObject"] {
        if route.matches(&fitting) {
            prop_assert!(
                policy.allows(action, &arn),
                "{} {} by {:?}",
                action,
                arn,
                policy
            );
        } else if takes_event && is_exact(route) && action != "s3:GetObject" {
            prop_assert!(
                !policy.allows(action, &arn),
                "{} {} by {:?}",
                action,
                arn,
                policy
            );
        }
    }

    let is_written = places.iter().any(|place| key.starts_with(&**place));
    prop_assert_eq!(policy.allows("s3:PutObject", &arn), is_written);
    let listed = policy.allows("s3:ListBucket", &format!("arn:aws:s3:::{bucket}"));
    prop_assert!(listed);
    prop_assert!(!policy.allows("s3:GetObject", "arn:aws:s3:::another/k"));

    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_policy_allows_what_handlers_declare_and_nothing_else(world in world(1..4)) {
        for route in &world.routes {
            for record in &world.records {
                check_access(route, record)?;
            }
        }
    }
}
