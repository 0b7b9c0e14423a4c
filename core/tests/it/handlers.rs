use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use s3_dispatch_core::handler::HandlerFn;
use s3_dispatch_core::{
    BucketName, Context, ErrorKind, EventName, FromRecord, FromRecordAsync, FromRef, HandlerError,
    HandlerErrorKind, MessageContext, ObjectCreated, ObjectKey, Outcome, Replicated, Routes,
    S3EventRecord, SkipReason, State,
};
use s3_dispatch_testing::RecordBuilder;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, entry: impl Debug) -> Result<(), HandlerError> {
        self.0.lock().unwrap().push(format!("{entry:?}"));
        Ok(())
    }
}

struct App {
    log: Log,
    limit: u64,
}

struct Limit(u64);

impl FromRef<App> for Log {
    fn from_ref(app: &App) -> Self {
        app.log.clone()
    }
}

impl FromRef<App> for Limit {
    fn from_ref(app: &App) -> Self {
        Limit(app.limit)
    }
}

/// Checks what the handler logs for one record.
#[track_caller]
fn check<A: 'static>(handler: impl HandlerFn<App, A>, expected: &[&str]) {
    let log = Log::default();
    let routes = Routes::new(App {
        log: log.clone(),
        limit: 5,
    })
    .on_fn("*", handler);

    let record = RecordBuilder::new(EventName::OBJECT_CREATED_PUT)
        .with_bucket("b")
        .with_key("k")
        .with_size(7)
        .build();

    let message = MessageContext::new()
        .with_message_id("m")
        .with_receive_count(2);
    assert!(matches!(
        crate::route(&routes, &record, &message),
        Outcome::Handled
    ));
    assert_eq!(*log.0.lock().unwrap(), expected);
}

#[test]
fn closures_take_any_number_of_arguments() {
    check(|| async { Ok::<_, HandlerError>(()) }, &[]);
    check(|State(log): State<Log>| async move { log.add(0) }, &["0"]);
    check(
        |key: ObjectKey, State(log): State<Log>| async move { log.add(key) },
        &["\"k\""],
    );

    check(
        |key: ObjectKey, State(log): State<Log>, bucket: BucketName| async move {
            log.add((bucket, key))
        },
        &["(\"b\", \"k\")"],
    );

    check(
        |created: ObjectCreated,
         State(limit): State<Limit>,
         log: State<Log>,
         message: MessageContext| async move {
            log.add((
                created.size > limit.0,
                message.message_id().cloned(),
                message.receive_count(),
            ))
        },
        &["(true, Some(\"m\"), Some(2))"],
    );

    check(
        |record: S3EventRecord, log: State<Log>| async move { log.add(record.event_name) },
        &["\"ObjectCreated:Put\""],
    );
}

#[test]
fn a_named_function_is_a_handler() {
    async fn handler(key: ObjectKey, State(log): State<Log>) -> Result<(), HandlerError> {
        log.add(key)
    }

    check(handler, &["\"k\""]);
}

#[test]
fn the_whole_state_is_a_part_of_itself() {
    let routes = Routes::new(String::from("state"))
        .on_fn("*", |State(state): State<String>| async move {
            Err::<(), _>(state)
        });
    let outcome = crate::route(
        &routes,
        &RecordBuilder::new("ObjectAcl:Put").build(),
        &MessageContext::new(),
    );

    assert!(matches!(outcome, Outcome::Failed(error) if error.to_string() == "state"));
}

#[test]
fn arguments_borrow_from_the_context() {
    let record = RecordBuilder::new("ObjectAcl:Put").with_key("k").build();
    let message = MessageContext::new().with_message_id("m");
    let context = Context::new(&record, &message, &());
    let borrowed = <&S3EventRecord as FromRecord<'_, ()>>::from_record(context).unwrap();
    assert!(std::ptr::eq(borrowed, &raw const record));
    let borrowed = <&MessageContext as FromRecord<'_, ()>>::from_record(context).unwrap();
    assert!(std::ptr::eq(borrowed, &raw const message));
}

#[test]
fn an_argument_that_cannot_be_made_is_a_permanent_failure() {
    let log = Log::default();
    let created = |_: ObjectCreated, State(log): State<Log>| async move { log.add("called") };
    let replicated = |_: Replicated, State(log): State<Log>| async move { log.add("called") };
    let deleted = RecordBuilder::new(EventName::OBJECT_REMOVED_DELETE);
    let bare =
        RecordBuilder::new(EventName::REPLICATION_OPERATION_NOT_TRACKED).without_event_data();

    for (routes, record, kind) in [
        (
            Routes::new(log.clone()).on_fn("*", created),
            deleted,
            ErrorKind::InvalidField,
        ),
        (
            Routes::new(log.clone()).on_fn("*", replicated),
            bare,
            ErrorKind::MissingField,
        ),
    ] {
        let Outcome::Failed(error) = crate::route(&routes, &record.build(), &MessageContext::new())
        else {
            panic!("handled")
        };

        assert!(error.is_permanent());
        let cause = error
            .as_error()
            .downcast_ref::<s3_dispatch_core::Error>()
            .unwrap();
        assert_eq!(cause.kind(), kind);
    }

    assert!(log.0.lock().unwrap().is_empty());
}

#[test]
fn a_user_defined_argument_is_made_from_the_record() {
    struct Extension(String);

    impl<'r, S> FromRecord<'r, S> for Extension {
        fn from_record(context: Context<'r, S>) -> Result<Self, HandlerError> {
            let key = context.record().object.key.as_str();
            Ok(Self(
                key.rsplit_once('.').ok_or("no extension")?.1.to_owned(),
            ))
        }
    }

    let routes = Routes::new(()).on_fn("*", |Extension(found): Extension| async move {
        Err::<(), _>(found)
    });
    let told = |key: &str| {
        let record = RecordBuilder::new("ObjectCreated:Put")
            .with_key(key)
            .build();
        match crate::route(&routes, &record, &MessageContext::new()) {
            Outcome::Failed(error) => (error.to_string(), error.kind()),
            other => panic!("{other:?}"),
        }
    };

    assert_eq!(
        told("a.jpg"),
        (String::from("jpg"), HandlerErrorKind::Retry)
    );
    assert_eq!(
        told("a"),
        (String::from("no extension"), HandlerErrorKind::Retry)
    );
}

#[derive(Debug)]
struct Outer(std::num::ParseIntError);

impl std::fmt::Display for Outer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not a number")
    }
}

impl std::error::Error for Outer {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn errors_are_retried_unless_they_are_permanent() {
    fn read(text: &str) -> Result<u64, HandlerError> {
        Ok(text.parse::<u64>().map_err(Outer)?)
    }

    fn read_for_good(text: &str) -> Result<u64, HandlerError> {
        text.parse::<u64>()
            .map_err(Outer)
            .map_err(HandlerError::permanent)
    }

    let error = read("x").unwrap_err();
    assert_eq!(
        (error.kind(), error.is_permanent()),
        (HandlerErrorKind::Retry, false)
    );
    assert_eq!(error.to_string(), "not a number");
    assert_eq!(
        format!("{error:#}"),
        "not a number: invalid digit found in string"
    );
    assert!(error.as_error().is::<Outer>());
    let error = read_for_good("x").unwrap_err();
    assert_eq!(
        (error.kind(), error.is_permanent()),
        (HandlerErrorKind::Permanent, true)
    );
    assert_eq!(HandlerError::from("text").kind(), HandlerErrorKind::Retry);
    assert_eq!(HandlerError::retry("text").to_string(), "text");
}

#[test]
fn a_handler_skips_a_record_through_the_question_mark() {
    struct Image;

    impl<'r, S> FromRecord<'r, S> for Image {
        fn from_record(context: Context<'r, S>) -> Result<Self, HandlerError> {
            match context.record().object.key.as_str().ends_with(".jpg") {
                true => Ok(Self),
                false => Err(HandlerError::skip("not an image")),
            }
        }
    }

    fn open(size: u64) -> Result<(), HandlerError> {
        match size {
            0 => Err(HandlerError::skip(SkipReason::Gone)),
            _ => Ok(()),
        }
    }

    let routes = Routes::new(()).on_fn("*", async |_: Image, record: S3EventRecord| {
        open(record.object.size.unwrap_or_default())?;
        Ok::<_, HandlerError>(())
    });
    let outcome = |key: &str, size: u64| {
        let record = RecordBuilder::new("ObjectCreated:Put")
            .with_key(key)
            .with_size(size)
            .build();
        format!(
            "{:?}",
            crate::route(&routes, &record, &MessageContext::new())
        )
    };

    assert_eq!(outcome("a.jpg", 1), "Handled");
    assert_eq!(outcome("a.jpg", 0), "Skipped(Gone)");
    assert_eq!(outcome("a.txt", 1), r#"Skipped(Other("not an image"))"#);

    let error = HandlerError::skip(SkipReason::Superseded);
    assert_eq!(error.kind(), HandlerErrorKind::Skip(SkipReason::Superseded));
    assert!(!error.is_permanent());
    assert_eq!(
        error.to_string(),
        "nothing to do: the object has been overwritten"
    );
}

/// An error with this text and this cause.
#[derive(Debug)]
struct Because(&'static str, Option<Box<Because>>);

impl std::fmt::Display for Because {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Because {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.1.as_deref().map(|cause| cause as _)
    }
}

#[test]
fn a_cause_that_the_text_ends_with_is_not_written_again() {
    for (texts, expected) in [
        (&["no image", "bad bytes"][..], "no image: bad bytes"),
        (&["no image: bad bytes", "bad bytes"], "no image: bad bytes"),
        (&["bad bytes", "bad bytes", "bad bytes"], "bad bytes"),
        (&["a: b: c", "b: c", "c"], "a: b: c"),
        (
            &["no image (bad bytes)", "bad bytes"],
            "no image (bad bytes): bad bytes",
        ),
        // Only the end is compared, and only whole words.
        (
            &["bad bytes", "no image", "bad bytes"],
            "bad bytes: no image: bad bytes",
        ),
        (&["code 17", "7"], "code 17: 7"),
        (&["no image, ", ", "], "no image, "),
        // A cause without a text says nothing.
        (&["no image", "", "bad bytes"], "no image: bad bytes"),
    ] {
        let because = |cause, text: &&'static str| Some(Box::new(Because(text, cause)));
        let error = texts.iter().rev().fold(None, because).unwrap();

        assert_eq!(
            format!("{:#}", HandlerError::from(*error)),
            expected,
            "{texts:?}"
        );
    }
}

#[test]
fn an_endless_chain_of_causes_is_cut() {
    #[derive(Debug, Default)]
    struct ItsOwnCause(std::sync::atomic::AtomicUsize);

    impl std::fmt::Display for ItsOwnCause {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            let times = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            write!(f, "again {times}")
        }
    }

    impl std::error::Error for ItsOwnCause {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(self)
        }
    }

    let text = format!("{:#}", HandlerError::from(ItsOwnCause::default()));

    assert!(text.starts_with("again 0: again 1: "), "{text}");
    assert!(text.len() < 1_000, "{text}");
}

#[test]
fn a_long_text_of_an_error_and_its_causes_is_cut() {
    let long = "ü".repeat(3_500_000);
    let cut = format!("{:#}", HandlerError::from(long.clone()));
    assert!(long.starts_with(cut.strip_suffix("... (cut)").unwrap()));
    assert!((8_000..8_300).contains(&cut.len()), "{}", cut.len());

    #[derive(Debug)]
    struct Caused(Box<dyn std::error::Error + Send + Sync>);

    impl std::fmt::Display for Caused {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("it failed")
        }
    }

    impl std::error::Error for Caused {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&*self.0)
        }
    }

    let cut = format!("{:#}", HandlerError::from(Caused(long.into())));
    assert!(cut.starts_with("it failed: üü") && cut.ends_with("ü... (cut)"));
    assert!(cut.len() < 8_300, "{}", cut.len());

    // What just fits is whole.
    let fits = "x".repeat(8 * 1024);
    assert_eq!(format!("{:#}", HandlerError::from(fits.clone())), fits);
}

#[test]
fn a_text_that_never_ends_is_cut() {
    #[derive(Debug)]
    struct Endless;

    impl std::fmt::Display for Endless {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            loop {
                f.write_str("and ")?;
            }
        }
    }

    impl std::error::Error for Endless {}

    let text = format!("{:#}", HandlerError::from(Endless));
    assert!(text.starts_with("and and ") && text.len() < 8_300);
}

#[test]
fn a_cause_that_panics_does_not_spread_its_panic() {
    #[derive(Debug)]
    struct Unprintable;

    impl std::fmt::Display for Unprintable {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("cannot be printed")
        }
    }

    impl std::error::Error for Unprintable {}

    let text = format!("{:#}", HandlerError::from(Unprintable));

    assert_eq!(text, "an error that panicked while it was printed");
}

#[test]
fn outcomes_come_from_results() {
    assert!(matches!(
        Outcome::from(Ok::<_, HandlerError>(())),
        Outcome::Handled
    ));
    let failed = Outcome::from(Err(HandlerError::permanent("no")));
    assert!(!failed.is_success());
    assert!(matches!(failed, Outcome::Failed(error) if error.is_permanent()));
}

/// An argument that takes time, and that logs when it is made.
struct Slow<const FAILS: bool>;

impl<'r, const FAILS: bool> FromRecordAsync<'r, App> for Slow<FAILS> {
    async fn from_record(context: Context<'r, App>) -> Result<Self, HandlerError> {
        let log = Log::from_ref(context.state());
        log.add("begun")?;
        poll_again().await;
        if FAILS {
            return Err(HandlerError::permanent("no tenant"));
        }

        log.add("made")?;
        Ok(Self)
    }
}

/// Lets the executor poll again.
async fn poll_again() {
    let mut polled = false;
    std::future::poll_fn(move |context| {
        if std::mem::replace(&mut polled, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

/// An argument that takes no time, and that logs when it is made.
struct Quick;

impl<'r> FromRecord<'r, App> for Quick {
    fn from_record(context: Context<'r, App>) -> Result<Self, HandlerError> {
        Log::from_ref(context.state()).add("quick")?;
        Ok(Self)
    }
}

#[test]
fn arguments_are_made_in_order_whether_they_take_time_or_not() {
    check(
        |_: Quick, _: Slow<false>, _: Quick, State(log): State<Log>| async move { log.add("run") },
        &["\"quick\"", "\"begun\"", "\"made\"", "\"quick\"", "\"run\""],
    );
}

#[test]
fn no_argument_is_made_after_one_that_cannot_be_made() {
    let log = Log::default();
    let routes = Routes::new(App {
        log: log.clone(),
        limit: 5,
    })
    .on_fn("*", |_: Slow<true>, _: Quick| async {
        Ok::<_, HandlerError>(())
    });

    let record = RecordBuilder::new(EventName::OBJECT_CREATED_PUT).build();
    let outcome = crate::route(&routes, &record, &MessageContext::new());
    let Outcome::Failed(error) = outcome else {
        panic!("{outcome:?} is not a failure");
    };
    assert!(error.is_permanent());
    assert_eq!(*log.0.lock().unwrap(), ["\"begun\""]);
}
