//! Handlers called as plain functions and by routes.

use std::sync::mpsc::{Sender, channel};

use s3_dispatch::{
    Class, Dispatcher, EventPattern, Handler, HandlerError, HandlerErrorKind, MessageContext,
    ObjectCreated, Outcome, Route, Router, Routes, S3EventRecord, SkipReason, State, async_trait,
    s3_handler,
};

use crate::{answer, record};

#[s3_handler("ObjectCreated:Put", "s3:ObjectCreated:CompleteMultipartUpload")]
async fn index(
    record: &S3EventRecord,
    State(seen): State<Sender<String>>,
) -> Result<(), HandlerError> {
    tokio::task::yield_now().await;
    seen.send(format!("{} {}", record.event_name, record.object.key))?;
    Ok(())
}

#[s3_handler(
    "ObjectCreated:*",
    bucket = "holiday",
    prefix = "incoming/",
    suffix = ".jpg"
)]
async fn narrow() -> Result<(), HandlerError> {
    Ok(())
}

#[s3_handler("*")]
async fn fail() -> Result<(), std::num::ParseIntError> {
    "one".parse::<u8>()?;
    Ok(())
}

#[s3_handler("*")]
async fn fail_through_a_conversion() -> Result<(), HandlerError> {
    let _: u8 = "one".parse()?;
    Ok(())
}

#[s3_handler("ObjectRemoved:*")]
async fn fail_for_good() -> Result<(), HandlerError> {
    Err(HandlerError::permanent("gone"))
}

#[s3_handler("ObjectCreated:Put", state = u8)]
async fn promised(created: ObjectCreated) -> Result<(), &'static str> {
    if created.size == 1024 {
        Ok(())
    } else {
        Err("the size differs")
    }
}

#[tokio::test]
async fn a_handler_can_be_called_as_a_plain_function() {
    let (seen, received) = channel();
    index(&record("ObjectCreated:Put"), State(seen))
        .await
        .expect("the receiver is open");
    assert_eq!(
        received.try_iter().collect::<Vec<_>>(),
        ["ObjectCreated:Put incoming/my photo.jpg"]
    );
}

#[tokio::test]
async fn routes_call_a_handler_for_each_of_its_events() {
    let (seen, received) = channel();
    let routes = Routes::new(seen).on::<index>();

    for event in ["ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload"] {
        assert!(matches!(answer(&routes, event).await, Outcome::Handled));
        assert_eq!(
            received.try_iter().collect::<Vec<_>>(),
            [format!("{event} incoming/my photo.jpg")]
        );
    }

    assert!(matches!(
        answer(&routes, "ObjectCreated:Copy").await,
        Outcome::Skipped(SkipReason::Unrouted)
    ));
    assert_eq!(received.try_iter().count(), 0);
}

#[tokio::test]
async fn routes_call_a_handler_that_names_its_state() {
    let routes = Routes::new(7_u8).on::<promised>();
    assert!(matches!(
        answer(&routes, "ObjectCreated:Put").await,
        Outcome::Handled
    ));
}

#[tokio::test]
async fn a_handler_fails_with_the_kind_of_its_error() {
    let routes = Routes::new(()).on::<fail>().on::<fail_for_good>();
    for (event, kind) in [
        ("ObjectCreated:Put", HandlerErrorKind::Retry),
        ("ObjectRemoved:Delete", HandlerErrorKind::Permanent),
    ] {
        match answer(&routes, event).await {
            Outcome::Failed(error) => assert_eq!(error.kind(), kind),
            other => panic!("{other:?} is not a failure"),
        }
    }
}

/// The kind is known before a wrapper of the routes sees the outcome.
#[tokio::test]
async fn the_error_of_a_handler_is_classified_right_after_it() {
    struct Watched(Routes<()>, Sender<String>);

    #[async_trait]
    impl Router for Watched {
        async fn route(&self, record: &S3EventRecord, message: &MessageContext) -> Outcome {
            let outcome = self.0.route(record, message).await;
            self.1
                .send(format!("{outcome:?}"))
                .expect("the receiver is open");
            outcome
        }

        fn routes(&self) -> &[Route] {
            self.0.routes()
        }
    }

    let (seen, received) = channel();
    let router = Watched(Routes::new(()).on::<fail_through_a_conversion>(), seen);
    let dispatcher = Dispatcher::new(router).classify(|error| {
        let is_known = error.is::<std::num::ParseIntError>();
        is_known.then_some(Class::Skip("not a number".into()))
    });

    let json = r#"{"Records": [{"eventName": "ObjectCreated:Put", "eventSource": "aws:s3",
        "s3": {"bucket": {"name": "holiday"}, "object": {"key": "a"}}}]}"#;
    let report = dispatcher.dispatch(json, None).await;
    let report = report.expect("nothing failed");

    assert_eq!(report.skipped(), 1);
    let outcomes: Vec<_> = received.try_iter().collect();
    assert_eq!(outcomes, [r#"Skipped(Other("not a number"))"#]);
}

#[test]
fn the_route_has_the_events_and_options_of_the_attribute() {
    let route = <index as Handler<Sender<String>>>::route();
    let patterns = ["ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload"]
        .map(EventPattern::from_static);
    assert_eq!((route.name(), route.patterns()), ("index", &patterns[..]));
    assert_eq!(
        (route.bucket(), route.prefix(), route.suffix()),
        (None, None, None)
    );

    let route = <narrow as Handler<()>>::route();

    assert_eq!(
        (route.name(), route.patterns()),
        (
            "narrow",
            &[EventPattern::from_static("ObjectCreated:*")][..]
        )
    );

    assert_eq!(
        (route.bucket(), route.prefix(), route.suffix()),
        (Some("holiday"), Some("incoming/"), Some(".jpg"))
    );
    drop(Routes::new(()).on::<narrow>());
}
