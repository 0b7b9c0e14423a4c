//! The leases keep the promises of their trait, to one process and to several.

use std::time::Duration;

use mirror::Leases;
use s3_dispatch::once::{Claim, Identity};
use s3_dispatch::{ClaimStore, LeaseStore};
use s3_dispatch_testing::conformance::check_lease_store;

#[tokio::test(start_paused = true)]
async fn the_leases_keep_the_promises_of_a_lease_store() {
    let folder = tempfile::tempdir().unwrap();
    check_lease_store(&Leases::new(folder.path().join("index.sqlite"))).await;
}

#[tokio::test(start_paused = true)]
async fn two_processes_share_the_leases_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("index.sqlite");
    let (one, other) = (Leases::new(&file), Leases::new(&file));
    let (key, minute) = (Identity::new("key"), Duration::from_secs(60));

    let Claim::Acquired(lease) = one.claim(&key, minute).await.unwrap() else {
        panic!("nobody holds the key")
    };
    let claim = other.claim(&key, minute).await.unwrap();
    assert!(matches!(claim, Claim::InProgress { .. }), "{claim:?}");

    assert!(one.release(&key, &lease).await.unwrap());
    let claim = other.claim(&key, minute).await.unwrap();
    assert!(matches!(claim, Claim::Acquired(_)), "{claim:?}");
    assert!(!one.renew(&key, &lease, minute).await.unwrap());
}
