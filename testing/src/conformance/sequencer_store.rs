//! The suite for a [`SequencerStore`].

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;
use s3_dispatch::SequencerStore;
use s3_dispatch::once::Identity;
use s3_dispatch_core::{Notification, Sequencer};

use super::answers::{LONG, SHORT, done, wait_for};
use super::identities::{new_identity, similar};
use crate::{NotificationBuilder, RecordBuilder};

/// Checks every promise of [`SequencerStore`].
///
/// # Panics
///
/// Panics if the store breaks a promise, with a message that names the promise, and if the store
/// returns an error.
pub async fn check_sequencer_store(store: &impl SequencerStore) {
    the_latest_never_goes_back(store).await;
    sequencers_are_compared_as_numbers(store).await;
    a_sequencer_expires(store).await;
    the_newest_of_many_sequencers_remains(store).await;
    every_object_is_distinct(store).await;
    a_sequencer_that_is_not_hexadecimal_is_rejected(store).await;
    a_payload_is_not_kept(store).await;
}

async fn the_latest_never_goes_back(store: &impl SequencerStore) {
    let object = new_identity("o");
    assert_eq!(
        latest(store, &object).await,
        None,
        "a new object has no latest sequencer"
    );

    for (sequencer, expected) in [
        ("05", "05"),
        ("04", "05"),
        ("05", "05"),
        ("06", "06"),
        ("00", "06"),
    ] {
        advance(store, &object, sequencer).await;
        assert_eq!(
            latest(store, &object).await.as_deref(),
            Some(expected),
            "the latest sequencer never goes back ({sequencer})"
        );
    }
}

async fn sequencers_are_compared_as_numbers(store: &impl SequencerStore) {
    let object = new_identity("o");
    let steps = [
        ("617f08299329d189", "617f08299329d189"),
        ("00617F08299329D188", "617f08299329d189"),
        ("00617F08299329D18A", "00617F08299329D18A"),
        ("FF", "00617F08299329D18A"),
        ("1000617F08299329D18A", "1000617F08299329D18A"),
    ];

    for (sequencer, expected) in steps {
        advance(store, &object, sequencer).await;
        assert_eq!(
            latest(store, &object).await.as_deref(),
            Some(expected),
            "sequencers are compared as numbers ({sequencer})"
        );
    }
}

async fn a_sequencer_expires(store: &impl SequencerStore) {
    let object = new_identity("o");
    let advanced = store.advance(&object, &Sequencer::from("09"), SHORT).await;
    assert!(advanced.is_ok(), "the store failed: {advanced:?}");
    wait_for("a sequencer expires", async || {
        latest(store, &object).await.is_none().then_some(())
    })
    .await;

    advance(store, &object, "01").await;

    assert_eq!(
        latest(store, &object).await.as_deref(),
        Some("01"),
        "an older sequencer can follow an expired one"
    );
}

async fn the_newest_of_many_sequencers_remains(store: &impl SequencerStore) {
    let object = new_identity("o");
    let sequencers: Vec<String> = (0..30)
        .map(|number| format!("{:02X}", (number * 7) % 30))
        .collect();

    join_all(
        sequencers
            .iter()
            .map(|sequencer| advance(store, &object, sequencer)),
    )
    .await;

    assert_eq!(
        latest(store, &object).await.as_deref(),
        Some("1D"),
        "the newest of many simultaneous sequencers remains"
    );
}

async fn every_object_is_distinct(store: &impl SequencerStore) {
    let base = new_identity("o");
    for (index, object) in similar(&base).iter().enumerate() {
        advance(store, object, &format!("{index:02X}")).await;
    }

    for (index, object) in similar(&base).iter().enumerate() {
        let expected = format!("{index:02X}");
        assert_eq!(
            latest(store, object).await,
            Some(expected),
            "an object can be any text: {object:?}"
        );
    }
}

async fn a_sequencer_that_is_not_hexadecimal_is_rejected(store: &impl SequencerStore) {
    let object = new_identity("o");
    let advanced = store
        .advance(&object, &Sequencer::from("EXAMPLE"), LONG)
        .await;
    assert!(
        advanced.is_err(),
        "a sequencer that is not hexadecimal is rejected"
    );

    assert_eq!(
        latest(store, &object).await,
        None,
        "a rejected sequencer is not stored"
    );
}

async fn a_payload_is_not_kept(store: &impl SequencerStore) {
    let object = new_identity("o");
    let alive = Arc::new(());
    let payload = Payload {
        json: NotificationBuilder::from(RecordBuilder::new("ObjectCreated:Put")).to_json(),
        _alive: Arc::clone(&alive),
    };

    if let Ok(Notification::Records(records)) = Notification::parse(Bytes::from_owner(payload)) {
        for record in &records {
            if let Some(sequencer) = &record.object.sequencer {
                done(store.advance(&object, sequencer, LONG).await);
            }
        }
    }

    assert!(
        latest(store, &object).await.is_some(),
        "a sequencer that is a slice of a payload is stored"
    );

    assert_eq!(
        Arc::strong_count(&alive),
        1,
        "a store keeps a copy of a sequencer, and not the payload that it is a slice of"
    );
}

/// A payload that tells when its memory is freed.
struct Payload {
    json: String,
    _alive: Arc<()>,
}

impl AsRef<[u8]> for Payload {
    fn as_ref(&self) -> &[u8] {
        self.json.as_bytes()
    }
}

async fn latest(store: &impl SequencerStore, object: &Identity) -> Option<String> {
    done(store.latest(object).await).map(|sequencer| sequencer.as_str().to_owned())
}

async fn advance(store: &impl SequencerStore, object: &Identity, sequencer: &str) {
    done(
        store
            .advance(object, &Sequencer::from(sequencer), LONG)
            .await,
    );
}
