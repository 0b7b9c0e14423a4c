//! What routes say that their handlers do, and the loops that follow from it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use s3_dispatch_core::{
    EventPattern, Manifest, MessageContext, Outcome, Route, Routes, SkipReason,
};
use s3_dispatch_testing::RecordBuilder;

fn route(name: &'static str, pattern: &'static str) -> Route {
    Route::new(EventPattern::parse(pattern).unwrap()).with_name(name)
}

fn router(routes: &[Route]) -> Routes<()> {
    routes.iter().fold(Routes::new(()), |router, route| {
        router.on_fn(route.clone(), || async { Ok::<_, std::io::Error>(()) })
    })
}

/// The message of the panic, which has to be the same for some loop whatever the order is.
fn refused(routes: &[Route]) -> Option<String> {
    let added = |routes: &[Route]| {
        let panic = catch_unwind(AssertUnwindSafe(|| router(routes))).err()?;
        Some(panic.downcast_ref::<String>().unwrap().clone())
    };
    let reversed: Vec<_> = routes.iter().rev().cloned().collect();
    let (forwards, backwards) = (added(routes), added(&reversed));
    assert_eq!(
        forwards.is_some(),
        backwards.is_some(),
        "{forwards:?} {backwards:?}"
    );

    forwards
}

#[track_caller]
fn check_refused(routes: &[Route], expected: &str) {
    let message = refused(routes).expect("the routes are accepted");
    assert!(message.contains(expected), "{message}");
}

#[track_caller]
fn check_accepted(routes: &[Route]) {
    assert_eq!(refused(routes), None);
}

fn photos() -> Route {
    route("photos", "ObjectCreated:*").with_prefix("photos/")
}

#[test]
fn a_handler_that_takes_its_own_writes_is_refused() {
    check_refused(
        &[photos().writes("thumbnails/").writes("photos/small/")],
        "photos [ObjectCreated:*, prefix `photos/`] writes to `photos/small/`, \
         which it takes itself",
    );
    check_refused(&[photos().writes("ph")], "writes to `ph`");
    check_refused(&[route("all", "*").writes("out/")], "writes to `out/`");
    check_refused(
        &[route("all", "ObjectCreated:Copy")
            .with_suffix(".jpg")
            .writes("out/")],
        "writes to `out/`",
    );
}

#[test]
fn a_handler_that_writes_elsewhere_is_accepted() {
    check_accepted(&[photos().reads().writes("thumbnails/").deletes("photos/")]);
    check_accepted(&[route("removed", "ObjectRemoved:*").writes("log/")]);
    check_accepted(&[route("posted", "ObjectCreated:Post").writes("in/")]);
    check_accepted(&[route("tagged", "ObjectTagging:*")
        .writes("in/")
        .deletes_taken()]);
    check_accepted(&[photos().deletes_taken()]);
}

#[test]
fn a_pattern_of_keys_is_compared_with_the_writes() {
    let photos = || route("photos", "ObjectCreated:*").with_key("{tenant}/photos/{file}.jpg");
    check_refused(&[photos().writes("7/photos/")], "writes to `7/photos/`");
    check_refused(&[photos().writes("7/ph")], "writes to `7/ph`");
    check_accepted(&[photos().writes("7/thumbnails/")]);
    check_accepted(&[photos().writes("7/photos/small/")]);
}

#[test]
fn deletions_are_compared_with_removals() {
    let removed = || route("removed", "ObjectRemoved:*").with_prefix("photos/");
    check_refused(&[removed().deletes("photos/")], "deletes from `photos/`");
    check_refused(&[removed().deletes_taken()], "deletes what it takes");
    check_refused(
        &[route("markers", "ObjectRemoved:DeleteMarkerCreated").deletes("x/")],
        "deletes from `x/`",
    );
    check_accepted(&[removed().deletes("thumbnails/")]);
    check_accepted(&[route("expired", "LifecycleExpiration:*").deletes("x/")]);
}

#[test]
fn a_chain_is_accepted_and_a_ring_is_refused_with_all_names() {
    let first = || {
        route("first", "ObjectCreated:*")
            .with_prefix("in/")
            .writes("stage1/")
    };
    let second = || {
        route("second", "ObjectCreated:*")
            .with_prefix("stage1/")
            .writes("stage2/")
    };
    let third = |writes| {
        route("third", "ObjectCreated:*")
            .with_prefix("stage2/")
            .writes(writes)
    };

    check_accepted(&[first(), second(), third("out/")]);
    check_refused(
        &[first(), second(), third("in/")],
        "third [ObjectCreated:*, prefix `stage2/`] writes to `in/`",
    );
    let message = refused(&[first(), second(), third("in/again/")]).unwrap();
    for part in [
        "first [ObjectCreated:*, prefix `in/`] writes to `stage1/`, which second [",
        "second [ObjectCreated:*, prefix `stage1/`] writes to `stage2/`, which third [",
        "third [ObjectCreated:*, prefix `stage2/`] writes to `in/again/`, which first [",
        "write to another prefix, or say `skip_own_writes`",
    ] {
        assert!(message.contains(part), "{message}");
    }

    // A handler that takes everything takes the end of the chain as well.
    check_refused(
        &[first().writes("x/"), route("all", "*").writes("in/")],
        "all [*]",
    );
    // A removal leads to a write, and that to a removal.
    let removed = route("removed", "ObjectRemoved:*")
        .with_prefix("a/")
        .writes("b/");
    let created = route("created", "ObjectCreated:*")
        .with_prefix("b/")
        .deletes("a/");
    check_refused(&[removed, created], "deletes from `a/`");
}

#[test]
fn one_route_that_skips_own_writes_opens_a_loop() {
    let first = || {
        route("first", "ObjectCreated:*")
            .with_prefix("a/")
            .writes("b/")
    };
    let second = || {
        route("second", "ObjectCreated:*")
            .with_prefix("b/")
            .writes("a/")
    };

    check_refused(&[first(), second()], "without end");
    check_accepted(&[first().skip_own_writes(), second()]);
    check_accepted(&[first(), second().skip_own_writes()]);
    check_refused(
        &[first().skip_own_writes(), second().writes("b/")],
        "second [ObjectCreated:*, prefix `b/`] writes to `b/`",
    );
}

#[test]
fn buckets_tell_writes_apart() {
    let photos = || photos().with_bucket("alpha");
    check_accepted(&[photos().writes("s3://beta/photos/").writes("s3://gamma")]);
    check_refused(
        &[photos().writes("s3://alpha/photos/")],
        "`s3://alpha/photos/`",
    );
    check_refused(&[photos().writes("s3://alpha")], "`s3://alpha`");
    check_accepted(&[photos().writes("s3://alpha/thumbnails/")]);

    let back = |bucket| {
        route("back", "ObjectCreated:*")
            .with_bucket(bucket)
            .writes("s3://alpha/photos/")
    };
    check_refused(
        &[photos().writes("s3://beta/"), back("beta")],
        "`s3://beta/`",
    );
    check_accepted(&[photos().writes("s3://beta/"), back("gamma")]);
    // The other bucket is not the one whose events arrive.
    check_accepted(&[route("any", "ObjectCreated:*").writes("s3://beta/")]);
    check_accepted(&[
        photos().writes("x/"),
        route("beta", "ObjectCreated:*")
            .with_bucket("beta")
            .with_prefix("in/")
            .writes("photos/"),
    ]);
}

#[test]
fn mistakes_in_places_are_all_found() {
    let route = route("photos", "ObjectCreated:*")
        .writes("")
        .writes("a/")
        .writes("a/b/")
        .writes("a/")
        .deletes("s3:///x")
        .deletes("s3://");
    assert_eq!(
        route.check().unwrap_err().to_string(),
        "an empty prefix in `writes` is the whole bucket: name a part of it, such as \
         `thumbnails/`; `a/` covers `a/b/` in `writes`: remove the longer one; `a/` is listed \
         twice in `writes`: remove one; `a/` covers `a/b/` in `writes`: remove the longer one; \
         `s3:///x` in `deletes` has no bucket: write `s3://bucket/prefix`; \
         `s3://` in `deletes` has no bucket: write `s3://bucket/prefix`, \
         in photos [ObjectCreated:*]",
    );

    let fine = photos()
        .writes("s3://photos")
        .writes("s3://photos-2")
        .writes("s3")
        .deletes("s3://photos");
    fine.check().unwrap();
}

/// Checks whether the record is skipped as the function's own write.
#[track_caller]
fn check_own(route: Route, principal: &str, function: Option<&str>, is_own: bool) {
    let record = RecordBuilder::new("ObjectCreated:Put").with_key("photos/1.jpg");
    let record = record.with_principal_id(principal).build();
    let message = MessageContext::new();
    let message = match function {
        Some(name) => message.with_own_function(name),
        None => message,
    };

    let outcome = crate::route(&router(&[route]), &record, &message);
    if is_own {
        assert!(
            matches!(outcome, Outcome::Skipped(SkipReason::OwnWrite)),
            "{outcome:?}"
        );
    } else {
        assert!(matches!(outcome, Outcome::Handled), "{outcome:?}");
    }
}

#[test]
fn own_writes_are_skipped_on_routes_that_say_so() {
    let skipping = || photos().writes("photos/").skip_own_writes();
    let own = "AWS:AROA3XFRBF535EXAMPLE:optimizer";

    check_own(skipping(), own, Some("optimizer"), true);
    check_own(
        skipping(),
        "AROA3XFRBF535EXAMPLE:optimizer",
        Some("optimizer"),
        true,
    );
    check_own(skipping(), own, Some("optimize"), false);
    check_own(
        skipping(),
        own,
        Some("AROA3XFRBF535EXAMPLE:optimizer"),
        false,
    );
    check_own(skipping(), own, None, false);
    check_own(
        skipping(),
        "AWS:AIDAEXAMPLE:optimizer",
        Some("optimizer"),
        false,
    );
    check_own(skipping(), "optimizer", Some("optimizer"), false);
    check_own(skipping(), "", Some("optimizer"), false);
    check_own(photos(), own, Some("optimizer"), false);
}

#[test]
fn eventbridge_cannot_tell_own_writes() {
    let skipping = photos().with_name("optimize");
    let routes = router(&[skipping.writes("photos/").skip_own_writes()]);
    let pattern = Manifest::new(&routes).eventbridge_pattern().unwrap();

    let warnings: Vec<_> = pattern.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "`optimize` skips own writes, but EventBridge does not say who wrote: it may invoke \
          itself without end"
        ]
    );
}
