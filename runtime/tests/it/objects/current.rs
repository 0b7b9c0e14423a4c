use std::sync::{Arc, Mutex};

use s3_dispatch::objects::{ObjectErrorKind, Objects};
use s3_dispatch::{
    Current, Dispatcher, FromRef, HandlerError, Manifest, ObjectKey, Routes, State, s3_handler,
};
use s3_dispatch_testing::{Fault, MemoryObjects, SqsBatchBuilder};

use super::BUCKET;

type Seen = Arc<Mutex<Vec<(String, Current)>>>;

struct App {
    objects: Objects,
    seen: Seen,
}

impl FromRef<App> for Objects {
    fn from_ref(app: &App) -> Self {
        app.objects.clone()
    }
}

impl FromRef<App> for Seen {
    fn from_ref(app: &App) -> Self {
        Arc::clone(&app.seen)
    }
}

/// A dispatcher whose handler notes what is at the key now.
fn dispatcher(memory: &MemoryObjects, seen: &Seen) -> Dispatcher<Routes<App>> {
    let app = App {
        objects: Objects::new(memory.clone()),
        seen: Arc::clone(seen),
    };

    Dispatcher::new(Routes::new(app).on_fn(
        "*",
        async |key: ObjectKey, current: Current, State(seen): State<Seen>| {
            seen.lock()
                .unwrap()
                .push((key.as_str().to_owned(), current));
            Ok::<_, HandlerError>(())
        },
    ))
}

#[s3_handler("ObjectRemoved:*", "LifecycleExpiration:*", prefix = "looks/")]
async fn looks(_: Current) -> Result<(), HandlerError> {
    Ok(())
}

#[s3_handler("ObjectRemoved:*", "LifecycleExpiration:*", prefix = "believes/")]
async fn believes(_: ObjectKey) -> Result<(), HandlerError> {
    Ok(())
}

#[test]
fn only_who_does_not_look_is_warned_about_versions() {
    let app = App {
        objects: Objects::new(MemoryObjects::new()),
        seen: Seen::default(),
    };
    let routes = Routes::new(app).on::<looks>();
    assert_eq!(Manifest::new(&routes).warnings(), []);

    let warnings = Manifest::new(&routes.on::<believes>()).warnings();
    assert_eq!(warnings.len(), 2);
    for warning in warnings.iter().map(ToString::to_string) {
        assert!(warning.contains("with a version id"), "{warning}");
        assert!(
            warning.ends_with(
                "in believes [ObjectRemoved:*, LifecycleExpiration:*, prefix `believes/`]"
            ),
            "{warning}"
        );
    }
}

#[tokio::test]
async fn it_is_what_is_at_the_key_now_whatever_the_event_says() {
    let (memory, seen) = (MemoryObjects::new(), Seen::default());
    let old = memory.put(BUCKET, "a", "old");
    memory.put(BUCKET, "a", "newer");
    let put = memory.put(BUCKET, "b", "text");
    memory.delete(BUCKET, "b");
    let removed = memory.delete(BUCKET, "c");
    memory.put(BUCKET, "c", "again");

    let batch = SqsBatchBuilder::new()
        .with_record("1", old)
        .with_record("2", put)
        .with_record("3", removed);
    let report = dispatcher(&memory, &seen)
        .dispatch(batch.to_bytes(), None)
        .await;
    assert!(report.unwrap().response().batch_item_failures.is_empty());

    let mut sizes: Vec<_> = std::mem::take(&mut *seen.lock().unwrap())
        .into_iter()
        .map(|(key, current)| match current {
            Current::Present { size, e_tag, .. } => (key, Some((size, e_tag.is_some()))),
            Current::Absent => (key, None),
        })
        .collect();
    // Records of different keys run side by side.
    sizes.sort();
    let expected = [
        ("a".to_owned(), Some((5, true))),
        ("b".to_owned(), None),
        ("c".to_owned(), Some((5, true))),
    ];
    assert_eq!(sizes, expected);
    assert_eq!(memory.requests(), 3);
}

#[tokio::test]
async fn a_key_under_a_delete_marker_is_absent() {
    let memory = MemoryObjects::new().with_versioned_bucket(BUCKET);
    memory.put(BUCKET, "a", "text");
    memory.delete(BUCKET, "a");

    let key = ObjectKey::verbatim("a");
    let objects = Objects::new(memory.clone());
    let current = objects.current(BUCKET, key.clone()).await.unwrap();
    assert!(!current.is_present());

    memory.put(BUCKET, "a", "back");
    let Current::Present { version_id, .. } = objects.current(BUCKET, key).await.unwrap() else {
        panic!("the object is there");
    };
    assert!(version_id.is_some());
}

#[tokio::test]
async fn a_failed_look_fails_the_record_and_not_the_handler() {
    for fault in [Fault::Denied, Fault::Unavailable, Fault::Throttled(None)] {
        let (memory, seen) = (MemoryObjects::new(), Seen::default());
        let event = memory.put(BUCKET, "a", "text");
        memory.fail_next(fault);

        let batch = SqsBatchBuilder::new().with_record("1", event);
        let report = dispatcher(&memory, &seen)
            .dispatch(batch.to_bytes(), None)
            .await;
        assert_eq!(report.unwrap().response().batch_item_failures.len(), 1);
        assert!(seen.lock().unwrap().is_empty());
    }
}

/// What is read of a look at the key `a`, after a change of the bucket.
async fn read_after(
    memory: MemoryObjects,
    change: impl FnOnce(&MemoryObjects),
) -> Result<String, ObjectErrorKind> {
    let objects = Objects::new(memory.clone());
    memory.put(BUCKET, "a", "seen");
    let key = ObjectKey::verbatim("a");
    let current = objects.current(BUCKET, key.clone()).await.unwrap();

    change(&memory);
    let object = current.object(&objects, BUCKET, key).expect("it is there");
    assert_eq!((object.size(), object.key().as_str()), (Some(4), "a"));

    object.text().await.map_err(|error| error.kind())
}

#[tokio::test]
async fn what_was_seen_is_read_and_nothing_else() {
    let nothing = |_: &MemoryObjects| {};
    // Of the same length, so that only the entity tag tells them apart.
    let overwrite = |memory: &MemoryObjects| drop(memory.put(BUCKET, "a", "next"));
    let delete = |memory: &MemoryObjects| drop(memory.delete(BUCKET, "a"));

    let plain = MemoryObjects::new;
    assert_eq!(read_after(plain(), nothing).await.unwrap(), "seen");
    let superseded = Err(ObjectErrorKind::Superseded);
    assert_eq!(read_after(plain(), overwrite).await, superseded);
    let gone = Err(ObjectErrorKind::Gone);
    assert_eq!(read_after(plain(), delete).await, gone);

    // A version stays what it is, also under a newer one or a delete marker.
    let versioned = || MemoryObjects::new().with_versioned_bucket(BUCKET);
    assert_eq!(read_after(versioned(), overwrite).await.unwrap(), "seen");
    assert_eq!(read_after(versioned(), delete).await.unwrap(), "seen");
}

#[tokio::test]
async fn an_absent_object_cannot_be_read() {
    let memory = MemoryObjects::new();
    memory.put(BUCKET, "b", "another");
    let objects = Objects::new(memory);
    let key = ObjectKey::verbatim("a");
    let current = objects.current(BUCKET, key.clone()).await.unwrap();
    assert!(current.object(&objects, BUCKET, key).is_none());
}
