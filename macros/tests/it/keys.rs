//! Handlers with a pattern of keys, lists and flags.

use s3_dispatch::{Handler, HandlerError, Key, Outcome, Routes, s3_handler};

use crate::answer;

#[s3_handler("ObjectCreated:Put", key = "{folder}/{photo}.jpg")]
async fn borrowed(Key((folder, photo)): Key<(&str, &str)>) -> Result<(), String> {
    if (folder, photo) == ("incoming", "my photo") {
        Ok(())
    } else {
        Err(format!("{folder} {photo}"))
    }
}

#[s3_handler("ObjectRemoved:*", key = "{file*}")]
async fn owned(key: Key<String>) -> Result<(), HandlerError> {
    if *key == "incoming/my photo.jpg" {
        Ok(())
    } else {
        Err(HandlerError::permanent(key.0))
    }
}

#[s3_handler("ObjectTagging:*", key = "incoming/{number}")]
async fn number(_: Key<u32>) -> Result<(), HandlerError> {
    Ok(())
}

#[s3_handler(
    "ObjectRestore:*",
    prefix = ["incoming/", "scans/"],
    suffix = [".JPG", ".png"],
    ignore_suffix_case,
    no_folders,
)]
async fn listed() -> Result<(), HandlerError> {
    Ok(())
}

#[tokio::test]
async fn a_handler_gets_the_parts_of_the_key() {
    let routes = Routes::new(())
        .on::<borrowed>()
        .on::<owned>()
        .on::<number>()
        .on::<listed>();

    for event in [
        "ObjectCreated:Put",
        "ObjectRemoved:Delete",
        "ObjectRestore:Completed",
    ] {
        let outcome = answer(&routes, event).await;
        assert!(matches!(outcome, Outcome::Handled), "{outcome:?}");
    }

    match answer(&routes, "ObjectTagging:Put").await {
        Outcome::Failed(error) => assert_eq!(
            error.to_string(),
            "`number` in the key is `my photo.jpg`, which is not a `u32`"
        ),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_route_has_the_lists_and_flags_of_the_attribute() {
    let route = <listed as Handler<()>>::route();
    assert_eq!(route.prefixes(), ["incoming/", "scans/"]);
    assert_eq!(route.suffixes(), [".JPG", ".png"]);
    assert!(route.ignores_suffix_case() && route.has_no_folders());

    let route = <owned as Handler<()>>::route();
    assert_eq!(route.key(), Some("{file*}"));
    assert!(!route.ignores_suffix_case() && !route.has_no_folders());
}
