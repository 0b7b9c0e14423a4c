//! Patterns of keys, lists of prefixes and suffixes, and which of such routes takes a record.

use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use s3_dispatch_core::{
    Context, ErrorKind, EventPattern, FromRecord, Key, MessageContext, Outcome, Route, Routes,
    S3EventRecord,
};
use s3_dispatch_testing::RecordBuilder;

fn any() -> Route {
    Route::new(EventPattern::ANY)
}

fn record(key: &str) -> S3EventRecord {
    RecordBuilder::new("ObjectCreated:Put")
        .with_key(key)
        .build()
}

/// The parts of the key, or `None` if it does not match.
fn parts(pattern: &str, key: &str) -> Option<Vec<String>> {
    let route = any().with_key(pattern.to_owned());
    assert!(route.check().is_ok(), "{:?}", route.check());

    let record = record(key);
    let message = MessageContext::new();
    let context = Context::new(&record, &message, &()).with_route(&route);
    let parts = Key::<Vec<String>>::from_record(context).ok();
    assert_eq!(route.matches(&record), parts.is_some(), "{pattern} {key}");

    parts.map(|Key(parts)| parts)
}

#[track_caller]
fn check(pattern: &str, key: &str, expected: &[&str]) {
    let found = parts(pattern, key).unwrap_or_else(|| panic!("{key} does not match {pattern}"));
    assert_eq!(found, expected, "{pattern} {key}");
}

#[test]
fn a_part_is_one_segment_or_the_rest() {
    let photos = "tenants/{tenant}/photos/{photo}.jpg";
    check(photos, "tenants/7/photos/a b.jpg", &["7", "a b"]);
    check(photos, "tenants/ü/photos/a.b.jpg", &["ü", "a.b"]);
    check(
        photos,
        "tenants/photos/photos/.jpg.jpg",
        &["photos", ".jpg"],
    );
    check("{tenant}/{file*}", "7/a/b.jpg", &["7", "a/b.jpg"]);
    check("{all*}", "/", &["/"]);
    check("logs/app-{rest*}", "logs/app-1/2", &["1/2"]);
    check("config.json", "config.json", &[]);

    for key in [
        "tenants//photos/a.jpg",
        "tenants/7/photos/.jpg",
        "tenants/7/8/photos/a.jpg",
        "tenants/7/photos/a/b.jpg",
        "tenants/7/photos/a.JPG",
        "tenants/7/photos/a.jpg ",
        "/tenants/7/photos/a.jpg",
        "tenants/7/photos",
    ] {
        assert_eq!(parts(photos, key), None, "{key}");
    }

    assert_eq!(parts("{tenant}/{file*}", "7/"), None);
    assert_eq!(parts("config.json", "config.json.old"), None);
}

#[test]
fn several_parts_of_a_segment_end_at_the_first_place() {
    check("{name}-{version}.tar", "my-lib-1.0.tar", &["my", "lib-1.0"]);
    check("{a}-{b}-{c}", "1-2-3-4", &["1", "2", "3-4"]);
    check("{a}-{b*}", "1-2/3-4", &["1", "2/3-4"]);
    check("{a}--{b}/x", "--- --1/x", &["-", " --1"]);
    check("{a}é{b}", "éé1", &["é", "1"]);
    assert_eq!(parts("{a}-{b}", "1/2-3"), None);
    assert_eq!(parts("{a}-{b}", "-1"), None);
}

#[test]
fn doubled_braces_are_literal() {
    check("{{{a}}}/{{x}}", "{1}/{x}", &["1"]);
    assert_eq!(parts("{{a}}", "1"), None);
    check("{{a}}", "{a}", &[]);
}

#[test]
fn the_decoded_key_is_compared() {
    let sent = RecordBuilder::new("ObjectCreated:Put").with_key("a b/ü+/c.jpg");
    let route = any().with_key("a b/{x}/{y}");
    assert!(route.matches(&sent.build()));
    assert!(!any().with_key("a+b/{x}/{y}").matches(&sent.build()));
}

/// A piece of a pattern, as the independent matcher below reads it.
#[derive(Debug, Clone)]
enum Token {
    Text(String),
    Part,
    Rest,
}

/// Tries every way, the shortest first.
fn by_trial(tokens: &[Token], key: &str) -> Option<Vec<String>> {
    match tokens.split_first() {
        None => key.is_empty().then(Vec::new),
        Some((Token::Text(text), others)) => by_trial(others, key.strip_prefix(&**text)?),
        Some((part, others)) => {
            let ends = key.char_indices().map(|(start, c)| start + c.len_utf8());
            let mut ends =
                ends.filter(|end| matches!(part, Token::Rest) || !key[..*end].contains('/'));

            ends.find_map(|end| {
                let mut found = by_trial(others, &key[end..])?;
                found.insert(0, key[..end].to_owned());
                Some(found)
            })
        }
    }
}

fn short_text(lengths: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    vec(select("aab-/é".chars().collect::<Vec<_>>()), lengths).prop_map(String::from_iter)
}

/// Texts and parts in turn, and a part without an end at the end.
fn tokens() -> impl Strategy<Value = Vec<Token>> {
    let pairs = vec(short_text(1..3), 0..4);
    (
        short_text(0..3),
        pairs,
        proptest::bool::ANY,
        proptest::bool::ANY,
    )
        .prop_map(|(first, pairs, ends_in_part, has_rest)| {
            let mut tokens = vec![Token::Text(first)];
            for text in pairs {
                tokens.extend([Token::Part, Token::Text(text)]);
            }

            if has_rest {
                tokens.push(Token::Rest);
            } else if ends_in_part {
                tokens.push(Token::Part);
            }
            tokens
        })
}

fn pattern_of(tokens: &[Token]) -> String {
    let pieces = tokens.iter().enumerate().map(|(index, token)| match token {
        Token::Text(text) => text.clone(),
        Token::Part => format!("{{p{index}}}"),
        Token::Rest => format!("{{p{index}*}}"),
    });
    pieces.collect()
}

/// A key that fits the tokens, or nearly.
fn key_of(tokens: Vec<Token>) -> impl Strategy<Value = String> {
    let pieces: Vec<_> = tokens
        .into_iter()
        .map(|token| match token {
            Token::Text(text) => prop_oneof![9 => Just(text), 1 => short_text(0..3)].boxed(),
            Token::Part => short_text(1..4).boxed(),
            Token::Rest => short_text(0..6).boxed(),
        })
        .collect();
    pieces.prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4096,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_parts_are_those_that_trial_finds_first(
        (tokens, key) in tokens().prop_flat_map(|tokens| (Just(tokens.clone()), key_of(tokens))),
    ) {
        let pattern = pattern_of(&tokens);
        prop_assume!(!pattern.is_empty() && !key.is_empty());
        prop_assert_eq!(parts(&pattern, &key), by_trial(&tokens, &key), "{} {}", pattern, key);
    }
}

/// A matcher that goes back would try each way to spread 30 parts over a million letters, and one
/// that begins the search for a text again at each place would compare 10^11 letters. Neither ends.
#[test]
fn hostile_keys_take_linear_time() {
    let key = "a".repeat(1 << 20);
    let parts: String = (0..30).map(|index| format!("{{p{index}}}a")).collect();
    let long = "a".repeat(1 << 17);

    for pattern in [
        format!("{parts}b"),
        format!("{{a}}{long}b{{b}}"),
        format!("{parts}{{r*}}b"),
    ] {
        let route = any().with_key(pattern);
        assert!(!route.matches(&record(&key)));
        assert!(!route.matches(&record(&format!("{key}/{key}"))));
    }

    let slashes = "/".repeat(1 << 20);
    assert!(
        !any()
            .with_key(format!("{parts}{{last}}"))
            .matches(&record(&slashes))
    );
    assert!(
        any()
            .with_key(format!("{parts}{{last*}}"))
            .matches(&record(&format!("{key}{slashes}")))
    );
}

#[track_caller]
fn check_mistakes(route: Route, expected: &[&str]) {
    let route = route.with_name("index");
    let error = route.check().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRoute);

    let text = error.to_string();
    let (mistakes, place) = text.rsplit_once(", in ").unwrap();
    assert_eq!(place, route.to_string());
    assert_eq!(mistakes.split("; ").collect::<Vec<_>>(), expected);
}

#[test]
fn every_mistake_in_a_pattern_is_found() {
    for (pattern, expected) in [
        (
            "",
            &["`key` cannot be empty: leave it out to match everything"][..],
        ),
        (
            "a/{b",
            &["`{` is not closed: write `{name}` for a part, or `{{` for a brace"],
        ),
        ("a/b}", &["`}` is not opened: write `}}` for a brace"]),
        (
            "{*rest}",
            &["`{*rest}` has the `*` in front: write `{rest*}`"],
        ),
        (
            "{a}/{a}",
            &["`{a}` has the name of another part: give each its own"],
        ),
        (
            "{a*}/b",
            &["`{a*}` takes all that is left of the key: move it to the end"],
        ),
        (
            "{a}{b*}",
            &["`{b*}` follows `{a}` at once: put text between them, such as `/`"],
        ),
        (
            "{a-b}",
            &["`{a-b}` is not a name of ASCII letters, digits and `_` that starts with a letter"],
        ),
        (
            "{}{x}}",
            &[
                "`{}` has no name: write one, such as `{tenant}`",
                "`{x}` follows `{}` at once: put text between them, such as `/`",
                "`}` is not opened: write `}}` for a brace",
            ],
        ),
    ] {
        let expected: Vec<_> = expected
            .iter()
            .map(|mistake| format!("in the key `{pattern}` {mistake}"))
            .collect();
        let expected: Vec<_> = expected.iter().map(String::as_str).collect();
        check_mistakes(any().with_key(pattern), &expected);
        assert!(!any().with_key(pattern).matches(&record("a/b")));
    }
}

#[test]
fn every_mistake_in_a_list_is_found() {
    let none: [&str; 0] = [];
    check_mistakes(
        any().with_prefixes(none).with_suffixes(none),
        &[
            "an empty list of prefixes takes no key: leave it out to match everything",
            "an empty list of suffixes takes no key: leave it out to match everything",
        ],
    );

    check_mistakes(
        any().with_prefixes(["a/", "b/", "a/", "a/b/", ""]),
        &[
            "the prefix `a/` is listed twice: remove one",
            "the prefix `a/` covers `a/b/`: remove the longer one",
            "the prefix `a/` covers `a/b/`: remove the longer one",
            "an empty prefix in a list takes every key: remove it",
        ],
    );

    let suffixes = any().with_suffixes([".jpg", "x.JPG"]);
    assert!(suffixes.check().is_ok());
    check_mistakes(
        suffixes.ignore_suffix_case(),
        &["the suffix `.jpg` covers `x.JPG`: remove the longer one"],
    );
    check_mistakes(
        any().ignore_suffix_case(),
        &["there is no suffix whose case could be ignored: give one"],
    );
}

#[test]
fn filters_that_contradict_each_other_are_found() {
    let tenants = || any().with_key("tenants/{tenant}/{file}.jpg");
    check_mistakes(
        tenants().with_prefix("users/").with_suffix(".png"),
        &[
            "no key has both the prefix `users/` and the form `tenants/{tenant}/{file}.jpg`: \
             remove one of them",
            "no key has both the suffix `.png` and the form `tenants/{tenant}/{file}.jpg`: remove \
             one of them",
        ],
    );

    // Each segment of the prefix has to be there.
    check_mistakes(
        tenants().with_prefix("tenants/7/photos/"),
        &[
            "no key has both the prefix `tenants/7/photos/` and the form \
           `tenants/{tenant}/{file}.jpg`: remove one of them",
        ],
    );

    for fitting in [
        tenants().with_prefix("ten"),
        tenants().with_prefix("tenants/7/2026"),
        tenants().with_suffix("-large.jpg"),
        tenants().with_suffix(".JPG").ignore_suffix_case(),
    ] {
        assert!(fitting.check().is_ok(), "{:?}", fitting.check());
    }

    assert!(tenants().with_suffix(".JPG").check().is_err());
}

#[test]
fn a_list_takes_what_one_of_its_entries_takes() {
    let route = any()
        .with_prefixes(["photos/", "scans/"])
        .with_suffixes([".jpg", ".jpeg"])
        .ignore_suffix_case();

    for (key, expected) in [
        ("photos/1.jpg", true),
        ("scans/1.JPEG", true),
        ("scans/1.png", false),
        ("videos/1.jpg", false),
        ("photos/.jPg", true),
        ("Photos/1.jpg", false),
        ("photos/é.JPG", true),
    ] {
        assert_eq!(route.matches(&record(key)), expected, "{key}");
        let routes = router(std::slice::from_ref(&route));
        assert_eq!(taken(&routes, &record(key)).is_some(), expected, "{key}");
    }

    assert!(
        !any()
            .with_suffix("É")
            .ignore_suffix_case()
            .matches(&record("é"))
    );
    assert_eq!(route.prefix(), None);
    assert_eq!(route.suffixes(), [".jpg", ".jpeg"]);
    assert_eq!(
        route.no_folders().with_name("index").to_string(),
        "index [*, prefix `photos/` or `scans/`, suffix `.jpg` or `.jpeg` in any case, no folders]"
    );
}

#[test]
fn folders_are_left_out() {
    let route = any().no_folders();
    let routes = router(std::slice::from_ref(&route));
    let object = |key: &str, size: u64| {
        RecordBuilder::new("ObjectCreated:Put")
            .with_key(key)
            .with_size(size)
            .build()
    };

    for (record, expected) in [
        (object("photos/", 0), false),
        (object("photos/", 1), true),
        (object("photos/1", 0), true),
        (
            RecordBuilder::new("ObjectRemoved:Delete")
                .with_key("photos/")
                .build(),
            false,
        ),
        (
            RecordBuilder::new("ObjectRemoved:Delete")
                .with_key("photos/1")
                .build(),
            true,
        ),
    ] {
        assert_eq!(route.matches(&record), expected, "{record:?}");
        assert_eq!(taken(&routes, &record).is_some(), expected, "{record:?}");
    }
}

fn router(routes: &[Route]) -> Routes<()> {
    let indexed = routes.iter().enumerate();
    indexed.fold(Routes::new(()), |router, (index, route)| {
        let name = route.name().to_owned();
        let name = if name == "unnamed" {
            index.to_string()
        } else {
            name
        };
        let answer = name.clone();
        router.on_fn(route.clone().with_name(name), move || {
            let answer = answer.clone();
            async move { Err::<(), _>(answer) }
        })
    })
}

fn taken(routes: &Routes<()>, record: &S3EventRecord) -> Option<String> {
    match crate::route(routes, record, &MessageContext::new()) {
        Outcome::Failed(name) => Some(name.to_string()),
        _ => None,
    }
}

/// Checks which of the routes takes the key, in both orders of adding them.
#[track_caller]
fn check_taken(routes: &[Route], key: &str, expected: usize) {
    let mut routes: Vec<_> = routes
        .iter()
        .enumerate()
        .map(|(index, route)| route.clone().with_name(index.to_string()))
        .collect();

    for _ in 0..2 {
        let found = taken(&router(&routes), &record(key));
        assert_eq!(found, Some(expected.to_string()), "{key}");
        routes.reverse();
    }
}

#[test]
fn the_longer_literal_end_wins() {
    let routes = [
        any().with_key("tenants/{tenant}/{file*}"),
        any().with_key("tenants/{tenant}/{file}.jpg"),
        any().with_key("tenants/7/{file*}"),
        any().with_key("tenants/7/cover.jpg"),
        any().with_prefixes(["ten", "users/"]),
        any(),
    ];

    check_taken(&routes, "tenants/1/a/b", 0);
    check_taken(&routes, "tenants/1/b.jpg", 1);
    check_taken(&routes, "tenants/7/b.jpg", 2);
    check_taken(&routes, "tenants/7/cover.jpg", 3);
    check_taken(&routes, "tenants/1", 4);
    check_taken(&routes, "users/1", 4);
    check_taken(&routes, "a", 5);
}

#[test]
fn the_entry_that_the_key_has_counts() {
    let routes = [
        any().with_prefixes(["photos/2026/", "a/"]),
        any().with_prefixes(["photos/", "a/b/"]),
    ];

    check_taken(&routes, "photos/2026/1", 0);
    check_taken(&routes, "photos/2025/1", 1);
    check_taken(&routes, "a/b/1", 1);
    check_taken(&routes, "a/1", 0);
}

#[track_caller]
fn check_conflict(left: Route, right: Route, expected: bool) {
    for (left, right) in [(&left, &right), (&right, &left)] {
        let added = catch_unwind(AssertUnwindSafe(|| router(&[left.clone(), right.clone()])));
        assert_eq!(added.is_err(), expected, "{left} and {right}");
    }
}

#[test]
fn equally_specific_routes_conflict_unless_no_key_matches_both() {
    let key = |pattern: &'static str| any().with_key(pattern);
    for (left, right, expected) in [
        (key("{a}/photos/{b}"), key("{c}/photos/{d}"), true),
        (key("{a}/photos/{b}"), key("{a}/videos/{b}"), false),
        (key("{a}/photos/{b}"), key("{a}/{b}/{c}"), true),
        (key("{a}/{b}"), key("{a}/{b}/{c}"), false),
        (key("{a}/{b}/{c}"), key("{all*}"), true),
        (key("x{a}/{b}.jpg"), key("x{a}y/{b}.jpg"), true),
        (key("{a}-x"), any().with_suffix("-x"), true),
        (key("a/{b}"), any().with_prefix("a/"), true),
        (key("a/{b}"), any().with_prefix("a/b"), false),
        (key("{a}/{b}"), any(), true),
        (key("{a}/{b}").no_folders(), key("{x}/{y}"), true),
        (
            any().with_suffixes([".jpg", ".png"]),
            any().with_suffixes([".gif", ".png"]),
            true,
        ),
        (
            any().with_suffixes([".jpg", ".png"]),
            any().with_suffixes([".gif", ".webp"]),
            false,
        ),
        (
            any().with_suffix(".JPG").ignore_suffix_case(),
            any().with_suffix(".jpg"),
            true,
        ),
        (any().with_suffix(".JPG"), any().with_suffix(".jpg"), false),
        (
            key("{a}/{b}").with_prefix("x"),
            key("{a}/{b}").with_prefix("y"),
            false,
        ),
        (
            key("{a}/{b}").with_prefix("xb/"),
            key("{a}b/{b}").with_prefix("xb/"),
            true,
        ),
    ] {
        check_conflict(left, right, expected);
    }
}

#[test]
#[should_panic(expected = "two equally specific routes match the same records: \
                           0 [*, key `{a}/{b}`] and 1 [*, key `{c}/{d}`]")]
fn a_conflict_names_both() {
    drop(router(&[
        any().with_key("{a}/{b}"),
        any().with_key("{c}/{d}"),
    ]));
}

#[test]
#[should_panic(expected = "in the key `{a` `{` is not closed")]
fn a_mistake_panics_when_the_route_is_added() {
    drop(router(&[any().with_key("{a")]));
}

/// Routes of few letters, so that many of them match the same keys.
fn rich_route() -> impl Strategy<Value = Route> {
    let affixes = || prop_oneof![2 => Just(vec![]), 2 => vec(short_text(1..3), 1..3)];
    let key =
        prop_oneof![1 => Just(None), 2 => tokens().prop_map(|tokens| Some(pattern_of(&tokens)))];
    let flags = (proptest::bool::ANY, proptest::bool::weighted(0.2));

    (affixes(), affixes(), key, flags).prop_map(|(prefixes, suffixes, key, (case, folders))| {
        let with_key = |route: Route| match &key {
            Some(key) => route.with_key(key.clone()),
            None => route,
        };

        let mut route = with_key(any_route());
        if !prefixes.is_empty() {
            route = route.with_prefixes(prefixes);
        }
        if !suffixes.is_empty() {
            route = route.with_suffixes(suffixes);
            if case {
                route = route.ignore_suffix_case();
            }
        }

        // Many lists have an entry that covers another, or that the pattern does not have.
        let route = match route.check() {
            Ok(()) => route,
            Err(_) => with_key(any_route()),
        };
        if folders { route.no_folders() } else { route }
    })
}

fn any_route() -> Route {
    Route::new(EventPattern::from_static("ObjectCreated:Put"))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4096,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_choice_does_not_depend_on_the_order(
        routes in vec(rich_route(), 2..5),
        keys in vec(short_text(1..6), 12),
    ) {
        let sound = routes.into_iter().filter(|route| route.check().is_ok());
        let mut kept: Vec<Route> = Vec::new();
        for (index, route) in sound.enumerate() {
            kept.push(route.with_name(index.to_string()));
            if catch_unwind(AssertUnwindSafe(|| router(&kept))).is_err() {
                kept.pop();
            }
        }

        let forward = router(&kept);
        let backward = router(&kept.iter().rev().cloned().collect::<Vec<_>>());
        for key in keys {
            let record = record(&key);
            let found = taken(&forward, &record);
            prop_assert_eq!(&found, &taken(&backward, &record), "{} by {:?}", key, kept);

            // A route is taken exactly if one matches, and that one matches.
            let matching: Vec<_> = kept.iter().filter(|route| route.matches(&record)).collect();
            prop_assert_eq!(found.is_some(), !matching.is_empty(), "{} by {:?}", key, kept);
            let found = found.unwrap_or_default();
            prop_assert!(
                matching.is_empty() || matching.iter().any(|route| route.name() == found),
                "{} by {:?}", key, kept
            );
        }
    }

    #[test]
    fn routes_conflict_if_a_key_finds_them_equal(
        left in rich_route(),
        right in rich_route(),
        keys in vec(short_text(1..6), 12),
    ) {
        prop_assume!(left.check().is_ok() && right.check().is_ok());
        let accepted = |one: &Route, other: &Route| {
            catch_unwind(AssertUnwindSafe(|| router(&[one.clone(), other.clone()]))).is_ok()
        };
        prop_assert_eq!(accepted(&left, &right), accepted(&right, &left));

        if accepted(&left, &right) {
            for key in keys {
                let record = record(&key);
                let both = left.matches(&record) && right.matches(&record);
                prop_assert!(
                    !both || ends(&left, &key) != ends(&right, &key),
                    "{} finds {} and {} equal", key, left, right
                );
            }
        }
    }
}

/// The lengths of the literal prefix and suffix with which the route takes the key.
fn ends(route: &Route, key: &str) -> (usize, usize) {
    let pattern = route.key().unwrap_or_default();
    let of_pattern = |text: Option<&str>| text.map_or(0, str::len);
    let is_whole = !pattern.contains('{');
    let (start, end) = if is_whole {
        (pattern.len(), pattern.len())
    } else {
        (
            of_pattern(pattern.split('{').next()),
            of_pattern(pattern.rsplit('}').next()),
        )
    };

    let longest =
        |found: Vec<usize>, literal: usize| found.into_iter().max().unwrap_or(0).max(literal);
    let prefixes = route
        .prefixes()
        .iter()
        .filter(|prefix| key.starts_with(&***prefix));
    let suffixes = route.suffixes().iter().filter(|suffix| {
        let (key, suffix) = (key.to_ascii_lowercase(), suffix.to_ascii_lowercase());
        key.ends_with(&suffix)
    });

    (
        longest(prefixes.map(|prefix| prefix.len()).collect(), start),
        longest(suffixes.map(|suffix| suffix.len()).collect(), end),
    )
}
