//! The suite for a [`LeaseStore`].

use std::time::Duration;

use s3_dispatch::LeaseStore;
use s3_dispatch::once::{Claim, Identity, Lease};
use tokio::time::Instant;

use super::answers::{LONG, PATIENCE, SHORT, acquire, claim, done, is_in_progress, wait_for};
use super::claim_store::check_claim_store;
use super::identities::new_identity;

/// Checks every promise of [`LeaseStore`], and those of [`ClaimStore`](s3_dispatch::ClaimStore).
///
/// # Panics
///
/// Panics if the store breaks a promise, with a message that names the promise, and if the store
/// returns an error.
pub async fn check_lease_store(store: &impl LeaseStore) {
    check_claim_store(store).await;
    a_renewed_lease_lasts_longer(store).await;
    a_renewal_never_shortens_a_lease(store).await;
    a_renewed_lease_expires(store).await;
    only_the_holder_can_renew(store).await;
    a_renewed_lease_can_complete_and_release(store).await;
    every_lease_is_renewed_alone(store).await;
}

async fn a_renewed_lease_lasts_longer(store: &impl LeaseStore) {
    let identity = new_identity("l");
    let lease = acquire(store, &identity, SHORT).await;
    assert!(
        renew(store, &identity, &lease, LONG).await,
        "the holder can renew"
    );

    outlast(store, SHORT).await;
    assert!(
        is_in_progress(store, &identity).await,
        "a renewed lease does not expire at its old time"
    );

    if let Claim::InProgress { left: Some(left) } = claim(store, &identity).await {
        assert!(
            left <= LONG && left > LONG - PATIENCE,
            "{left:?} are left of a lease that was renewed for {LONG:?}"
        );
    }
}

async fn a_renewal_never_shortens_a_lease(store: &impl LeaseStore) {
    let identity = new_identity("l");
    let lease = acquire(store, &identity, LONG).await;
    assert!(
        renew(store, &identity, &lease, SHORT).await,
        "the holder can renew for a shorter time than is left"
    );

    outlast(store, SHORT).await;
    assert!(
        is_in_progress(store, &identity).await,
        "a renewal never shortens a lease"
    );
}

async fn a_renewed_lease_expires(store: &impl LeaseStore) {
    let identity = new_identity("l");
    let first = acquire(store, &identity, SHORT).await;
    renew(store, &identity, &first, SHORT).await;

    let second = wait_for("a renewed lease expires", async || {
        match claim(store, &identity).await {
            Claim::Acquired(lease) => Some(lease),
            _ => None,
        }
    })
    .await;

    assert_ne!(first, second, "every lease is different");
    assert!(
        !renew(store, &identity, &first, LONG).await,
        "a holder that was replaced cannot renew"
    );
    assert!(
        renew(store, &identity, &second, LONG).await,
        "the holder that took over can renew"
    );
}

async fn only_the_holder_can_renew(store: &impl LeaseStore) {
    let (identity, stranger) = (new_identity("l"), Lease::new("of another holder"));
    assert!(
        !renew(store, &identity, &stranger, LONG).await,
        "an absent identity cannot be renewed"
    );

    let lease = acquire(store, &identity, LONG).await;
    assert!(
        !renew(store, &identity, &stranger, LONG).await,
        "only the holder can renew"
    );

    done(store.release(&identity, &lease).await);
    assert!(
        !renew(store, &identity, &lease, LONG).await,
        "a released lease cannot be renewed"
    );

    let next = acquire(store, &identity, LONG).await;
    assert!(
        !renew(store, &identity, &lease, LONG).await,
        "a released lease cannot renew that of another holder"
    );

    done(store.complete(&identity, &next, LONG).await);
    assert!(
        !renew(store, &identity, &next, LONG).await,
        "a completed identity cannot be renewed"
    );
    assert_eq!(
        claim(store, &identity).await,
        Claim::Completed,
        "a renewal does not change a completed identity"
    );
}

async fn a_renewed_lease_can_complete_and_release(store: &impl LeaseStore) {
    let [completed, released] = [new_identity("l"), new_identity("l")];

    let lease = acquire(store, &completed, LONG).await;
    renew(store, &completed, &lease, LONG).await;
    assert!(
        done(store.complete(&completed, &lease, LONG).await),
        "a holder that has renewed can complete"
    );

    let lease = acquire(store, &released, LONG).await;
    renew(store, &released, &lease, LONG).await;
    assert!(
        done(store.release(&released, &lease).await),
        "a holder that has renewed can release"
    );
    acquire(store, &released, LONG).await;
}

async fn every_lease_is_renewed_alone(store: &impl LeaseStore) {
    let (renewed, other) = (new_identity("l"), new_identity("l"));
    let lease = acquire(store, &renewed, SHORT).await;
    acquire(store, &other, SHORT).await;
    renew(store, &renewed, &lease, LONG).await;

    wait_for(
        "the lease of another identity expires",
        async || match claim(store, &other).await {
            Claim::Acquired(_) => Some(()),
            _ => None,
        },
    )
    .await;
}

/// Waits until a lease of this length has expired that is claimed now.
async fn outlast(store: &impl LeaseStore, length: Duration) {
    let (witness, started) = (new_identity("w"), Instant::now());
    acquire(store, &witness, length).await;

    wait_for("a lease expires", async || {
        match claim(store, &witness).await {
            Claim::Acquired(_) => Some(()),
            _ => None,
        }
    })
    .await;

    assert!(
        started.elapsed() >= length / 2,
        "a lease of {length:?} lasts longer than {:?}",
        started.elapsed()
    );
}

async fn renew(
    store: &impl LeaseStore,
    identity: &Identity,
    lease: &Lease,
    duration: Duration,
) -> bool {
    done(store.renew(identity, lease, duration).await)
}
