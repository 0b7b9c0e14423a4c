//! Other attributes on the same function.

use s3_dispatch::{Handler, HandlerError, Outcome, Routes, S3EventRecord, s3_handler};

use crate::answer;

#[s3_handler("ObjectCreated:Put")]
#[tracing::instrument(skip_all, err, fields(key = %record.object.key))]
async fn instrumented_below(record: &S3EventRecord) -> Result<(), HandlerError> {
    tracing::info!(?record.event_name);
    tokio::task::yield_now().await;
    Ok(())
}

#[tracing::instrument(skip_all, err)]
#[s3_handler("ObjectCreated:Copy")]
async fn instrumented_above(record: &S3EventRecord) -> Result<(), HandlerError> {
    tracing::info!(?record.event_name);
    tokio::task::yield_now().await;
    Ok(())
}

/// Compiled in one configuration only, whichever attribute comes first.
#[cfg(test)]
#[s3_handler("ObjectRemoved:Delete")]
async fn configured() -> Result<(), HandlerError> {
    Ok(())
}

#[s3_handler("ObjectRemoved:Delete")]
#[cfg(not(test))]
async fn configured() -> Result<(), HandlerError> {
    Err(HandlerError::permanent("not in a test"))
}

#[s3_handler("ObjectAcl:Put")]
#[deprecated = "use another"]
async fn outdated() -> Result<(), HandlerError> {
    Ok(())
}

/// Without `allow` the compiler would report it as unused.
#[allow(dead_code)]
#[s3_handler("ObjectAcl:Put")]
async fn never_routed() -> Result<(), HandlerError> {
    Ok(())
}

#[tokio::test]
async fn other_attributes_do_not_change_the_handler() {
    let routes = Routes::new(())
        .on::<instrumented_below>()
        .on::<instrumented_above>()
        .on::<configured>();
    #[expect(deprecated)]
    let routes = routes.on::<outdated>();

    for event in [
        "ObjectCreated:Put",
        "ObjectCreated:Copy",
        "ObjectRemoved:Delete",
        "ObjectAcl:Put",
    ] {
        let outcome = answer(&routes, event).await;
        assert!(matches!(outcome, Outcome::Handled), "{event}: {outcome:?}");
    }

    assert_eq!(
        <instrumented_above as Handler<()>>::route().name(),
        "instrumented_above"
    );
}
