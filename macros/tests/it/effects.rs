//! Handlers that declare what they do to buckets.

use s3_dispatch::{Handler, HandlerError, Route, s3_handler};

#[s3_handler(
    "ObjectCreated:*",
    prefix = "photos/",
    reads,
    writes = ["thumbnails/", "s3://archive/photos/"],
    deletes = "thumbnails/",
)]
async fn resize() -> Result<(), HandlerError> {
    Ok(())
}

#[s3_handler("ObjectCreated:*", prefix = "incoming/", deletes)]
async fn empty() -> Result<(), HandlerError> {
    Ok(())
}

#[s3_handler("ObjectCreated:*", writes = "in/", skip_own_writes)]
async fn rewrite() -> Result<(), HandlerError> {
    Ok(())
}

/// The compiler cannot see that the pattern has no key in common with the writes.
#[s3_handler(
    "ObjectCreated:*",
    key = "{tenant}/photos/{file}",
    writes = "7/thumbnails/"
)]
async fn of_tenants() -> Result<(), HandlerError> {
    Ok(())
}

fn route<H: Handler<()>>() -> Route {
    H::route()
}

#[test]
fn the_route_has_what_the_attribute_declares() {
    let resizing = route::<resize>();
    assert!(resizing.reads_objects() && !resizing.deletes_taken_objects());
    let written: Vec<_> = resizing.written().collect();
    assert_eq!(written, ["thumbnails/", "s3://archive/photos/"]);
    assert_eq!(resizing.deleted().collect::<Vec<_>>(), ["thumbnails/"]);
    assert!(!resizing.skips_own_writes());

    let emptying = route::<empty>();
    assert!(emptying.deletes_taken_objects() && !emptying.reads_objects());
    assert_eq!(emptying.deleted().count() + emptying.written().count(), 0);

    assert!(route::<rewrite>().skips_own_writes());
    assert_eq!(route::<of_tenants>().written().count(), 1);
}
