//! The suite for a [`ClaimStore`].

use futures_util::future::join_all;
use s3_dispatch::ClaimStore;
use s3_dispatch::once::{Claim, Lease};

use super::answers::{LONG, PATIENCE, SHORT, acquire, claim, done, is_in_progress, wait_for};
use super::identities::{new_identity, similar};
use super::states::check_states;

/// Checks every promise of [`ClaimStore`], and those about states of objects if the store
/// [remembers them](ClaimStore::remembers_states).
///
/// # Panics
///
/// Panics if the store breaks a promise, with a message that names the promise, and if the store
/// returns an error.
pub async fn check_claim_store(store: &impl ClaimStore) {
    a_claim_is_in_progress_until_it_is_completed(store).await;
    a_released_identity_can_be_claimed(store).await;
    an_expired_lease_can_be_taken_over(store).await;
    a_late_holder_can_complete(store).await;
    the_rest_of_a_lease_is_right(store).await;
    a_completion_expires(store).await;
    one_of_many_claims_is_acquired(store).await;
    every_identity_is_distinct(store).await;
    check_states(store).await;
}

async fn a_claim_is_in_progress_until_it_is_completed(store: &impl ClaimStore) {
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
        "a claim of a completed identity is `Completed`"
    );

    assert!(
        !done(store.release(&identity, &lease).await),
        "a completed identity cannot be released"
    );

    assert_eq!(
        claim(store, &identity).await,
        Claim::Completed,
        "a release does not change a completed identity"
    );
}

async fn a_released_identity_can_be_claimed(store: &impl ClaimStore) {
    let identity = new_identity("a");
    let first = acquire(store, &identity, LONG).await;

    assert!(
        !done(
            store
                .release(&identity, &Lease::new("of another holder"))
                .await
        ),
        "only the holder can release"
    );

    assert!(
        is_in_progress(store, &identity).await,
        "a release by another holder changes nothing"
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
    assert_ne!(first, second, "every lease is different");

    assert!(
        !done(store.release(&identity, &first).await),
        "a released lease cannot release"
    );

    assert!(
        !done(store.complete(&identity, &first, LONG).await),
        "a released lease cannot complete"
    );

    assert!(
        is_in_progress(store, &identity).await,
        "a released lease changes nothing"
    );

    assert!(
        done(store.complete(&identity, &second, LONG).await),
        "the new holder can complete"
    );
}

async fn an_expired_lease_can_be_taken_over(store: &impl ClaimStore) {
    let identity = new_identity("a");
    let first = acquire(store, &identity, SHORT).await;

    let second = wait_for("a lease expires", async || {
        match claim(store, &identity).await {
            Claim::Acquired(lease) => Some(lease),
            Claim::InProgress { .. } => None,
            Claim::Completed => panic!("an expired lease does not complete the identity"),
        }
    })
    .await;

    assert!(
        !done(store.complete(&identity, &first, LONG).await),
        "a holder that was replaced cannot complete"
    );

    assert!(
        !done(store.release(&identity, &first).await),
        "a holder that was replaced cannot release"
    );

    assert!(
        done(store.complete(&identity, &second, LONG).await),
        "the holder that took over can complete"
    );

    assert_eq!(
        claim(store, &identity).await,
        Claim::Completed,
        "the identity is completed"
    );
}

async fn a_late_holder_can_complete(store: &impl ClaimStore) {
    let (identity, witness) = (new_identity("a"), new_identity("w"));
    let lease = acquire(store, &identity, SHORT).await;
    acquire(store, &witness, SHORT).await;

    // The witness was claimed later, so its lease does not expire earlier.
    wait_for("a lease expires", async || {
        match claim(store, &witness).await {
            Claim::Acquired(_) => Some(()),
            _ => None,
        }
    })
    .await;

    assert!(
        done(store.complete(&identity, &lease, LONG).await),
        "a holder can complete after its lease has expired, if nobody took over"
    );

    assert_eq!(
        claim(store, &identity).await,
        Claim::Completed,
        "the identity is completed"
    );
}

async fn the_rest_of_a_lease_is_right(store: &impl ClaimStore) {
    let identity = new_identity("a");
    acquire(store, &identity, LONG).await;

    if let Claim::InProgress { left: Some(left) } = claim(store, &identity).await {
        assert!(
            left <= LONG && left > LONG - PATIENCE,
            "{left:?} are left of a new lease of {LONG:?}"
        );
    }
}

async fn a_completion_expires(store: &impl ClaimStore) {
    let identity = new_identity("a");
    let lease = acquire(store, &identity, LONG).await;

    assert!(
        done(store.complete(&identity, &lease, SHORT).await),
        "the holder can complete"
    );

    wait_for("a completion expires", async || {
        match claim(store, &identity).await {
            Claim::Acquired(lease) => Some(lease),
            Claim::Completed => None,
            Claim::InProgress { .. } => {
                panic!("an expired completion is not in progress")
            }
        }
    })
    .await;
}

async fn one_of_many_claims_is_acquired(store: &impl ClaimStore) {
    let identity = new_identity("a");
    let claims = join_all((0..30).map(|_| claim(store, &identity))).await;

    let acquired = claims
        .iter()
        .filter(|claim| matches!(claim, Claim::Acquired(_)))
        .count();
    assert_eq!(
        acquired, 1,
        "one of many simultaneous claims is acquired: {claims:?}"
    );

    let others = claims
        .iter()
        .filter(|claim| matches!(claim, Claim::InProgress { .. }))
        .count();
    assert_eq!(others, 29, "the other claims are in progress: {claims:?}");
}

async fn every_identity_is_distinct(store: &impl ClaimStore) {
    let base = new_identity("a");
    for identity in similar(&base) {
        acquire(store, &identity, LONG).await;
    }

    for identity in similar(&base) {
        assert!(
            is_in_progress(store, &identity).await,
            "an identity can be any text: {identity:?}"
        );
    }
}
