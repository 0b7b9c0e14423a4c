use s3_dispatch_core::handler::BoxFuture;
use s3_dispatch_core::{
    Context, EventPattern, Handler, HandlerError, MessageContext, Outcome, Route, Router, Routes,
    SkipReason,
};
use s3_dispatch_testing::RecordBuilder;

fn pattern(pattern: &str) -> Route {
    Route::new(EventPattern::parse(pattern).unwrap())
}

/// Checks the name of the route that takes the record, with the routes added in both orders.
#[track_caller]
fn check(routes: &[(&'static str, Route)], record: &RecordBuilder, expected: &str) {
    let taken = |routes: &mut dyn Iterator<Item = &(&'static str, Route)>| {
        let routes = routes.fold(Routes::new(()), |routes, (name, route)| {
            let name = *name;
            routes.on_fn(route.clone().with_name(name), move || async move {
                Err::<(), _>(name)
            })
        });

        match crate::route(&routes, &record.build(), &MessageContext::new()) {
            Outcome::Failed(name) => name.to_string(),
            other => format!("{other:?}"),
        }
    };

    assert_eq!(taken(&mut routes.iter()), expected);
    assert_eq!(taken(&mut routes.iter().rev()), expected);
}

fn put() -> RecordBuilder {
    RecordBuilder::new("ObjectCreated:Put")
        .with_bucket("holiday")
        .with_key("in/2026/photo 1.jpg")
}

#[test]
fn a_narrower_pattern_wins_over_every_filter() {
    let everything = pattern("*")
        .with_bucket("holiday")
        .with_prefix("in/2026/")
        .with_suffix("1.jpg");
    let category = pattern("ObjectCreated:*")
        .with_bucket("holiday")
        .with_prefix("in/")
        .with_suffix(".jpg");
    let name = pattern("ObjectCreated:Put");

    check(
        &[
            ("everything", everything.clone()),
            ("category", category.clone()),
            ("name", name),
        ],
        &put(),
        "name",
    );

    check(
        &[("everything", everything.clone()), ("category", category)],
        &put(),
        "category",
    );

    check(
        &[
            ("everything", everything),
            ("category", pattern("ObjectCreated:*")),
        ],
        &put(),
        "category",
    );
}

#[test]
fn a_bucket_wins_over_a_longer_prefix_and_that_over_a_longer_suffix() {
    let route = || pattern("ObjectCreated:Put");
    let bucket = route().with_bucket("holiday");
    let prefix = route().with_prefix("in/").with_suffix("photo 1.jpg");
    let longer_prefix = route().with_prefix("in/2026/");
    let suffix = route().with_prefix("in/").with_suffix(".jpg");

    check(
        &[
            ("bucket", bucket.clone()),
            ("longer prefix", longer_prefix.clone()),
        ],
        &put(),
        "bucket",
    );

    check(
        &[
            ("prefix", prefix.clone()),
            ("longer prefix", longer_prefix.clone()),
        ],
        &put(),
        "longer prefix",
    );

    check(
        &[("prefix", prefix.clone()), ("suffix", suffix.clone())],
        &put(),
        "prefix",
    );

    check(
        &[("suffix", suffix.clone()), ("none", route())],
        &put(),
        "suffix",
    );

    let all = [
        ("bucket", bucket),
        ("prefix", prefix),
        ("longer", longer_prefix),
        ("suffix", suffix),
        ("none", route()),
    ];

    check(&all, &put(), "bucket");
    check(&all[1..], &put(), "longer");
    check(&all, &put().with_bucket("other"), "longer");

    check(
        &all,
        &put().with_bucket("other").with_key("in/a.jpg"),
        "suffix",
    );

    check(
        &all,
        &put().with_bucket("other").with_key("out/a.jpg"),
        "none",
    );
}

#[test]
fn filters_compare_with_the_decoded_key() {
    let record = RecordBuilder::new("ObjectCreated:Put").with_key("a b/ü+/c d.jpg");
    check(
        &[(
            "decoded",
            pattern("*").with_prefix("a b/ü+/").with_suffix(" d.jpg"),
        )],
        &record,
        "decoded",
    );

    check(
        &[("encoded", pattern("*").with_prefix("a+b/"))],
        &record,
        "Skipped(Unrouted)",
    );
}

#[test]
fn every_filter_must_match_and_filters_may_overlap() {
    let route = || {
        pattern("*")
            .with_bucket("holiday")
            .with_prefix("aba")
            .with_suffix("bab")
    };

    let record = |bucket, key| put().with_bucket(bucket).with_key(key);
    check(&[("taken", route())], &record("holiday", "abab"), "taken");

    check(
        &[("taken", route())],
        &record("holidays", "abab"),
        "Skipped(Unrouted)",
    );

    check(
        &[("taken", route())],
        &record("holiday", "abax"),
        "Skipped(Unrouted)",
    );

    check(
        &[("taken", route())],
        &record("holiday", "xbab"),
        "Skipped(Unrouted)",
    );
}

#[test]
fn a_record_without_a_route_is_skipped() {
    check(&[], &put(), "Skipped(Unrouted)");
    check(
        &[("copies", pattern("ObjectCreated:Copy"))],
        &put(),
        "Skipped(Unrouted)",
    );

    let outcome = crate::route(&Routes::new(()), &put().build(), &MessageContext::new());
    assert!(outcome.is_success() && matches!(outcome, Outcome::Skipped(SkipReason::Unrouted)));
}

#[test]
fn unknown_events_match_by_name_category_and_star() {
    let future = RecordBuilder::new("ObjectFrozen:Put");
    let routes = [
        ("name", pattern("ObjectFrozen:Put")),
        ("category", pattern("ObjectFrozen:*")),
        ("any", pattern("*")),
    ];

    check(&routes, &future, "name");

    check(
        &routes,
        &RecordBuilder::new("ObjectFrozen:Thaw"),
        "category",
    );

    check(&routes, &RecordBuilder::new("ObjectThawed:Put"), "any");

    check(
        &[("created", pattern("ObjectCreated:*"))],
        &RecordBuilder::new("ObjectCreated:Teleport"),
        "created",
    );

    check(
        &[("moved", pattern("LifecycleTransition:*"))],
        &RecordBuilder::new("LifecycleTransition"),
        "moved",
    );
}

#[test]
fn a_route_takes_the_events_of_all_its_patterns() {
    let both =
        pattern("ObjectCreated:Put").with_pattern(EventPattern::parse("ObjectRemoved:*").unwrap());
    let routes = [("both", both.clone()), ("any", pattern("*"))];
    check(&routes, &put(), "both");
    check(&routes, &RecordBuilder::new("ObjectRemoved:Delete"), "both");
    check(&routes, &RecordBuilder::new("ObjectCreated:Copy"), "any");
    assert!(
        both.matches(&put().build())
            && !both.matches(&RecordBuilder::new("ObjectCreated:Copy").build())
    );
}

fn two(left: Route, right: Route) -> Routes<()> {
    let routes = Routes::new(()).on_fn(left.with_name("left"), || async {
        Ok::<_, HandlerError>(())
    });
    routes.on_fn(right.with_name("right"), || async {
        Ok::<_, HandlerError>(())
    })
}

#[test]
#[should_panic(
    expected = "left [ObjectCreated:Put] and right [ObjectCreated:Copy, ObjectCreated:Put]"
)]
fn routes_that_share_a_pattern_conflict() {
    let _ = two(
        pattern("ObjectCreated:Put"),
        pattern("ObjectCreated:Copy")
            .with_pattern(EventPattern::parse("s3:ObjectCreated:Put").unwrap()),
    );
}

#[test]
#[should_panic(expected = "left [*, bucket `b`, prefix `p`, suffix `s`] and \
                right [*, bucket `b`, prefix `p`, suffix `s`]")]
fn routes_with_equal_filters_conflict() {
    let route = || {
        pattern("*")
            .with_bucket("b")
            .with_prefix("p")
            .with_suffix("s")
    };
    let _ = two(route(), route());
}

#[test]
#[should_panic(expected = "`Object Created` is not an event pattern")]
fn a_malformed_pattern_panics() {
    let _ = Routes::new(()).on_fn("Object Created", || async { Ok::<_, HandlerError>(()) });
}

#[test]
fn a_conflict_points_at_the_caller() {
    let conflict = || Routes::new(()).on::<Store>().on::<Store>();
    let place = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let seen = std::sync::Arc::clone(&place);
    let thread = std::thread::Builder::new().name(String::from("conflict"));
    let hook = std::panic::take_hook();

    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().name() == Some("conflict") {
            *seen.lock().unwrap() = info.to_string();
        } else {
            hook(info);
        }
    }));

    let joined = thread.spawn(move || drop(conflict())).unwrap().join();
    assert!(joined.is_err());
    let message = place.lock().unwrap().clone();
    assert!(
        message.contains("routes.rs") && message.matches("store [ObjectCreated:Put]").count() == 2,
        "{message}"
    );
}

#[test]
fn routes_with_different_filters_do_not_conflict() {
    let route = || pattern("ObjectCreated:Put");
    for other in [
        route().with_bucket("b"),
        route().with_prefix("p"),
        route().with_suffix("s"),
        pattern("ObjectCreated:Copy"),
    ] {
        assert_eq!(two(route(), other).routes().len(), 2);
    }

    assert_eq!(
        two(route().with_prefix("a"), route().with_prefix("b"))
            .routes()
            .len(),
        2
    );
}

#[test]
fn routes_are_listed_in_the_order_they_were_added() {
    let routes = two(
        pattern("*"),
        pattern("ObjectCreated:Put").with_prefix("a\n"),
    );
    let shown: Vec<_> = routes.routes().iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        ["left [*]", "right [ObjectCreated:Put, prefix `a\\n`]"]
    );
    let unnamed = Routes::new(()).on_fn("*", || async { Ok::<_, HandlerError>(()) });
    assert!(unnamed.routes()[0].name().contains("routes.rs"));
    let route = pattern("*").with_bucket("b").with_suffix("s");

    assert_eq!(
        (
            route.bucket(),
            route.prefix(),
            route.suffix(),
            route.patterns().len()
        ),
        (Some("b"), None, Some("s"), 1)
    );
}

struct Store;

impl<S: Sync> Handler<S> for Store {
    fn route() -> Route {
        pattern("ObjectCreated:Put").with_name("store")
    }

    fn handle<'r>(context: Context<'r, S>) -> BoxFuture<'r, Outcome> {
        Box::pin(async move {
            Outcome::Failed(HandlerError::retry(context.record().object.key.to_string()))
        })
    }
}

#[test]
fn a_handler_is_added_by_its_type() {
    let routes = Routes::new(()).on::<Store>();
    let outcome = crate::route(&routes, &put().build(), &MessageContext::new());
    assert!(matches!(outcome, Outcome::Failed(key) if key.to_string() == "in/2026/photo 1.jpg"));
}

#[test]
fn boxed_and_shared_routers_route_alike() {
    let boxed: Box<dyn Router> = Box::new(Routes::new(()).on::<Store>());
    assert_eq!(boxed.routes().len(), 1);
    assert!(!crate::route(&boxed, &put().build(), &MessageContext::new()).is_success());
    let shared: std::sync::Arc<dyn Router> = boxed.into();
    assert!(!crate::route(&shared, &put().build(), &MessageContext::new()).is_success());
}
