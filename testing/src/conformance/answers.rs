//! Waits for the answers of a store.

use std::time::Duration;

use s3_dispatch::ClaimStore;
use s3_dispatch::once::{Claim, Identity, Lease, StoreError};

/// A lease that expires during a check.
pub(super) const SHORT: Duration = Duration::from_secs(1);
/// A lease that does not expire during a check.
pub(super) const LONG: Duration = Duration::from_secs(600);
/// How long to wait for something that is due after [`SHORT`], even on a slow machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// The answer of a store.
///
/// # Panics
///
/// If the store failed.
pub(super) fn done<T>(answer: Result<T, StoreError>) -> T {
    match answer {
        Ok(answer) => answer,
        Err(error) => panic!("the store failed: {error:?}"),
    }
}

/// Calls `look` until it returns a value.
///
/// # Panics
///
/// After [`PATIENCE`].
pub(super) async fn wait_for<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
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
        Err(_) => panic!("{what}, but not within {PATIENCE:?}"),
    }
}

pub(super) async fn claim(store: &impl ClaimStore, identity: &Identity) -> Claim {
    done(store.claim(identity, LONG).await)
}

pub(super) async fn is_in_progress(store: &impl ClaimStore, identity: &Identity) -> bool {
    matches!(claim(store, identity).await, Claim::InProgress { .. })
}

pub(super) async fn acquire(
    store: &impl ClaimStore,
    identity: &Identity,
    lease: Duration,
) -> Lease {
    match done(store.claim(identity, lease).await) {
        Claim::Acquired(lease) => lease,
        other => panic!("a new identity can be claimed, but {identity:?} is {other:?}"),
    }
}
