//! The filters that are derived from sets of routes.

use s3_dispatch_core::event_data::Removal;
use s3_dispatch_core::{
    Error, ErrorKind, EventName, EventPattern, HandlerError, Manifest, ObjectKey, Route, Router,
    Routes,
};
use serde::Serialize;
use serde_json::{Value, json};

pub(crate) fn route(patterns: &[&str]) -> Route {
    let mut patterns = patterns
        .iter()
        .map(|pattern| EventPattern::parse(pattern).unwrap());
    let route = Route::new(patterns.next().unwrap());

    patterns.fold(route, Route::with_pattern)
}

pub(crate) fn manifest(routes: impl IntoIterator<Item = Route>) -> Manifest {
    let routes = routes
        .into_iter()
        .zip('a'..)
        .fold(Routes::new(()), |routes, (route, name)| {
            routes.on_fn(route.with_name(name.to_string()), || async {
                Ok::<_, HandlerError>(())
            })
        });

    Manifest::new(&routes)
}

fn value(part: Result<impl Serialize, Error>) -> Value {
    serde_json::to_value(part.unwrap()).unwrap()
}

/// Checks the policy of these routes, and whether it is exact.
#[track_caller]
fn check_policy<const N: usize>(routes: [Route; N], is_exact: bool, expected: Value) {
    let manifest = manifest(routes);
    assert_eq!(value(manifest.filter_policy()), expected);
    assert_eq!(manifest.filter_policy().unwrap().is_exact(), is_exact);
    assert_eq!(manifest.filter_criteria().unwrap().is_exact(), is_exact);
    let criteria = value(manifest.filter_criteria());

    match criteria["Filters"][0]["Pattern"].as_str() {
        Some(pattern) => {
            assert_eq!(
                serde_json::from_str::<Value>(pattern).unwrap(),
                json!({ "body": expected })
            );
        }
        None => assert_eq!((criteria, expected), (Value::Null, Value::Null)),
    }
}

#[track_caller]
fn check_key_policy(route: Route, is_exact: bool, keys: Value) {
    let names = json!(["ObjectCreated:Put"]);
    let expected = json!({"Records": {"eventName": names, "s3": {"object": {"key": keys}}}});
    check_policy([route], is_exact, expected);
}

#[track_caller]
fn check_notification<const N: usize>(routes: [Route; N], warnings: &[&str], expected: Value) {
    let notification = manifest(routes).bucket_notification().unwrap();
    assert_eq!(serde_json::to_value(&notification).unwrap(), expected);

    let found: Vec<_> = notification
        .warnings()
        .iter()
        .map(ToString::to_string)
        .collect();

    assert_eq!(found, warnings);
}

#[track_caller]
fn check_eventbridge<const N: usize>(routes: [Route; N], warnings: &[&str], expected: Value) {
    let pattern = manifest(routes).eventbridge_pattern().unwrap();
    assert_eq!(serde_json::to_value(&pattern).unwrap(), expected);
    let found: Vec<_> = pattern.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(found, warnings);
}

#[track_caller]
fn check_warnings<const N: usize>(routes: [Route; N], expected: &[&str]) {
    let found: Vec<_> = manifest(routes)
        .warnings()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_policy_spells_names_as_records_do() {
    check_policy(
        [route(&["s3:ObjectCreated:Put"])],
        true,
        json!({"Records": {"eventName": ["ObjectCreated:Put"]}}),
    );

    let names = json!([
        "ObjectCreated:Put",
        "ObjectRemoved:Delete",
        "LifecycleTransition",
        "ObjectFrozen:Put"
    ]);

    let routes = [
        route(&["ObjectCreated:Put", "ObjectRemoved:Delete"]),
        route(&["LifecycleTransition", "ObjectFrozen:Put"]),
    ];
    check_policy(routes, true, json!({"Records": {"eventName": names}}));
}

#[test]
fn a_policy_has_a_prefix_for_a_category() {
    let names = json!([{"prefix": "ObjectCreated:"}]);
    check_policy(
        [route(&["ObjectCreated:*"])],
        true,
        json!({"Records": {"eventName": names}}),
    );

    let both = route(&["ObjectCreated:Put", "ObjectCreated:*"]);
    check_policy([both], true, json!({"Records": {"eventName": names}}));
}

#[test]
fn a_category_without_actions_is_also_its_bare_name() {
    for category in [
        "ReducedRedundancyLostObject",
        "LifecycleTransition",
        "IntelligentTiering",
        "ObjectFrozen",
    ] {
        let names = json!([category, {"prefix": format!("{category}:")}]);
        check_policy(
            [route(&[&format!("{category}:*")])],
            true,
            json!({"Records": {"eventName": names}}),
        );
    }
}

#[test]
fn routes_that_take_everything_need_no_policy() {
    check_policy([route(&["*"])], true, Value::Null);
    check_policy(
        [route(&["*"]), route(&["ObjectCreated:Put"])],
        true,
        Value::Null,
    );

    assert!(
        manifest([route(&["*"])])
            .filter_policy()
            .unwrap()
            .is_unnecessary()
    );

    assert!(
        !manifest([route(&["ObjectCreated:*"])])
            .filter_policy()
            .unwrap()
            .is_unnecessary()
    );
}

#[test]
fn buckets_are_listed_if_every_route_names_one() {
    let put = || route(&["ObjectCreated:Put"]);
    let names = json!(["ObjectCreated:Put"]);
    let buckets = json!({"bucket": {"name": ["alpha", "beta"]}});
    let routes = [put().with_bucket("alpha"), put().with_bucket("beta")];

    check_policy(
        routes,
        true,
        json!({"Records": {"eventName": names, "s3": buckets}}),
    );

    check_policy(
        [put().with_bucket("alpha"), put()],
        true,
        json!({"Records": {"eventName": names}}),
    );

    let two_fields = [
        put().with_bucket("alpha"),
        route(&["ObjectCreated:Copy"]).with_bucket("beta"),
    ];
    let names = json!(["ObjectCreated:Put", "ObjectCreated:Copy"]);

    check_policy(
        two_fields,
        false,
        json!({"Records": {"eventName": names, "s3": buckets}}),
    );
}

#[test]
fn keys_are_encoded_as_s3_sends_them() {
    let put = || route(&["ObjectCreated:Put"]);
    check_key_policy(
        put().with_prefix("in/a b+c"),
        true,
        json!([{"prefix": "in/a+b%2Bc"}]),
    );

    check_key_policy(
        put().with_prefix("é%😀=\""),
        true,
        json!([{"prefix": "%C3%A9%25%F0%9F%98%80%3D%22"}]),
    );

    check_key_policy(put().with_suffix(".jpg"), true, json!([{"suffix": ".jpg"}]));
}

#[test]
fn a_condition_that_cannot_be_expressed_is_widened() {
    let put = || route(&["ObjectCreated:Put"]);
    check_key_policy(
        put().with_prefix("in/").with_suffix(".jpg"),
        false,
        json!([{"prefix": "in/"}]),
    );

    for uncertain in ["*", "~", "!", "'", "(", ")"] {
        check_key_policy(
            put().with_prefix(format!("a/{uncertain}b{uncertain}")),
            false,
            json!([{"prefix": "a/"}]),
        );

        check_key_policy(
            put().with_suffix(format!("{uncertain}b{uncertain}.c")),
            false,
            json!([{"suffix": ".c"}]),
        );

        let nothing_left = json!({"Records": {"eventName": ["ObjectCreated:Put"]}});

        check_policy(
            [put().with_prefix(format!("{uncertain}b"))],
            false,
            nothing_left,
        );
    }
}

/// `é` is sent as `%C3%A9`, which ends in 9.
#[test]
fn a_suffix_that_may_begin_inside_an_escape_is_not_exact() {
    let put = || route(&["ObjectCreated:Put"]);
    for suffix in ["9", "A9", "F.jpg"] {
        check_key_policy(
            put().with_suffix(suffix),
            false,
            json!([{"suffix": suffix}]),
        );
    }

    check_key_policy(put().with_suffix("G9"), true, json!([{"suffix": "G9"}]));
    check_key_policy(
        put().with_suffix("é9"),
        true,
        json!([{"suffix": "%C3%A99"}]),
    );
}

#[test]
fn a_wider_filter_replaces_narrower_ones() {
    let put = || route(&["ObjectCreated:Put"]);
    let names = json!(["ObjectCreated:Put"]);
    let keys = json!({"object": {"key": [{"prefix": "in/"}, {"suffix": ".jpg"}]}});
    let routes = ["in/2026/", "in/"].map(|prefix| put().with_prefix(prefix));

    let routes = [
        routes[0].clone(),
        routes[1].clone(),
        put().with_suffix("x.jpg"),
        put().with_suffix(".jpg"),
    ];

    check_policy(
        routes,
        true,
        json!({"Records": {"eventName": names, "s3": keys}}),
    );

    check_policy(
        [put().with_prefix("in/"), put()],
        true,
        json!({"Records": {"eventName": names}}),
    );
}

#[test]
fn a_policy_may_have_75_names_but_not_76() {
    let names = |count| {
        (0..count)
            .map(|number| format!("ObjectFrozen:Put{number}"))
            .collect::<Vec<_>>()
    };

    let manifest_of = |count| {
        let names = names(count);
        manifest([route(&names.iter().map(String::as_str).collect::<Vec<_>>())])
    };

    assert_eq!(
        value(manifest_of(75).filter_policy())["Records"]["eventName"]
            .as_array()
            .unwrap()
            .len(),
        75
    );

    let error = manifest_of(76).filter_policy().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unexpressible);
    assert!(
        error.to_string().contains("152") && error.to_string().contains("a [ObjectFrozen:Put0,"),
        "{error}"
    );
    assert!(
        manifest_of(76).filter_criteria().is_ok() && manifest_of(76).bucket_notification().is_ok()
    );
}

#[test]
fn no_routes_are_an_error() {
    let manifest = manifest([]);
    let kinds = [
        manifest.filter_policy().err().map(|error| error.kind()),
        manifest.filter_criteria().err().map(|error| error.kind()),
        manifest
            .bucket_notification()
            .err()
            .map(|error| error.kind()),
        manifest
            .eventbridge_pattern()
            .err()
            .map(|error| error.kind()),
    ];

    assert_eq!(kinds, [Some(ErrorKind::Unexpressible); 4]);

    let error = manifest.filter_policy().unwrap_err().to_string();
    assert!(error.contains("there are no routes"), "{error}");
    assert!(error.contains("with `.on::<handler>()`"), "{error}");
}

#[test]
fn a_bucket_has_a_configuration_for_each_filter() {
    let filter = |rules: Value| json!({"Key": {"FilterRules": rules}});
    let put = || route(&["ObjectCreated:Put"]);
    check_notification([put()], &[], json!([{"Events": ["s3:ObjectCreated:Put"]}]));
    let rules = json!([{"Name": "prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".jpg"}]);
    let events = ["s3:ObjectCreated:Put", "s3:ObjectCreated:Copy"];
    let expected = json!([{"Events": events, "Filter": filter(rules)}]);
    let filtered = |patterns: &[&str]| route(patterns).with_prefix("in/").with_suffix(".jpg");

    check_notification(
        [
            filtered(&["ObjectCreated:Put"]),
            filtered(&["ObjectCreated:Copy"]),
        ],
        &[],
        expected,
    );

    let rules = |prefix: &str| filter(json!([{"Name": "prefix", "Value": prefix}]));
    let expected = json!([
        {"Events": ["s3:ObjectCreated:Put"], "Filter": rules("a/")},
        {"Events": ["s3:ObjectCreated:Put"], "Filter": rules("b/+c")},
    ]);

    check_notification(
        [put().with_prefix("a/"), put().with_prefix("b/ c")],
        &[],
        expected,
    );
}

/// S3 wants a space as `+` and special characters percent-encoded.
#[test]
fn a_bucket_filter_spells_special_characters_as_s3_wants() {
    for (prefix, suffix, expected) in [
        ("lake/dt=2026-05-04/", "", ["lake/dt%3D2026-05-04/", ""]),
        ("my photos/", "", ["my+photos/", ""]),
        ("", " (at)home@é.jpg", ["", "home%40%C3%A9.jpg"]),
        (
            "a+b%/",
            "&,:;?$.csv",
            ["a%2Bb%25/", "%26%2C%3A%3B%3F%24.csv"],
        ),
    ] {
        let route = route(&["ObjectCreated:Put"])
            .with_prefix(prefix)
            .with_suffix(suffix);
        let json = value(manifest([route]).bucket_notification());
        let rules = json[0]["Filter"]["Key"]["FilterRules"].as_array().unwrap();

        let found = ["prefix", "suffix"].map(|name| {
            let rule = rules.iter().find(|rule| rule["Name"] == name);
            rule.map_or("", |rule| rule["Value"].as_str().unwrap())
        });
        assert_eq!(found, expected, "{prefix} {suffix}");
    }
}

#[test]
fn a_bucket_filter_that_is_wider_than_its_route_gives_a_warning() {
    let text = |keys: &str, route: &str| {
        format!(
            "AWS does not say how S3's filters compare `*`, `~`, `!`, `'`, `(` and `)`, so the \
             bucket publishes {keys} for {route}"
        )
    };

    for (prefix, suffix, warnings) in [
        ("lake/dt=2026/", " .jpg", vec![]),
        (
            "in/(1)/",
            "",
            vec![text(
                "all keys with the prefix `in/`",
                "a [ObjectCreated:Put, prefix `in/(1)/`]",
            )],
        ),
        (
            "",
            "b*",
            vec![text(
                "keys with any suffix",
                "a [ObjectCreated:Put, suffix `b*`]",
            )],
        ),
        (
            "~a",
            "!.jpg",
            vec![
                text(
                    "keys with any prefix",
                    "a [ObjectCreated:Put, prefix `~a`, suffix `!.jpg`]",
                ),
                text(
                    "all keys with the suffix `.jpg`",
                    "a [ObjectCreated:Put, prefix `~a`, suffix `!.jpg`]",
                ),
            ],
        ),
    ] {
        let route = route(&["ObjectCreated:Put"])
            .with_prefix(prefix)
            .with_suffix(suffix);
        let notification = manifest([route]).bucket_notification().unwrap();
        let found = notification.warnings().iter().map(ToString::to_string);
        assert_eq!(found.collect::<Vec<_>>(), warnings);
    }
}

#[test]
fn event_types_exist_in_s3() {
    let types = |patterns: &[&str]| {
        manifest([route(patterns)])
            .bucket_notification()
            .unwrap()
            .events()
            .map(String::from)
            .collect::<Vec<_>>()
    };

    assert_eq!(
        types(&["ObjectCreated:Put", "ObjectCreated:*"]),
        ["s3:ObjectCreated:*"]
    );
    assert_eq!(
        types(&["ObjectCreated:*", "ObjectCreated:Put"]),
        ["s3:ObjectCreated:*"]
    );
    assert_eq!(
        types(&["IntelligentTiering:*", "ObjectAcl:*"]),
        ["s3:IntelligentTiering", "s3:ObjectAcl:Put"]
    );
    let all = types(&["*"]);

    for name in EventName::KNOWN {
        let types = [format!("s3:{name}"), format!("s3:{}:*", name.category())];
        assert_eq!(
            all.iter().filter(|event| types.contains(event)).count(),
            1,
            "{name}"
        );
    }
}

#[test]
fn overlapping_configurations_become_one() {
    let text = "S3 rejects overlapping configurations (prefix `in/` suffix `` and prefix `` \
                suffix `.jpg`), so the bucket publishes all keys, and the filter policy and the \
                router select";
    let put = || route(&["ObjectCreated:Put"]);
    let removed = || route(&["ObjectRemoved:*"]).with_prefix("other/");

    let routes = [
        put().with_prefix("in/"),
        put().with_suffix(".jpg"),
        removed(),
    ];

    check_notification(
        routes,
        &[text],
        json!([{"Events": ["s3:ObjectCreated:Put", "s3:ObjectRemoved:*"]}]),
    );

    let copy = || route(&["ObjectCreated:Copy"]);

    for (left, right, is_overlap) in [
        (put().with_prefix("a/"), put().with_prefix("a/b/"), true),
        (put().with_suffix("jpg"), put().with_suffix(".jpg"), true),
        (
            put().with_prefix("a/").with_suffix(".jpg"),
            put().with_prefix("a/").with_suffix(".png"),
            false,
        ),
        (put().with_prefix("a/"), copy().with_prefix("a/b/"), false),
        (
            put().with_prefix("a/"),
            route(&["ObjectCreated:*"]).with_prefix("a/b/"),
            true,
        ),
        (put().with_prefix("a/"), put(), true),
    ] {
        let notification = manifest([left, right]).bucket_notification().unwrap();
        assert_eq!(
            notification.warnings().len(),
            usize::from(is_overlap),
            "{notification:?}"
        );
    }
}

#[test]
fn an_eventbridge_pattern_has_detail_types_reasons_and_plain_keys() {
    let put = route(&["ObjectCreated:Put", "ObjectCreated:Post"])
        .with_bucket("alpha")
        .with_prefix("a b+é(");
    let detail = json!({
        "reason": ["PutObject", "POST Object"],
        "bucket": {"name": ["alpha"]},
        "object": {"key": [{"prefix": "a b+é("}]},
    });

    check_eventbridge(
        [put],
        &[],
        json!({"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": detail}),
    );

    let created = json!({"source": ["aws.s3"], "detail-type": ["Object Created"]});
    check_eventbridge([route(&["ObjectCreated:*"])], &[], created);
    let removed = json!({"reason": ["DeleteObject"], "deletion-type": ["Delete Marker Created"]});
    let removed =
        json!({"source": ["aws.s3"], "detail-type": ["Object Deleted"], "detail": removed});

    check_eventbridge(
        [route(&["ObjectRemoved:DeleteMarkerCreated"])],
        &[],
        removed,
    );

    check_eventbridge(
        [route(&["*"])],
        &[],
        json!({"source": ["aws.s3"], "detail-type": [{"prefix": "Object "}]}),
    );
}

/// The last entry tells whether the pattern is exact.
#[test]
fn an_eventbridge_pattern_combines_a_prefix_and_a_suffix_that_cannot_overlap() {
    for (prefix, suffix, expected, is_exact) in [
        ("in/", ".jpg", json!({"wildcard": "in/*.jpg"}), true),
        ("ba", "ab", json!({"prefix": "ba"}), false),
        ("é", "日", json!({"wildcard": "é*日"}), true),
        (
            r"a*\",
            r"*b\c*",
            json!({"wildcard": r"a\*\\*\*b\\c\*"}),
            true,
        ),
        ("ab", "ba", json!({"prefix": "ab"}), false),
        ("a", "a", json!({"prefix": "a"}), false),
        ("in/.jpg", ".jpg", json!({"prefix": "in/.jpg"}), false),
        ("in/", "in/x", json!({"prefix": "in/"}), false),
        ("in/x", "in/y", json!({"wildcard": "in/x*in/y"}), true),
        ("in/", "", json!({"prefix": "in/"}), true),
        ("", ".jpg", json!({"suffix": ".jpg"}), true),
    ] {
        let route = route(&["ObjectAcl:Put"])
            .with_prefix(prefix)
            .with_suffix(suffix);
        let pattern = manifest([route]).eventbridge_pattern().unwrap();
        assert_eq!(pattern.is_exact(), is_exact, "{prefix} {suffix}");

        let json = serde_json::to_value(&pattern).unwrap();
        assert_eq!(json["detail"]["object"]["key"], json!([expected]));
    }
}

#[test]
fn an_eventbridge_pattern_has_an_alternative_for_each_route() {
    let pattern = json!({"source": ["aws.s3"], "$or": [
        {
            "detail-type": ["Object Restore Completed"],
            "detail": {"object": {"key": [{"suffix": ".jpg"}]}},
        },
        {"detail-type": ["Object ACL Updated"]},
    ]});
    let restored = route(&["ObjectRestore:Completed"]).with_suffix(".jpg");
    check_eventbridge([restored, route(&["ObjectAcl:*"])], &[], pattern);
}

/// EventBridge rejects an empty object, so `$or` must not contain one.
#[test]
fn an_eventbridge_pattern_for_everything_has_no_alternatives() {
    check_eventbridge(
        [route(&["ObjectCreated:Put"]), route(&["*"])],
        &[],
        json!({"source": ["aws.s3"], "detail-type": [{"prefix": "Object "}]}),
    );
}

#[test]
fn events_that_eventbridge_does_not_send_give_a_warning() {
    let warnings = [
        "EventBridge does not send `Replication:*` events",
        "EventBridge does not send `ReducedRedundancyLostObject` events",
    ];
    let routes = [
        route(&["Replication:*", "ObjectAcl:Put"]),
        route(&["ReducedRedundancyLostObject"]),
    ];

    check_eventbridge(
        routes,
        &warnings,
        json!({"source": ["aws.s3"], "detail-type": ["Object ACL Updated"]}),
    );

    let error = manifest([route(&["Replication:*"])])
        .eventbridge_pattern()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unexpressible);
}

/// A reason that S3 adds later belongs to the category.
#[test]
fn an_eventbridge_pattern_for_a_category_matches_new_reasons() {
    let pattern =
        value(manifest([route(&["ObjectCreated:*", "ObjectCreated:Put"])]).eventbridge_pattern());
    assert_eq!(
        pattern,
        json!({"source": ["aws.s3"], "detail-type": ["Object Created"]})
    );
}

#[test]
fn an_eventbridge_pattern_for_removals_excludes_only_lifecycle_rules() {
    let removed = json!({"reason": [{"anything-but": "Lifecycle Expiration"}]});
    let removed =
        json!({"source": ["aws.s3"], "detail-type": ["Object Deleted"], "detail": removed});
    check_eventbridge([route(&["ObjectRemoved:*"])], &[], removed);
}

#[test]
fn a_route_for_multipart_uploads_in_another_folder_does_not_count() {
    let put = route(&["ObjectCreated:Put"]).with_prefix("a/");
    let multipart = route(&["ObjectCreated:CompleteMultipartUpload"]).with_prefix("b/");
    let warning = "`ObjectCreated:Put` without `ObjectCreated:CompleteMultipartUpload` misses \
                   every large upload of a [ObjectCreated:Put, prefix `a/`]";
    check_warnings([put.clone(), multipart], &[warning]);
    check_warnings(
        [put, route(&["ObjectCreated:CompleteMultipartUpload"])],
        &[],
    );
}

#[test]
fn missing_multipart_uploads_give_a_warning() {
    let put = "`ObjectCreated:Put` without `ObjectCreated:CompleteMultipartUpload` misses every \
               large upload";
    let copy = "`ObjectCreated:Copy` without `ObjectCreated:CompleteMultipartUpload` misses every \
                large copy";
    check_warnings([route(&["ObjectCreated:Put"])], &[put]);
    check_warnings([route(&["ObjectCreated:Copy"])], &[copy]);

    check_warnings(
        [
            route(&["ObjectCreated:Copy"]),
            route(&["ObjectCreated:Put"]),
        ],
        &[put, copy],
    );

    check_warnings(
        [route(&[
            "ObjectCreated:Put",
            "ObjectCreated:CompleteMultipartUpload",
        ])],
        &[],
    );

    check_warnings(
        [route(&["ObjectCreated:Put"]), route(&["ObjectCreated:*"])],
        &[],
    );
    check_warnings([route(&["ObjectCreated:Put"]), route(&["*"])], &[]);
    check_warnings([route(&["ObjectCreated:Post", "ObjectTagging:*"])], &[]);
}

#[test]
fn missing_deletions_give_a_warning() {
    let marker = "`ObjectRemoved:Delete` without `ObjectRemoved:DeleteMarkerCreated` misses every \
                  deletion that hides an object in a versioned bucket";
    let expiration = "`ObjectRemoved:Delete` without `LifecycleExpiration:*` misses every \
                      deletion by a lifecycle rule";
    let expired_marker = "`LifecycleExpiration:Delete` without \
                          `LifecycleExpiration:DeleteMarkerCreated` misses every expiration that \
                          hides an object in a versioned bucket";

    for (patterns, missing) in [
        (&["ObjectRemoved:Delete"][..], &[marker, expiration][..]),
        (&["ObjectRemoved:*"], &[expiration]),
        (
            &["ObjectRemoved:Delete", "LifecycleExpiration:*"],
            &[marker],
        ),
        (
            &["ObjectRemoved:*", "LifecycleExpiration:Delete"],
            &[expired_marker],
        ),
        (&["ObjectRemoved:*", "LifecycleExpiration:*"], &[]),
        (&["ObjectRemoved:DeleteMarkerCreated"], &[]),
        (&["LifecycleExpiration:*"], &[]),
        (&["*"], &[]),
    ] {
        assert_eq!(misses([route(patterns)]), missing);
    }

    let elsewhere = route(&["LifecycleExpiration:*"]).with_prefix("b/");
    let removed = route(&["ObjectRemoved:*"]).with_prefix("a/");
    let of_route = format!("{expiration} of b [ObjectRemoved:*, prefix `a/`]");
    assert_eq!(misses([elsewhere, removed]), [of_route]);
}

/// The warnings about events that nothing takes.
fn misses<const N: usize>(routes: [Route; N]) -> Vec<String> {
    let warnings = manifest(routes).warnings();
    let texts = warnings.iter().map(ToString::to_string);
    texts.filter(|text| text.contains("misses every")).collect()
}

#[test]
fn a_deletion_that_may_be_of_one_version_gives_a_warning() {
    let warning = |name: &str, routes: &str| {
        format!(
            "`{name}` with a version id does not mean that the object is gone; `Removal` tells \
             what it means, and `Current` what is at the key now, in {routes}"
        )
    };
    let (removed, expired) = ("ObjectRemoved:Delete", "LifecycleExpiration:Delete");
    let both = &["ObjectRemoved:*", "LifecycleExpiration:*"];
    let of_both = "a [ObjectRemoved:*, LifecycleExpiration:*]";

    check_warnings(
        [route(both)],
        &[&warning(removed, of_both), &warning(expired, of_both)],
    );
    check_warnings(
        [route(&["LifecycleExpiration:*"])],
        &[&warning(expired, "a [LifecycleExpiration:*]")],
    );
    let routes = [route(both), route(&["ObjectRemoved:Delete"])];
    let of_routes = format!("{of_both}, b [ObjectRemoved:Delete]");
    check_warnings(
        routes,
        &[&warning(removed, &of_routes), &warning(expired, of_both)],
    );

    for patterns in [
        &["*"][..],
        &["ObjectRemoved:DeleteMarkerCreated"],
        &["LifecycleExpiration:DeleteMarkerCreated", "*"],
        &["ObjectTagging:*", "ObjectRestore:Delete"],
    ] {
        check_warnings([route(patterns)], &[]);
    }
}

#[test]
fn a_handler_that_distinguishes_versions_gives_no_warning_about_them() {
    let both = || route(&["ObjectRemoved:*", "LifecycleExpiration:*"]);
    let believes = both().with_name("believes").with_prefix("a/");
    let asks = both().with_name("asks").with_prefix("b/");
    let says = both()
        .with_name("says")
        .with_prefix("c/")
        .distinguish_versions();
    assert!(says.distinguishes_versions() && !asks.distinguishes_versions());

    let routes = Routes::new(())
        .on_fn(says, async |_: ObjectKey| Ok::<_, std::io::Error>(()))
        .on_fn(asks, async |_: ObjectKey, _: Removal| {
            Ok::<_, std::io::Error>(())
        });
    assert_eq!(Manifest::new(&routes).warnings(), []);
    assert!(routes.routes().iter().all(Route::distinguishes_versions));

    let routes = routes.on_fn(believes, async |_: ObjectKey| Ok::<_, std::io::Error>(()));
    let warnings = Manifest::new(&routes).warnings();
    assert_eq!(warnings.len(), 2);
    for warning in warnings {
        let warning = warning.to_string();
        assert!(
            warning.contains(" in believes [") && !warning.contains("asks"),
            "{warning}"
        );
    }
}

#[test]
fn a_pattern_without_a_known_event_gives_a_warning_with_the_nearest_one() {
    for (pattern, nearest) in [
        ("ObjectCreate:Put", Some("ObjectCreated:Put")),
        ("s3:ObjectCreated:put", Some("ObjectCreated:Put")),
        ("ObjectRemove:*", Some("ObjectRemoved:*")),
        ("ObjectCreated", Some("ObjectCreated:*")),
        (
            "DeleteMarkerCreated",
            Some("ObjectRemoved:DeleteMarkerCreated"),
        ),
        ("Zzz", None),
    ] {
        let manifest = manifest([route(&["ObjectAcl:Put", pattern])]);
        let name = pattern.trim_start_matches("s3:");
        let mut expected = format!("unknown event `{name}` in a [ObjectAcl:Put, {name}]");
        if let Some(nearest) = nearest {
            expected.push_str(&format!("; did you mean `{nearest}`?"));
        }

        let found: Vec<_> = manifest
            .warnings()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(found, [expected]);
        assert_eq!(manifest.unknown_events(), manifest.warnings());
    }

    for pattern in ["*", "IntelligentTiering:*", "s3:ObjectAcl:Put"] {
        assert!(manifest([route(&[pattern])]).unknown_events().is_empty());
    }
}

#[test]
fn crossing_routes_give_a_warning() {
    let tagged = || route(&["ObjectTagging:Put"]);
    let crossing = "some keys match both a [ObjectTagging:Put, prefix `in/`] and \
                    b [ObjectTagging:Put, suffix `.jpg`]";
    check_warnings(
        [tagged().with_prefix("in/"), tagged().with_suffix(".jpg")],
        &[crossing],
    );

    check_warnings(
        [
            tagged().with_prefix("in/"),
            tagged().with_prefix("in/2026/"),
        ],
        &[],
    );

    check_warnings(
        [
            tagged().with_prefix("in/"),
            tagged().with_prefix("out/").with_suffix(".jpg"),
        ],
        &[],
    );

    check_warnings(
        [
            tagged().with_prefix("in/"),
            route(&["ObjectTagging:*"]).with_suffix(".jpg"),
        ],
        &[],
    );

    let buckets = [
        tagged().with_bucket("a").with_prefix("in/"),
        tagged().with_bucket("b").with_suffix(".jpg"),
    ];
    check_warnings(buckets, &[]);
}

#[test]
fn unreachable_routes_give_a_warning() {
    let text = "no event reaches b [LifecycleTransition:*, prefix `in/`], because more specific \
                routes take all of its events";
    let moved = route(&["LifecycleTransition:*"]).with_prefix("in/");
    check_warnings([route(&["LifecycleTransition"]), moved.clone()], &[text]);

    check_warnings(
        [
            route(&["LifecycleTransition"]).with_prefix("in/2026/"),
            moved.clone(),
        ],
        &[],
    );

    check_warnings(
        [
            route(&["LifecycleTransition"]).with_bucket("a"),
            moved.clone(),
        ],
        &[],
    );

    check_warnings([route(&["LifecycleTransition:*"]), moved], &[]);

    let tagged = [
        route(&["ObjectTagging:Put"]),
        route(&["ObjectTagging:Delete"]),
        route(&["ObjectTagging:*"]),
    ];

    check_warnings(
        tagged,
        &[
            "no event reaches c [ObjectTagging:*], because more specific routes take all of its \
           events",
        ],
    );
}
