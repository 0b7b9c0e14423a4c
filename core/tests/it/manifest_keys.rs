//! The filters for patterns of keys, for lists, for suffixes in any case and without folders.

use s3_dispatch_core::Route;
use s3_dispatch_core::manifest::Warning;
use serde_json::{Value, json};

use crate::manifest::{manifest, route};

fn acl() -> Route {
    route(&["ObjectAcl:Put"])
}

/// The conditions on the key in SNS, in EventBridge and in a mapping's filter. `null` if there are
/// none.
fn conditions(routes: impl IntoIterator<Item = Route>) -> [Value; 3] {
    let manifest = manifest(routes);
    let sns = serde_json::to_value(manifest.filter_policy().unwrap()).unwrap();
    let rule = serde_json::to_value(manifest.eventbridge_pattern().unwrap()).unwrap();
    let criteria = serde_json::to_value(manifest.filter_criteria().unwrap()).unwrap();
    let body: Value =
        serde_json::from_str(criteria["Filters"][0]["Pattern"].as_str().unwrap()).unwrap();

    [
        sns["Records"]["s3"]["object"]["key"].clone(),
        rule["detail"]["object"]["key"].clone(),
        body["body"]["Records"]["s3"]["object"]["key"].clone(),
    ]
}

#[track_caller]
fn check(route: Route, expected: [Value; 3]) {
    assert_eq!(conditions([route.clone()]), expected, "{route}");
}

/// Checks that the filter of SNS, of EventBridge, and of a mapping is exact.
#[track_caller]
fn check_exact(route: Route, expected: [bool; 3]) {
    let manifest = manifest([route.clone()]);
    let found = [
        manifest.filter_policy().unwrap().is_exact(),
        manifest.eventbridge_pattern().unwrap().is_exact(),
        manifest.filter_criteria().unwrap().is_exact(),
    ];
    assert_eq!(found, expected, "{route}");
}

/// Checks that no filter lets through more than the route, but perhaps the key that is its prefix,
/// and that no warning needs to be printed.
#[track_caller]
fn check_close(route: &Route) {
    let manifest = manifest([route.clone()]);
    assert!(manifest.filter_policy().unwrap().is_close(), "{route}");
    assert!(
        manifest.eventbridge_pattern().unwrap().is_close(),
        "{route}"
    );
    assert!(manifest.filter_criteria().unwrap().is_close(), "{route}");

    let notification = manifest.bucket_notification().unwrap();
    let mut warnings = notification.warnings().iter();
    assert!(warnings.all(Warning::is_minor), "{route}");
}

#[test]
fn a_pattern_that_says_no_more_than_a_prefix_is_exact() {
    for route in [
        // No key is empty.
        acl().with_key("{all*}"),
        acl().with_key("{all*}").with_suffix(".jpg"),
        acl().with_key("logs/{rest*}").with_prefix("logs/2026/"),
        acl().with_key("{all*}").with_prefixes(["logs/", "photos/"]),
    ] {
        check_exact(route.clone(), [true; 3]);
        check_close(&route);
    }

    // The key `logs/` passes each filter, and does not match.
    for route in [
        acl().with_key("logs/{rest*}"),
        acl().with_key("logs/{rest*}").with_prefix("lo"),
        acl().with_key("logs/{rest*}").with_prefix("logs/"),
        acl().with_key("logs/{rest*}").with_suffix("/"),
    ] {
        check_exact(route.clone(), [false; 3]);
    }
    check_close(&acl().with_key("logs/{rest*}"));
    check_close(&acl().with_key("logs/{rest*}").with_prefix("logs/"));

    // With a suffix that the prefix does not have, only EventBridge can say all of it.
    check_exact(
        acl().with_key("logs/{rest*}").with_suffix(".gz"),
        [false, true, false],
    );
    // A name is not the rest of the key.
    check_exact(acl().with_key("logs/{file}"), [false; 3]);

    for (key, expected) in [
        ("{all*}", &[][..]),
        (
            "logs/{rest*}",
            &[(
                true,
                "S3's filters cannot leave out the key `logs/`, so the bucket publishes it too for \
                 a [ObjectAcl:Put, key `logs/{rest*}`]",
            )],
        ),
        (
            "logs/{file}",
            &[(
                false,
                "S3's filters have no patterns of keys, so the bucket publishes all keys with the \
                 same start and end for a [ObjectAcl:Put, key `logs/{file}`]",
            )],
        ),
    ] {
        let manifest = manifest([acl().with_key(key)]);
        let notification = manifest.bucket_notification().unwrap();
        let found = notification.warnings().iter();
        let found: Vec<_> = found.map(|one| (one.is_minor(), one.to_string())).collect();
        let expected = expected
            .iter()
            .map(|(is_minor, text)| (*is_minor, text.to_string()));
        assert_eq!(found, expected.collect::<Vec<_>>());
    }
}

#[test]
fn a_pattern_becomes_a_wildcard_where_there_is_one() {
    let photos = json!([{"wildcard": "my tenants/*/photos/*.jpg"}]);
    let encoded = json!([{"wildcard": "my+tenants/*/photos/*.jpg"}]);
    let prefix = json!([{"prefix": "my+tenants/"}]);
    let route = acl().with_key("my tenants/{tenant}/photos/{photo}.jpg");
    check(route.clone(), [encoded, photos, prefix]);
    check_exact(route, [false; 3]);

    // One star at an end is a prefix or a suffix.
    let prefix = || json!([{"prefix": "logs/"}]);
    check(
        acl().with_key("logs/{rest*}"),
        [prefix(), prefix(), prefix()],
    );
    let suffix = || json!([{"suffix": "/x.jpg"}]);
    check(
        acl().with_key("{tenant}/x.jpg"),
        [suffix(), suffix(), suffix()],
    );
    check(
        acl().with_key("{all*}"),
        [Value::Null, Value::Null, Value::Null],
    );

    // Characters that are stars to one service, and uncertain to the other, which allows three.
    check(
        acl().with_key(r"a*(\/{x}é/{y}/(b"),
        [
            json!([{"wildcard": "a*%5C/*%C3%A9/*b"}]),
            json!([{"wildcard": r"a\*(\\/*é/*/(b"}]),
            json!([{"prefix": "a"}]),
        ],
    );
}

#[test]
fn a_key_without_parts_is_compared_as_a_whole() {
    let route = acl().with_key("conf/a b.json");
    check(
        route.clone(),
        [
            json!(["conf/a+b.json"]),
            json!(["conf/a b.json"]),
            json!(["conf/a+b.json"]),
        ],
    );
    check_exact(route, [true; 3]);

    let uncertain = acl().with_key("conf/(1)");
    check(
        uncertain.clone(),
        [
            json!([{"prefix": "conf/"}]),
            json!(["conf/(1)"]),
            json!([{"prefix": "conf/"}]),
        ],
    );
    check_exact(uncertain, [false, true, false]);
}

#[test]
fn a_prefix_that_says_more_than_the_pattern_is_kept() {
    let route = acl()
        .with_key("tenants/{tenant}/{file*}")
        .with_prefix("tenants/7");
    let expected = || json!([{"prefix": "tenants/7"}]);
    check(route, [expected(), expected(), expected()]);
}

#[test]
fn wildcards_stay_simple_enough() {
    let long = acl().with_key("a/{a}/b/{b}/c/{c}/d/{d}.e");
    check(
        long,
        [
            json!([{"wildcard": "a/*/b/*/c/*.e"}]),
            json!([{"wildcard": "a/*/b/*/c/*.e"}]),
            json!([{"prefix": "a/"}]),
        ],
    );

    // Seven stars together are too many for EventBridge.
    let many = || (0..4).map(|n| acl().with_key(format!("{n}/{{a}}/x/{{b}}.e")));
    let rule = manifest(many()).eventbridge_pattern().unwrap();
    let rule = serde_json::to_value(&rule).unwrap();
    assert_eq!(
        rule["$or"][3]["detail"]["object"]["key"],
        json!([{"wildcard": "3/*.e"}])
    );
    let [sns, ..] = conditions(many());
    assert_eq!(sns[3], json!({"wildcard": "3/*/x/*.e"}));

    // SNS allows 150 combinations: 16 stars here, and 36 in a larger set.
    let [sns, ..] = conditions((0..18).map(|n| acl().with_key(format!("{n}/{{a}}/x/{{b}}.e"))));
    assert_eq!(sns[17], json!({"wildcard": "17/*.e"}));
}

#[test]
fn a_list_becomes_alternatives() {
    let route = acl().with_suffixes([".jpg", ".jpeg"]);
    let expected = || json!([{"suffix": ".jpg"}, {"suffix": ".jpeg"}]);
    check(route.clone(), [expected(), expected(), expected()]);
    check_exact(route, [true; 3]);

    let both = acl()
        .with_prefixes(["a/", "b/"])
        .with_suffixes([".x", ".y"]);
    let prefixes = || json!([{"prefix": "a/"}, {"prefix": "b/"}]);
    let wildcards = ["a/*.x", "a/*.y", "b/*.x", "b/*.y"].map(|text| json!({"wildcard": text}));
    check(both.clone(), [prefixes(), json!(wildcards), prefixes()]);
    check_exact(both, [false, true, false]);
}

#[test]
fn only_eventbridge_ignores_the_case_of_a_suffix() {
    let images = || acl().with_suffixes([".jpg", ".png"]).ignore_suffix_case();
    let expected = json!([
        {"suffix": {"equals-ignore-case": ".jpg"}},
        {"suffix": {"equals-ignore-case": ".png"}},
    ]);
    check(images(), [Value::Null, expected, Value::Null]);
    check_exact(images(), [false; 3]);

    let prefix = || json!([{"prefix": "in/"}]);
    check(images().with_prefix("in/"), [prefix(), prefix(), prefix()]);
}

#[test]
fn folders_cannot_be_filtered_out() {
    check_exact(acl().no_folders(), [false; 3]);
    check_exact(acl().with_prefix("in/").no_folders(), [false; 3]);
    check_exact(acl().with_suffix(".jpg").no_folders(), [true; 3]);
}

/// The pairs of prefix and suffix that the bucket publishes, and the warnings.
fn notification(route: Route) -> (Vec<[String; 2]>, Vec<String>) {
    let notification = manifest([route]).bucket_notification().unwrap();
    let json = serde_json::to_value(&notification).unwrap();

    let pairs = json.as_array().unwrap().iter().map(|configuration| {
        let rules = configuration["Filter"]["Key"]["FilterRules"].as_array();
        let value = |name: &str| {
            let mut rules = rules.into_iter().flatten();
            let rule = rules.find(|rule| rule["Name"] == name);
            rule.map_or("", |rule| rule["Value"].as_str().unwrap())
                .to_owned()
        };
        [value("prefix"), value("suffix")]
    });

    let warnings = notification.warnings().iter().map(ToString::to_string);
    (pairs.collect(), warnings.collect())
}

#[track_caller]
fn check_notification(route: Route, expected: &[[&str; 2]], warning: &str) {
    let (pairs, warnings) = notification(route);
    assert_eq!(pairs, expected);
    assert_eq!(warnings.join("; "), warning);
}

#[test]
fn a_bucket_has_a_configuration_for_each_pair_of_a_list() {
    let route = acl()
        .with_prefixes(["a/", "b/"])
        .with_suffixes([".x", ".y"]);
    let expected = [["a/", ".x"], ["a/", ".y"], ["b/", ".x"], ["b/", ".y"]];
    check_notification(route, &expected, "");

    let many = acl().with_prefixes((0..101).map(|number| format!("{number:03}/")));
    check_notification(
        many,
        &[["", ""]],
        "the routes need more than 100 configurations, which S3 does not allow, so the bucket \
         publishes all keys, and the filter policy and the router select",
    );
}

#[test]
fn a_bucket_says_what_its_filters_cannot_express() {
    check_notification(
        acl().with_key("tenants/{tenant}/photos/{photo}.jpg"),
        &[["tenants/", ".jpg"]],
        "S3's filters have no patterns of keys, so the bucket publishes all keys with the same \
         start and end for a [ObjectAcl:Put, key `tenants/{tenant}/photos/{photo}.jpg`]",
    );
    check_notification(
        acl().with_suffixes([".jpg", ".png"]).ignore_suffix_case(),
        &[["", ""]],
        "S3's filters do not ignore case, so the bucket publishes keys with any suffix for a \
         [ObjectAcl:Put, suffix `.jpg` or `.png` in any case]",
    );
    check_notification(
        acl().no_folders(),
        &[["", ""]],
        "S3's filters do not compare sizes, so the bucket publishes folders too for a \
         [ObjectAcl:Put, no folders]",
    );
    check_notification(acl().with_suffix(".jpg").no_folders(), &[["", ".jpg"]], "");
}

#[test]
fn a_list_crosses_and_hides_other_routes_entry_by_entry() {
    let warnings = |routes: Vec<Route>| {
        let warnings = manifest(routes).warnings();
        warnings.iter().map(ToString::to_string).collect::<Vec<_>>()
    };

    let wide = || route(&["ObjectAcl:*"]).with_prefixes(["a/", "b/"]);
    let name = |route: Route| route.with_prefix("a/");
    assert_eq!(warnings(vec![wide(), name(acl())]), [""; 0]);
    assert_eq!(
        warnings(vec![wide(), name(acl()), acl().with_prefix("b/")]),
        [
            "no event reaches a [ObjectAcl:*, prefix `a/` or `b/`], because more specific routes \
          take all of its events"
        ]
    );
    assert_eq!(
        warnings(vec![
            acl().with_key("{a}/x/{b}"),
            acl().with_prefix("c/").with_suffix(".y")
        ]),
        [
            "some keys match both a [ObjectAcl:Put, key `{a}/x/{b}`] and b [ObjectAcl:Put, prefix \
          `c/`, suffix `.y`]"
        ]
    );
    assert_eq!(
        warnings(vec![acl().with_key("{a}/x/{b}"), acl().with_key("c/{x}")]),
        [""; 0]
    );
}
