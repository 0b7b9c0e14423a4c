use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use futures_util::stream;
use s3_dispatch::objects::{ObjectErrorKind, Objects, PutBody, PutOutcome};
use s3_dispatch_testing::{Fault, MemoryObjects};

use super::{BUCKET, content};

#[tokio::test]
async fn an_object_is_written_with_its_content_type_and_metadata() {
    let memory = MemoryObjects::new();
    let put = Objects::new(memory.clone())
        .put_once(BUCKET, "my photo.jpg", content(10))
        .with_content_type("image/jpeg")
        .with_metadata("Source", "a.jpg");
    let PutOutcome::Written(written) = put.await.unwrap() else {
        panic!("nothing was there");
    };

    let head = memory.head(BUCKET, "my photo.jpg").unwrap();
    assert_eq!(memory.get(BUCKET, "my photo.jpg").unwrap(), content(10));
    assert_eq!(head.e_tag, written.e_tag);
    assert_eq!(head.content_type.as_deref(), Some("image/jpeg"));
    assert_eq!(head.metadata["source"], "a.jpg");
}

#[tokio::test]
async fn a_file_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.bin");
    std::fs::write(&path, "from disk").unwrap();

    let memory = MemoryObjects::new();
    let objects = Objects::new(memory.clone());
    let put = objects.put_once(BUCKET, "a", PutBody::file(&path));
    assert!(matches!(put.await.unwrap(), PutOutcome::Written(_)));
    assert_eq!(memory.get(BUCKET, "a").unwrap(), "from disk");

    let missing = objects.put_once(BUCKET, "b", PutBody::file(folder.path().join("missing")));
    assert_eq!(missing.await.unwrap_err().kind(), ObjectErrorKind::File);
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_made_anew_for_each_attempt() {
    let memory = MemoryObjects::new();
    memory.fail_next(Fault::Conflict);
    memory.fail_next(Fault::Conflict);
    let made = Arc::new(AtomicUsize::new(0));

    let count = Arc::clone(&made);
    let body = PutBody::stream(6, move || {
        count.fetch_add(1, Ordering::Relaxed);
        stream::iter(["abc", "def"].map(|piece| Ok(piece.into())))
    });
    let put = Objects::new(memory.clone()).put_once(BUCKET, "a", body);
    assert!(matches!(put.await.unwrap(), PutOutcome::Written(_)));
    assert_eq!(memory.get(BUCKET, "a").unwrap(), "abcdef");
    assert_eq!(made.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn what_is_there_is_not_overwritten() {
    let memory = MemoryObjects::new();
    memory.put(BUCKET, "a", "first");

    let put = Objects::new(memory.clone()).put_once(BUCKET, "a", "second!");
    let PutOutcome::AlreadyThere(Some(head)) = put.await.unwrap() else {
        panic!("an object is there");
    };
    assert_eq!(head.size, 5);
    assert_eq!(memory.get(BUCKET, "a").unwrap(), "first");
}

#[tokio::test]
async fn without_the_right_to_look_it_is_still_told_that_an_object_is_there() {
    let memory = MemoryObjects::new();
    memory.put(BUCKET, "a", "first");
    let objects = Objects::new(memory.clone());

    // The fault of a body cannot strike the write.
    let outcome = {
        let mut put = std::pin::pin!(objects.put_once(BUCKET, "a", "second").into_future());
        let mut is_first = true;
        std::future::poll_fn(move |context| {
            let polled = put.as_mut().poll(context);
            if memory.requests() == 1 && std::mem::take(&mut is_first) {
                memory.fail_next(Fault::Denied);
            }
            polled
        })
        .await
    };
    assert_eq!(outcome.unwrap(), PutOutcome::AlreadyThere(None));
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_recognised() {
    for is_versioned in [false, true] {
        let memory = MemoryObjects::new();
        let memory = if is_versioned {
            memory.with_versioned_bucket(BUCKET)
        } else {
            memory
        };
        memory.fail_next(Fault::AnswerLost);

        let put = Objects::new(memory.clone()).put_once(BUCKET, "a", "text");
        let PutOutcome::Written(written) = put.await.unwrap() else {
            panic!("this write wrote the object");
        };
        assert_eq!(written.e_tag, memory.head(BUCKET, "a").unwrap().e_tag);
        assert_eq!(memory.versions(BUCKET, "a"), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_meets_another_one_is_tried_again() {
    let memory = MemoryObjects::new();
    let objects = Objects::new(memory.clone());
    for _ in 0..4 {
        memory.fail_next(Fault::Conflict);
    }
    let put = objects.put_once(BUCKET, "a", "text");
    assert!(matches!(put.await.unwrap(), PutOutcome::Written(_)));

    for _ in 0..5 {
        memory.fail_next(Fault::Conflict);
    }
    let put = objects.put_once(BUCKET, "b", "text");
    assert_eq!(put.await.unwrap_err().kind(), ObjectErrorKind::Conflict);
    assert_eq!(memory.get(BUCKET, "b"), None);
}

#[tokio::test]
async fn only_the_object_that_is_to_be_replaced_is_replaced() {
    let memory = MemoryObjects::new();
    let objects = Objects::new(memory.clone());
    memory.put(BUCKET, "a", "old");
    let old = memory.head(BUCKET, "a").unwrap().e_tag.unwrap();

    let put = objects.put_once(BUCKET, "a", "new").replacing(old.clone());
    assert!(matches!(put.await.unwrap(), PutOutcome::Written(_)));
    let put = objects
        .put_once(BUCKET, "a", "newer")
        .replacing(old.clone());
    assert!(matches!(
        put.await.unwrap(),
        PutOutcome::AlreadyThere(Some(_))
    ));
    assert_eq!(memory.get(BUCKET, "a").unwrap(), "new");

    memory.delete(BUCKET, "a");
    let put = objects.put_once(BUCKET, "a", "newer").replacing(old);
    let error = put.await.unwrap_err();
    assert_eq!(
        error.kind(),
        ObjectErrorKind::Conflict,
        "the record is not skipped"
    );
    assert_eq!(memory.get(BUCKET, "a"), None);
}

#[tokio::test]
async fn a_denied_write_names_its_right() {
    let memory = MemoryObjects::new();
    memory.fail_next(Fault::Denied);

    let put = Objects::new(memory).put_once(BUCKET, "a", "text");
    assert_eq!(
        put.await.unwrap_err().to_string(),
        "\"a\" in bucket \"amzn-s3-demo-bucket\": the service denies the request; the role may \
         lack `s3:PutObject`"
    );
}

/// Drops the write after this number of polls. Returns whether it was done before.
async fn put_and_drop(objects: &Objects, polls: usize) -> bool {
    let mut put = std::pin::pin!(objects.put_once(BUCKET, "a", content(100)).into_future());
    let mut left = polls;

    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        put.as_mut().poll(context).map(|put| put.is_ok())
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn wherever_a_write_is_dropped_there_is_one_object_with_the_right_bytes() {
    let faults: [&[Fault]; 4] = [
        &[],
        &[Fault::AnswerLost],
        &[Fault::Conflict],
        &[Fault::Conflict, Fault::AnswerLost],
    ];

    for faults in faults {
        let mut has_finished = false;
        let mut polls = 0;
        while !has_finished {
            let memory = MemoryObjects::new().with_versioned_bucket(BUCKET);
            let objects = Objects::new(memory.clone());
            faults.iter().for_each(|fault| memory.fail_next(*fault));

            has_finished = put_and_drop(&objects, polls).await;
            assert!(memory.versions(BUCKET, "a") <= 1);

            // The next delivery.
            while !put_and_drop(&objects, usize::MAX).await {}
            assert_eq!(memory.versions(BUCKET, "a"), 1);
            assert_eq!(memory.get(BUCKET, "a").unwrap(), content(100));
            polls += 1;
        }
        assert!(polls > 2, "the write was dropped between its steps");
    }
}
