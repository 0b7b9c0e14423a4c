//! Tests of the crate's promises, through its public interface.
#![allow(clippy::unwrap_used)]

mod event_name;
mod event_pattern;
mod event_time;
mod object_key;
mod sequencer;
mod emitters;
mod optional_fields;
mod required_fields;
mod event_data;
mod eventbridge;
mod envelopes;
mod backfilled;
mod batch_jobs;
mod leniency;
mod malformed;
mod sqs_message;
mod delivery;
mod record;
mod views;
mod removals;
mod routes;
mod effects;
mod keys;
mod key_argument;
mod manifest;
mod manifest_keys;
mod filter_criteria;
mod manifest_properties;
mod iam;
mod handlers;
mod reports;
mod round_trip;
mod never_panics;
mod reading_modes;
mod plain_messages;
mod large_payloads;
mod special_bytes;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, Wake};

use s3_dispatch_core::{MessageContext, Notification, Outcome, Router, S3EventRecord};

/// The records of a body. Fails the test if it is a test notification or cannot be read.
#[track_caller]
fn records(body: impl Into<String>) -> Vec<S3EventRecord> {
    match Notification::parse(body.into()) {
        Ok(Notification::Records(records)) => records,
        other => panic!("expected records, got {other:?}"),
    }
}

/// The one record of a body.
#[track_caller]
fn only_record(body: impl Into<String>) -> S3EventRecord {
    let mut records = records(body);
    assert_eq!(records.len(), 1);
    records.remove(0)
}

/// Routes a record. The handlers of these tests never wait for anything but another poll.
#[track_caller]
fn route(router: &impl Router, record: &S3EventRecord, message: &MessageContext) -> Outcome {
    let woken = Arc::new(Woken::default());
    let waker = Arc::clone(&woken).into();
    let mut future = router.route(record, message);

    loop {
        match future
            .as_mut()
            .poll(&mut std::task::Context::from_waker(&waker))
        {
            Poll::Ready(outcome) => return outcome,
            Poll::Pending if woken.0.swap(false, Ordering::Relaxed) => {}
            Poll::Pending => panic!("the handler is waiting"),
        }
    }
}

/// Whether a future wants to be polled again.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}
