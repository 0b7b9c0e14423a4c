use futures_util::StreamExt;
use proptest::prelude::*;
use s3_dispatch::objects::{ObjectError, ObjectErrorKind, Objects};
use s3_dispatch_testing::{Fault, MemoryObjects};
use tokio::io::AsyncReadExt;

use super::{BUCKET, content, object};

fn paused(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(test);
}

fn any_fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        (0..70_000_u64).prop_map(Fault::BodyBreaksAfter),
        (0..70_000_u64).prop_map(Fault::BodyEndsAfter),
        Just(Fault::Throttled(None)),
        Just(Fault::Unavailable),
    ]
}

proptest! {
    /// The first request opens the body, so it must not fail.
    #[test]
    fn whatever_breaks_the_content_is_whole(
        first in (0..70_000_u64).prop_map(Fault::BodyBreaksAfter),
        faults in prop::collection::vec(any_fault(), 0..4),
        len in 0..70_000_usize,
        is_versioned: bool,
    ) {
        paused(async {
            let memory = MemoryObjects::new();
            let memory = if is_versioned { memory.with_versioned_bucket(BUCKET) } else { memory };
            let content = content(len);
            let event = memory.put(BUCKET, "a", content.clone());
            let object = object(&memory, &event);

            let strike = || {
                memory.fail_next(first);
                faults.iter().for_each(|fault| memory.fail_next(*fault));
            };

            strike();
            assert_eq!(object.bytes().await.unwrap(), content);
            // Uses up the faults that did not strike.
            while object.bytes().await.is_err() {}
            for _ in 0..5 {
                let _ = object.bytes().await;
            }

            strike();
            let mut read = Vec::new();
            let mut reader = object.reader().await.unwrap();
            reader.read_to_end(&mut read).await.unwrap();
            assert_eq!(read, content);
        });
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_gives_up_after_five_interruptions_without_progress() {
    let memory = MemoryObjects::new();
    let event = memory.put(BUCKET, "a", content(1000));

    for _ in 0..6 {
        memory.fail_next(Fault::BodyEndsAfter(1));
    }
    let error = object(&memory, &event).bytes().await.unwrap_err();
    assert_eq!(error.kind(), ObjectErrorKind::Unavailable);
    assert_eq!(
        error.to_string(),
        r#""a" in bucket "amzn-s3-demo-bucket": reading broke off at byte 6 of 1000"#
    );
    assert_eq!(memory.requests(), 6);
}

#[tokio::test(start_paused = true)]
async fn interruptions_are_counted_anew_after_progress() {
    let memory = MemoryObjects::new();
    let content = content(12 * 1024 * 1024);
    let event = memory.put(BUCKET, "a", content.clone());

    for _ in 0..11 {
        memory.fail_next(Fault::BodyBreaksAfter(1024 * 1024));
    }
    let object = object(&memory, &event);
    assert!(object.bytes().await.unwrap() == content);
    assert_eq!(memory.requests(), 12);
}

#[tokio::test(start_paused = true)]
async fn a_read_never_goes_on_with_other_content() {
    let memory = MemoryObjects::new();
    let old = content(100_000);
    let event = memory.put(BUCKET, "a", old.clone());
    memory.fail_next(Fault::BodyBreaksAfter(50_000));

    let mut stream = object(&memory, &event).stream().await.unwrap();
    let first = stream.chunk().await.unwrap().unwrap();
    assert_eq!(first, old[..first.len()]);

    let new: Vec<u8> = old.iter().map(|byte| !byte).collect();
    memory.put(BUCKET, "a", new);
    let error = loop {
        match stream.chunk().await {
            Ok(chunk) => assert!(chunk.is_some(), "it must not look complete"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ObjectErrorKind::Superseded);
    let again = stream.chunk().await.unwrap_err();
    assert_eq!(again.kind(), ObjectErrorKind::Superseded);
    assert!(
        stream.next().await.is_none(),
        "a stream ends after an error"
    );
}

#[tokio::test(start_paused = true)]
async fn after_an_error_a_part_never_looks_like_the_whole() {
    let memory = MemoryObjects::new();
    let event = memory.put(BUCKET, "a", "first\nsecond,100000\n");
    let break_off = || {
        memory.fail_next(Fault::BodyBreaksAfter(8));
        (0..6).for_each(|_| memory.fail_next(Fault::BodyBreaksAfter(1)));
    };
    let is_unavailable = |error: &ObjectError| error.kind() == ObjectErrorKind::Unavailable;

    break_off();
    let mut lines = object(&memory, &event).lines().await.unwrap();
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("first"));
    for _ in 0..3 {
        assert!(is_unavailable(&lines.next_line().await.unwrap_err()));
    }

    break_off();
    let mut reader = object(&memory, &event).reader().await.unwrap();
    let mut text = String::new();
    for _ in 0..3 {
        let error = reader.read_to_string(&mut text).await.unwrap_err();
        let inner = error.get_ref().and_then(|error| error.downcast_ref());
        assert!(inner.is_some_and(is_unavailable));
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_of_a_version_goes_on_though_the_object_is_overwritten() {
    let memory = MemoryObjects::new().with_versioned_bucket(BUCKET);
    let old = content(100_000);
    let event = memory.put(BUCKET, "a", old.clone());
    memory.fail_next(Fault::BodyBreaksAfter(50_000));

    let mut stream = object(&memory, &event).stream().await.unwrap();
    let mut read = stream.chunk().await.unwrap().unwrap().to_vec();
    memory.put(BUCKET, "a", "new");
    while let Some(chunk) = stream.chunk().await.unwrap() {
        read.extend_from_slice(&chunk);
    }
    assert!(read == old);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_told_from_a_later_object_is_still_read_as_one() {
    let memory = MemoryObjects::new();
    let event = memory.put(BUCKET, "a", content(100_000)).without_e_tag();
    memory.fail_next(Fault::BodyBreaksAfter(50_000));

    let record = event.build();
    let object = Objects::new(memory.clone()).object(&record).or_latest();
    let mut stream = object.stream().await.unwrap();
    stream.chunk().await.unwrap();
    memory.put(BUCKET, "a", vec![7; 100_000]);

    let error = loop {
        match stream.chunk().await {
            Ok(chunk) => assert!(chunk.is_some(), "it must not look complete"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ObjectErrorKind::Superseded);
}
