//! `MemoryStore`: the conformance suite, and what a full store forgets.

use std::sync::Arc;
use std::time::Duration;

use s3_dispatch::once::{Claim, Identity};
use s3_dispatch::{ClaimStore, MemoryStore, SequencerStore};
use s3_dispatch_testing::conformance;

const LONG: Duration = Duration::from_secs(600);

#[tokio::test(start_paused = true)]
async fn it_passes_the_conformance_suite() {
    let store = MemoryStore::new();
    conformance::check_lease_store(&store).await;
    conformance::check_lease_store(&Arc::new(MemoryStore::new())).await;
    conformance::check_sequencer_store(&store).await;
}

fn identity(number: usize) -> Identity {
    Identity::new(number.to_string())
}

async fn claim(store: &MemoryStore, number: usize) -> Claim {
    store.claim(&identity(number), LONG).await.unwrap()
}

async fn complete(store: &MemoryStore, number: usize) {
    let Claim::Acquired(lease) = claim(store, number).await else {
        panic!("{number} is not absent")
    };

    assert!(
        store
            .complete(&identity(number), &lease, LONG)
            .await
            .unwrap()
    );
}

#[tokio::test(start_paused = true)]
async fn a_full_store_forgets_the_oldest_completion() {
    let store = MemoryStore::with_capacity(3);
    for number in 0..10 {
        complete(&store, number).await;
        assert!(store.len() <= 3);
    }

    for (number, expected) in [(9, true), (8, true), (7, true), (6, false)] {
        assert_eq!(
            claim(&store, number).await == Claim::Completed,
            expected,
            "{number}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_store_keeps_claims_in_progress() {
    let store = MemoryStore::with_capacity(3);
    assert!(matches!(claim(&store, 0).await, Claim::Acquired(_)));
    assert!(matches!(claim(&store, 1).await, Claim::Acquired(_)));

    for number in 2..10 {
        complete(&store, number).await;
    }

    for number in [0, 1] {
        assert!(matches!(
            claim(&store, number).await,
            Claim::InProgress { .. }
        ));
    }

    assert!(matches!(claim(&store, 11).await, Claim::Acquired(_)));
    assert!(store.claim(&identity(12), LONG).await.is_err());
    tokio::time::advance(LONG).await;
    assert!(matches!(claim(&store, 12).await, Claim::Acquired(_)));
}

#[tokio::test(start_paused = true)]
async fn an_updated_entry_does_not_grow_the_store() {
    let store = MemoryStore::with_capacity(2);
    for number in 0..1_000u32 {
        let sequencer = s3_dispatch::Sequencer::from(format!("{number:08X}"));
        store.advance(&identity(0), &sequencer, LONG).await.unwrap();
        assert_eq!(store.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_store_forgets_expired_entries_first() {
    let store = MemoryStore::with_capacity(2);
    complete(&store, 0).await;
    let Claim::Acquired(lease) = store.claim(&identity(1), LONG).await.unwrap() else {
        panic!("the identity is not absent")
    };

    assert!(
        store
            .complete(&identity(1), &lease, Duration::from_secs(1))
            .await
            .unwrap()
    );

    tokio::time::advance(Duration::from_secs(1)).await;
    complete(&store, 2).await;
    assert_eq!(claim(&store, 0).await, Claim::Completed);
}

#[tokio::test(start_paused = true)]
async fn a_full_store_forgets_states_with_their_completions() {
    let store = MemoryStore::with_capacity(3);
    for number in 0..10 {
        let Claim::Acquired(lease) = claim(&store, number).await else {
            panic!("{number} is not absent")
        };
        let (identity, state) = (identity(number), identity(number % 5));
        let completed = store.complete_state(&identity, &lease, LONG, &state).await;
        assert!(completed.unwrap());
    }

    // The last three completions are those of the states 2, 3 and 4.
    for (state, expected) in [(0, false), (1, false), (2, true), (3, true), (4, true)] {
        let is_remembered = store.has_state(&identity(state)).await.unwrap();
        assert_eq!(is_remembered, expected, "{state}");
    }
}
