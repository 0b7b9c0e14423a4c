//! Every kind of handler argument.

use std::borrow::Cow;
use std::sync::Arc;

use s3_dispatch::event_data::Removal;
use s3_dispatch::{
    BucketName, Context, EventName, EventPattern, FromRecord, FromRecordAsync, FromRef,
    HandlerError, MessageContext, ObjectCreated, ObjectKey, Outcome, Route, Router, Routes,
    S3EventRecord, SkipReason, State, s3_handler,
};

use crate::{answer, record};

struct Words<'w>(&'w str);

impl<'r, S> FromRecord<'r, S> for Words<'r> {
    fn from_record(context: Context<'r, S>) -> Result<Self, HandlerError> {
        Ok(Self(context.record().object.key.as_str()))
    }
}

#[derive(Clone)]
struct Pair<A, B>(A, B);

impl FromRef<Pair<u8, String>> for u8 {
    fn from_ref(pair: &Pair<u8, String>) -> Self {
        pair.0
    }
}

#[s3_handler("*")]
async fn none() -> Result<(), HandlerError> {
    Ok(())
}

#[s3_handler("*")]
async fn elided(
    record: &S3EventRecord,
    words: Words<'_>,
    message: &MessageContext,
) -> Result<(), String> {
    check(record.object.key == *words.0 && message.message_id().is_some_and(|id| *id == *"m-1"))
}

#[s3_handler("*")]
async fn named<'a, 'b>(
    record: &'a S3EventRecord,
    words: Words<'b>,
    again: &'a S3EventRecord,
) -> Result<(), String>
where
    'a: 'a,
    'b: 'b,
{
    check(std::ptr::eq(record, again) && record.object.key == *words.0)
}

#[s3_handler("ObjectCreated:Put", "ObjectCreated:Copy")]
async fn owned(
    record: S3EventRecord,
    mut created: ObjectCreated,
    key: ObjectKey,
    bucket: BucketName,
    message: MessageContext,
) -> Result<(), String> {
    created.size += 1;
    check(
        created.size == 1025
            && created.key == key
            && bucket == *"holiday"
            && record.bucket.name == bucket
            && message.receive_count().is_none(),
    )
}

#[s3_handler("*", state = Pair<u8, String>)]
async fn of_generic_state(
    State(part): State<u8>,
    State(Pair(number, text)): State<Pair<u8, String>>,
) -> Result<(), String> {
    check(part == 7 && number == 7 && text == "seven")
}

#[s3_handler("*")]
async fn of_static_lifetime(
    State(name): State<Cow<'static, str>>,
    _: &S3EventRecord,
) -> Result<(), String> {
    check(name == "static")
}

#[s3_handler("*")]
#[expect(
    clippy::type_complexity,
    reason = "an alias would hide the elided lifetimes from the macro"
)]
async fn of_functions(
    State(pointer): State<fn(&str) -> bool>,
    State(boxed): State<Arc<dyn Fn(&str) -> bool + Send + Sync>>,
) -> Result<(), String> {
    check(pointer("a") && !boxed("a"))
}

#[derive(Clone)]
struct Functions {
    pointer: fn(&str) -> bool,
    boxed: Arc<dyn Fn(&str) -> bool + Send + Sync>,
}

impl FromRef<Functions> for fn(&str) -> bool {
    fn from_ref(functions: &Functions) -> Self {
        functions.pointer
    }
}

impl FromRef<Functions> for Arc<dyn Fn(&str) -> bool + Send + Sync> {
    fn from_ref(functions: &Functions) -> Self {
        functions.boxed.clone()
    }
}

struct Tenant(u8);

impl<'r> FromRecord<'r, u8> for Tenant {
    fn from_record(context: Context<'r, u8>) -> Result<Self, HandlerError> {
        Ok(Self(*context.state()))
    }
}

#[s3_handler("*", state = u8)]
async fn of_one_state_only(tenant: Tenant) -> Result<(), String> {
    check(tenant.0 == 7)
}

/// Takes time, and borrows.
struct Slow<'w>(&'w str);

impl<'r, S: Sync> FromRecordAsync<'r, S> for Slow<'r> {
    const EVENTS: &'static [EventPattern] = &[EventPattern::from_static("ObjectCreated:*")];

    async fn from_record(context: Context<'r, S>) -> Result<Self, HandlerError> {
        tokio::task::yield_now().await;
        Ok(Self(context.record().object.key.as_str()))
    }
}

/// Takes time, and needs a part of the state.
struct Doubled(u8);

impl<'r, S: Sync> FromRecordAsync<'r, S> for Doubled
where
    u8: FromRef<S>,
{
    async fn from_record(context: Context<'r, S>) -> Result<Self, HandlerError> {
        let part = u8::from_ref(context.state());
        tokio::task::yield_now().await;
        Ok(Self(part * 2))
    }
}

/// Takes time, and needs one state.
struct SlowTenant(u8);

impl<'r> FromRecordAsync<'r, u8> for SlowTenant {
    async fn from_record(context: Context<'r, u8>) -> Result<Self, HandlerError> {
        tokio::task::yield_now().await;
        Ok(Self(*context.state()))
    }
}

/// Takes time, and is never made.
struct Absent;

impl<'r, S: Sync> FromRecordAsync<'r, S> for Absent {
    async fn from_record(_: Context<'r, S>) -> Result<Self, HandlerError> {
        tokio::task::yield_now().await;
        Err(HandlerError::skip(SkipReason::Gone))
    }
}

#[s3_handler("ObjectCreated:*")]
async fn of_both_kinds(
    record: &S3EventRecord,
    slow: Slow<'_>,
    State(part): State<u8>,
    doubled: Doubled,
    words: Words<'_>,
) -> Result<(), String> {
    check(record.object.key == *slow.0 && slow.0 == words.0 && doubled.0 == 2 * part)
}

#[s3_handler("*", state = u8)]
async fn of_one_state_and_time(tenant: SlowTenant) -> Result<(), String> {
    check(tenant.0 == 7)
}

#[s3_handler("*")]
async fn of_an_absent_argument(_: &S3EventRecord, _: Absent) -> Result<(), String> {
    check(false)
}

fn check(holds: bool) -> Result<(), String> {
    if holds {
        Ok(())
    } else {
        Err("an argument has another value than expected".to_owned())
    }
}

async fn check_handled<S: Send + Sync + 'static>(routes: Routes<S>) {
    let outcome = answer(&routes, "ObjectCreated:Copy").await;
    assert!(matches!(outcome, Outcome::Handled), "{outcome:?}");
}

#[tokio::test]
async fn every_kind_of_argument_is_passed() {
    check_handled(Routes::new(()).on::<none>()).await;
    check_handled(Routes::new(()).on::<elided>()).await;
    check_handled(Routes::new(()).on::<named>()).await;
    check_handled(Routes::new(()).on::<owned>()).await;
    check_handled(Routes::new(Pair(7, "seven".to_owned())).on::<of_generic_state>()).await;
    check_handled(Routes::new(Cow::Borrowed("static")).on::<of_static_lifetime>()).await;
    let functions = Functions {
        pointer: |text| text == "a",
        boxed: Arc::new(|text| text != "a"),
    };
    check_handled(Routes::new(functions).on::<of_functions>()).await;
    check_handled(Routes::new(7).on::<of_one_state_only>()).await;
    check_handled(Routes::new(7).on::<of_both_kinds>()).await;
    check_handled(Routes::new(7).on::<of_one_state_and_time>()).await;
}

#[tokio::test]
async fn an_argument_that_cannot_be_made_gives_the_outcome() {
    let routes = Routes::new(()).on::<of_an_absent_argument>();
    let outcome = answer(&routes, "ObjectCreated:Put").await;
    assert!(
        matches!(outcome, Outcome::Skipped(SkipReason::Gone)),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_handler_with_named_lifetimes_can_be_called_directly() {
    let record = record(EventName::OBJECT_CREATED_PUT.as_str());
    named(&record, Words("incoming/my photo.jpg"), &record)
        .await
        .expect("both arguments are the record");
    named(&record, Words("another"), &record)
        .await
        .expect_err("the words differ from the key");
}

/// Takes time, and asks a service whether the object is gone.
struct Asked;

impl<'r, S: Sync> FromRecordAsync<'r, S> for Asked {
    const DISTINGUISHES_VERSIONS: bool = true;

    async fn from_record(_: Context<'r, S>) -> Result<Self, HandlerError> {
        Ok(Self)
    }
}

#[s3_handler("ObjectRemoved:*", prefix = "a/")]
async fn asks(_: ObjectKey, _: Asked) -> Result<(), HandlerError> {
    Ok(())
}

#[s3_handler("ObjectRemoved:*", prefix = "b/", state = u8)]
async fn compares(_: Removal, _: Tenant) -> Result<(), HandlerError> {
    Ok(())
}

#[s3_handler("ObjectRemoved:*", prefix = "c/")]
async fn believes(_: ObjectKey) -> Result<(), HandlerError> {
    Ok(())
}

#[s3_handler("ObjectRemoved:*")]
async fn takes_nothing() -> Result<(), HandlerError> {
    Ok(())
}

#[test]
fn a_route_knows_whether_an_argument_distinguishes_versions() {
    let routes = Routes::new(7_u8)
        .on::<asks>()
        .on::<compares>()
        .on::<believes>()
        .on::<takes_nothing>()
        .on_fn("ObjectRemoved:Delete", async |_: Asked| {
            Ok::<_, HandlerError>(())
        })
        .on_fn("ObjectTagging:*", async |_: ObjectKey| {
            Ok::<_, HandlerError>(())
        });

    let knows: Vec<_> = routes
        .routes()
        .iter()
        .map(Route::distinguishes_versions)
        .collect();
    assert_eq!(knows, [true, true, false, false, true, false]);
}
