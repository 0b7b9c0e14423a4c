//! What a store must do, whatever it stores in.
//!
//! Run it against a store of your own, empty or not: identities are new each time. It waits for
//! leases of a second to run out, so it takes some seconds on a real clock and none on Tokio's
//! paused one.
//!
//! ```
//! use s3_dispatch::MemoryStore;
//! use s3_dispatch_testing::conformance;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?.block_on(async {
//! let store = MemoryStore::new();
//! conformance::check_claim_store(&store).await;
//! conformance::check_sequencer_store(&store).await;
//! # });
//! # Ok::<_, std::io::Error>(())
//! ```

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use futures_util::future::join_all;
use s3_dispatch::{Claim, ClaimStore, Identity, Lease, SequencerStore, StoreError};
use s3_dispatch_core::Sequencer;

const SHORT: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(600);
/// For what must happen within [`SHORT`], on whatever machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Checks the promises of [`ClaimStore`].
///
/// # Panics
///
/// When one is broken, with the promise.
pub async fn check_claim_store(store: &impl ClaimStore) {
    absent_then_in_progress_then_completed(store).await;
    released_is_absent(store).await;
    a_lease_runs_out(store).await;
    a_holder_may_complete_late(store).await;
    what_is_left_of_a_lease_is_true(store).await;
    a_completion_runs_out(store).await;
    of_many_claims_one_is_acquired(store).await;
    identities_do_not_mix(store).await;
}

/// Checks the promises of [`SequencerStore`].
///
/// # Panics
///
/// When one is broken, with the promise.
pub async fn check_sequencer_store(store: &impl SequencerStore) {
    it_never_goes_back(store).await;
    it_compares_numbers_and_not_texts(store).await;
    a_sequencer_runs_out(store).await;
    of_many_sequencers_the_newest_stays(store).await;
    objects_do_not_mix(store).await;
    what_is_not_hexadecimal_is_refused(store).await;
}

async fn absent_then_in_progress_then_completed(store: &impl ClaimStore) {
    let identity = new_identity("a");
    let lease = acquire(store, &identity, LONG).await;
    assert!(
        is_in_progress(store, &identity).await,
        "a claimed identity is in progress"
    );
    assert!(
        done(store.complete(&identity, &lease, LONG).await),
        "the holder can complete"
    );
    assert!(
        done(store.complete(&identity, &lease, LONG).await),
        "the holder can complete twice"
    );

    assert_eq!(
        claim(store, &identity).await,
        Claim::Completed,
        "a completed identity is completed"
    );

    assert!(
        !done(store.release(&identity, &lease).await),
        "a completed identity cannot be released"
    );

    assert_eq!(
        claim(store, &identity).await,
        Claim::Completed,
        "a completed identity stays completed"
    );
}

async fn released_is_absent(store: &impl ClaimStore) {
    let identity = new_identity("a");
    let first = acquire(store, &identity, LONG).await;

    assert!(
        !done(
            store
                .release(&identity, &Lease::new("of someone else"))
                .await
        ),
        "only the holder can release"
    );

    assert!(
        is_in_progress(store, &identity).await,
        "a stranger's release changes nothing"
    );
    assert!(
        done(store.release(&identity, &first).await),
        "the holder can release"
    );
    assert!(
        done(store.release(&identity, &first).await),
        "the holder can release twice"
    );
    let second = acquire(store, &identity, LONG).await;
    assert_ne!(first, second, "no two leases are alike");
    assert!(
        !done(store.release(&identity, &first).await),
        "a lease that is over releases nothing"
    );
    assert!(
        !done(store.complete(&identity, &first, LONG).await),
        "a lease that is over completes nothing"
    );
    assert!(
        is_in_progress(store, &identity).await,
        "a lease that is over changes nothing"
    );
    assert!(
        done(store.complete(&identity, &second, LONG).await),
        "the new holder can complete"
    );
}

async fn a_lease_runs_out(store: &impl ClaimStore) {
    let identity = new_identity("a");
    let first = acquire(store, &identity, SHORT).await;

    let second = wait_for("a lease runs out", async || {
        match claim(store, &identity).await {
            Claim::Acquired(lease) => Some(lease),
            Claim::InProgress { .. } => None,
            Claim::Completed => panic!("a lease that runs out completes nothing"),
        }
    })
    .await;

    assert!(
        !done(store.complete(&identity, &first, LONG).await),
        "who lost an identity cannot complete it"
    );
    assert!(
        !done(store.release(&identity, &first).await),
        "who lost an identity cannot release it"
    );
    assert!(
        done(store.complete(&identity, &second, LONG).await),
        "who took an identity over can complete it"
    );

    assert_eq!(
        claim(store, &identity).await,
        Claim::Completed,
        "and it is completed then"
    );
}

async fn a_holder_may_complete_late(store: &impl ClaimStore) {
    let (identity, witness) = (new_identity("a"), new_identity("w"));
    let lease = acquire(store, &identity, SHORT).await;
    acquire(store, &witness, SHORT).await;

    // Claimed after it, the witness runs out no earlier.
    wait_for("a lease runs out", async || {
        match claim(store, &witness).await {
            Claim::Acquired(_) => Some(()),
            _ => None,
        }
    })
    .await;

    assert!(
        done(store.complete(&identity, &lease, LONG).await),
        "who was late, but not too late, can complete"
    );

    assert_eq!(
        claim(store, &identity).await,
        Claim::Completed,
        "and it is completed then"
    );
}

async fn what_is_left_of_a_lease_is_true(store: &impl ClaimStore) {
    let identity = new_identity("a");
    acquire(store, &identity, LONG).await;

    if let Claim::InProgress { left: Some(left) } = claim(store, &identity).await {
        assert!(
            left <= LONG && left > LONG - PATIENCE,
            "of {LONG:?} just begun {left:?} are left"
        );
    }
}

async fn a_completion_runs_out(store: &impl ClaimStore) {
    let identity = new_identity("a");
    let lease = acquire(store, &identity, LONG).await;
    assert!(
        done(store.complete(&identity, &lease, SHORT).await),
        "the holder can complete"
    );

    wait_for("a completion runs out", async || {
        match claim(store, &identity).await {
            Claim::Acquired(lease) => Some(lease),
            Claim::Completed => None,
            Claim::InProgress { .. } => {
                panic!("a completion that runs out leaves nothing in progress")
            }
        }
    })
    .await;
}

async fn of_many_claims_one_is_acquired(store: &impl ClaimStore) {
    let identity = new_identity("a");
    let claims = join_all((0..30).map(|_| claim(store, &identity))).await;
    let acquired = claims
        .iter()
        .filter(|claim| matches!(claim, Claim::Acquired(_)))
        .count();
    assert_eq!(
        acquired, 1,
        "of simultaneous claims one is acquired: {claims:?}"
    );
    let others = claims
        .iter()
        .filter(|claim| matches!(claim, Claim::InProgress { .. }))
        .count();
    assert_eq!(others, 29, "and the others find it in progress: {claims:?}");
}

async fn identities_do_not_mix(store: &impl ClaimStore) {
    let base = new_identity("a");
    for identity in strange(&base) {
        acquire(store, &identity, LONG).await;
    }

    for identity in strange(&base) {
        assert!(
            is_in_progress(store, &identity).await,
            "an identity is any text: {identity:?}"
        );
    }
}

async fn it_never_goes_back(store: &impl SequencerStore) {
    let object = new_identity("o");
    assert_eq!(
        latest(store, &object).await,
        None,
        "nothing is known of a new object"
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
            "it never goes back ({sequencer})"
        );
    }
}

async fn it_compares_numbers_and_not_texts(store: &impl SequencerStore) {
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
            "it compares numbers ({sequencer})"
        );
    }
}

async fn a_sequencer_runs_out(store: &impl SequencerStore) {
    let object = new_identity("o");
    let advanced = store.advance(&object, &Sequencer::from("09"), SHORT).await;
    assert!(advanced.is_ok(), "the store answers: {advanced:?}");
    wait_for("a sequencer runs out", async || {
        latest(store, &object).await.is_none().then_some(())
    })
    .await;
    advance(store, &object, "01").await;

    assert_eq!(
        latest(store, &object).await.as_deref(),
        Some("01"),
        "what ran out stands in nobody's way"
    );
}

async fn of_many_sequencers_the_newest_stays(store: &impl SequencerStore) {
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
        "of simultaneous ones the newest stays"
    );
}

async fn objects_do_not_mix(store: &impl SequencerStore) {
    let base = new_identity("o");
    for (index, object) in strange(&base).iter().enumerate() {
        advance(store, object, &format!("{index:02X}")).await;
    }

    for (index, object) in strange(&base).iter().enumerate() {
        let expected = format!("{index:02X}");
        assert_eq!(
            latest(store, object).await,
            Some(expected),
            "an object is any text: {object:?}"
        );
    }
}

async fn what_is_not_hexadecimal_is_refused(store: &impl SequencerStore) {
    let object = new_identity("o");
    let advanced = store
        .advance(&object, &Sequencer::from("EXAMPLE"), LONG)
        .await;
    assert!(
        advanced.is_err(),
        "a sequencer that cannot be compared is refused"
    );
    assert_eq!(latest(store, &object).await, None, "and not remembered");
}

async fn claim(store: &impl ClaimStore, identity: &Identity) -> Claim {
    done(store.claim(identity, LONG).await)
}

async fn is_in_progress(store: &impl ClaimStore, identity: &Identity) -> bool {
    matches!(claim(store, identity).await, Claim::InProgress { .. })
}

async fn acquire(store: &impl ClaimStore, identity: &Identity, lease: Duration) -> Lease {
    match done(store.claim(identity, lease).await) {
        Claim::Acquired(lease) => lease,
        other => panic!("an absent identity can be claimed, but {identity:?} is {other:?}"),
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

fn done<T>(answer: Result<T, StoreError>) -> T {
    match answer {
        Ok(answer) => answer,
        Err(error) => panic!("the store answers: {error:?}"),
    }
}

async fn wait_for<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            tokio::time::sleep(SHORT / 10).await;
        }
    };

    match tokio::time::timeout(PATIENCE, waiting).await {
        Ok(seen) => seen,
        Err(_) => panic!("{what}, but it did not within {PATIENCE:?}"),
    }
}

/// One that no store has seen.
fn new_identity(kind: &str) -> Identity {
    static NEXT: AtomicU64 = AtomicU64::new(0);

    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_nanos();

    Identity::new(format!(
        "{kind}-{}-{now}-{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    ))
}

/// Texts that a careless store takes for each other, or not at all.
fn strange(base: &Identity) -> Vec<Identity> {
    let long = "long/".repeat(600);
    let endings = [
        "", " ", "  ", "a", "A", "é", "e\u{301}", "日本", "🦀", "\"", "'", "\\", "%41", "|", "#",
        "\u{7f}",
    ];
    let mut identities: Vec<_> = endings
        .iter()
        .map(|ending| Identity::new(format!("{base}{ending}")))
        .collect();
    identities.push(Identity::new(format!("{base}{long}1")));
    identities.push(Identity::new(format!("{base}{long}2")));

    identities
}
