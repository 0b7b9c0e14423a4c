//! The suites that an implementation of a store must pass.
//!
//! Run them against your own [`ClaimStore`](s3_dispatch::ClaimStore),
//! [`LeaseStore`](s3_dispatch::LeaseStore) or [`SequencerStore`](s3_dispatch::SequencerStore). The
//! suite of a `LeaseStore` includes that of a `ClaimStore`. The store may have entries already,
//! because each run uses new identities. Some checks wait for a lease of one second to expire, so a
//! suite takes a few seconds on a real clock and no time on Tokio's paused clock.
//!
//! ```
//! use s3_dispatch::MemoryStore;
//! use s3_dispatch_testing::conformance;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?
//! #     .block_on(async {
//! let store = MemoryStore::new();
//! conformance::check_lease_store(&store).await;
//! conformance::check_sequencer_store(&store).await;
//! # });
//! # Ok::<_, std::io::Error>(())
//! ```
//!
//! With the feature `objects` there is also a suite for an `ObjectStore`, `check_object_store`. It
//! needs someone else who changes the objects: `ObjectChanges`.

mod identities;
mod answers;
mod claim_store;
mod states;
mod lease_store;
mod sequencer_store;
#[cfg(feature = "objects")]
mod object_store;

pub use claim_store::check_claim_store;
pub use lease_store::check_lease_store;
#[cfg(feature = "objects")]
pub use object_store::{ObjectChanges, check_object_store};
pub use sequencer_store::check_sequencer_store;
