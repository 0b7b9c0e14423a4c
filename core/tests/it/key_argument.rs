//! `Key<T>`: the parts of a key as a value of any type.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::net::Ipv4Addr;
use std::num::NonZeroU16;
use std::panic::{AssertUnwindSafe, catch_unwind};

use s3_dispatch_core::{
    Context, EventPattern, FromRecord, HandlerError, Key, MessageContext, Outcome, Route, Routes,
    S3EventRecord,
};
use s3_dispatch_testing::RecordBuilder;
use serde::Deserialize;
use serde::de::DeserializeOwned;

fn route(pattern: &'static str) -> Route {
    Route::new(EventPattern::ANY)
        .with_name("index")
        .with_key(pattern)
}

fn record(key: &str) -> S3EventRecord {
    RecordBuilder::new("ObjectCreated:Put")
        .with_key(key)
        .build()
}

fn read<T: DeserializeOwned>(pattern: &'static str, key: &str) -> Result<T, HandlerError> {
    let (route, record, message) = (route(pattern), record(key), MessageContext::new());
    let fits = <Key<T> as FromRecord<'_, ()>>::check(&route);
    assert!(fits.is_ok(), "{fits:?}");

    let context = Context::new(&record, &message, &()).with_route(&route);
    Key::<T>::from_record(context).map(|Key(value)| value)
}

#[track_caller]
fn check<T: DeserializeOwned + Debug + PartialEq>(pattern: &'static str, key: &str, expected: T) {
    assert_eq!(read::<T>(pattern, key).unwrap(), expected);
}

#[track_caller]
fn check_failure<T: DeserializeOwned + Debug>(pattern: &'static str, key: &str, expected: &str) {
    let error = read::<T>(pattern, key).unwrap_err();
    assert!(error.is_permanent());
    assert_eq!(error.to_string(), expected);
}

#[derive(Debug, PartialEq, Deserialize)]
struct Id(u32);

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Size {
    Small,
    Large,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Photo {
    tenant: Id,
    size: Size,
    name: String,
    #[serde(default)]
    note: Option<String>,
}

const PHOTO: &str = "tenants/{tenant}/{size}/{name}.jpg";

#[test]
fn parts_are_typed_by_serde() {
    check(
        "{a}/{b}/{c}",
        "1/-2/x y",
        (1_u64, -2_i8, String::from("x y")),
    );
    check("{a}", "7", 7_u32);
    check("{a}", "7", Id(7));
    check("{a}", "7", Some(Id(7)));
    check("{a}", "7", (7_u8,));
    check("{a}", "true", true);
    check("{a}", "é", 'é');
    check("{a}", "1.5", 1.5_f64);
    check("{a}", "large", Size::Large);
    check("{a}", "10.0.0.7", Ipv4Addr::new(10, 0, 0, 7));
    check("{a}/{b}", "1/small", (NonZeroU16::MIN, Size::Small));
    check(
        "{a}/{b*}",
        "1/2/3",
        vec![String::from("1"), String::from("2/3")],
    );
    check(
        "{a}/{b}",
        "1/2",
        HashMap::from([("a".to_owned(), 1_u8), ("b".to_owned(), 2)]),
    );
    check(
        "{a}/{b}",
        "1/2",
        vec![("a".to_owned(), 1_u8), ("b".to_owned(), 2)],
    );
    check(
        "{a}/{b}",
        "1/2",
        BTreeMap::from([("a".to_owned(), Id(1)), ("b".to_owned(), Id(2))]),
    );
    check("config.json", "config.json", ());
}

#[test]
fn a_struct_takes_parts_by_name() {
    let expected = Photo {
        tenant: Id(7),
        size: Size::Small,
        name: "a b".to_owned(),
        note: None,
    };
    check(PHOTO, "tenants/7/small/a b.jpg", expected);

    #[derive(Debug, PartialEq, Deserialize)]
    struct Name {
        name: String,
    }
    let name = "x".to_owned();
    check(PHOTO, "tenants/7/small/x.jpg", Name { name });
}

#[test]
fn a_text_borrows_from_the_record() {
    let (route, record, message) = (route("{a}/{b}"), record("x/y"), MessageContext::new());
    let context = Context::new(&record, &message, &()).with_route(&route);
    let Key((first, _)) = Key::<(&str, String)>::from_record(context).unwrap();
    assert_eq!(first.as_ptr(), record.object.key.as_str().as_ptr());
}

#[test]
fn a_part_of_the_wrong_type_is_a_permanent_failure() {
    check_failure::<(u32, String)>(
        "{tenant}/{name}",
        "seven/x",
        "`tenant` in the key is `seven`, which is not a `u32`",
    );
    check_failure::<Photo>(
        PHOTO,
        "tenants/70000000000/small/x.jpg",
        "`tenant` in the key is `70000000000`, which is not a `u32`",
    );
    check_failure::<Photo>(
        PHOTO,
        "tenants/7/huge/x.jpg",
        "`size` in the key is `huge`, which is not a `Size`: unknown variant `huge`, expected \
         `small` or `large`",
    );
    check_failure::<Ipv4Addr>(
        "{address}",
        "10.0\n",
        "`address` in the key is `10.0\\n`, which is not a `Ipv4Addr`: invalid IPv4 address syntax",
    );
    check_failure::<Option<NonZeroU16>>(
        "{count}",
        "0",
        "`count` in the key is `0`, which is not a `NonZero<u16>`: invalid value: integer `0`, \
         expected a nonzero u16",
    );
    check_failure::<Vec<u8>>(
        "{a}/{b}",
        "1/x",
        "`b` in the key is `x`, which is not a `u8`",
    );
}

/// The panic when a handler with this argument is added.
fn panic_of<T: DeserializeOwned + Send + 'static>(route: Route) -> Option<String> {
    let add = || Routes::new(()).on_fn(route, |_: Key<T>| async { Ok::<_, HandlerError>(()) });
    let panic = catch_unwind(AssertUnwindSafe(add)).err()?;
    Some(*panic.downcast::<String>().unwrap())
}

#[test]
fn a_type_that_does_not_fit_the_pattern_is_found_when_the_route_is_added() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        #[serde(rename = "tenant")]
        _tenant: u32,
    }

    #[derive(Deserialize)]
    struct Misspelt {
        #[serde(rename = "tenent")]
        _tenent: u32,
    }

    #[derive(Deserialize)]
    struct Nested {
        #[serde(rename = "tenant")]
        _tenant: Vec<u32>,
    }

    let of = |reason: &str, ty: &str| {
        Some(format!(
            "`Key<{ty}>` does not fit its route: {reason}, in index [*, key `{{tenant}}/{{name}}`]"
        ))
    };
    let two = || route("{tenant}/{name}");

    assert_eq!(
        panic_of::<Misspelt>(two()),
        of("the pattern has no part `tenent`", "Misspelt")
    );
    assert_eq!(
        panic_of::<Strict>(two()),
        of("it has no field for the part `name`", "Strict")
    );
    assert_eq!(
        panic_of::<Nested>(two()),
        of("a part of a key cannot be a `Vec<u32>`", "Nested")
    );
    assert_eq!(
        panic_of::<u32>(two()),
        of("it takes 1 parts, and the pattern has 2", "u32")
    );
    assert_eq!(
        panic_of::<(u8, u8, u8)>(two()),
        of("it takes 3 parts, and the pattern has 2", "(u8, u8, u8)")
    );
    assert_eq!(
        panic_of::<u32>(Route::new(EventPattern::ANY).with_name("index")).unwrap(),
        "`Key<u32>` does not fit its route: the route has no pattern of keys, in index [*]"
    );
}

#[test]
fn a_type_that_may_fit_is_accepted() {
    assert_eq!(panic_of::<(Ipv4Addr, String)>(route("{a}/{b}")), None);
    assert_eq!(
        panic_of::<HashMap<String, NonZeroU16>>(route("{a}/{b}")),
        None
    );
    assert_eq!(panic_of::<Photo>(route(PHOTO)), None);
}

#[test]
fn each_record_gives_its_own_parts() {
    let routes = Routes::new(()).on_fn(route(PHOTO), |Key(photo): Key<Photo>| async move {
        Err::<(), _>(format!("{} of {:?}", photo.name, photo.tenant))
    });

    for (key, expected) in [
        ("tenants/1/small/a.jpg", "a of Id(1)"),
        ("tenants/2/large/b.jpg", "b of Id(2)"),
    ] {
        match crate::route(&routes, &record(key), &MessageContext::new()) {
            Outcome::Failed(error) => assert_eq!(error.to_string(), expected),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_context_without_a_pattern_fails_for_good() {
    let (record, message) = (record("1"), MessageContext::new());
    let context = Context::new(&record, &message, &());
    let error = Key::<u32>::from_record(context).unwrap_err();
    assert!(error.is_permanent());
    assert_eq!(
        error.to_string(),
        "`Key<u32>` needs a route with a pattern of keys"
    );

    let route = route("a/{b}");
    let error = Key::<u32>::from_record(context.with_route(&route)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the key `1` does not have the form `a/{b}`"
    );
}
