//! Router wrappers that remember what was handled, and the stores that they use.
//!
//! S3, SNS and SQS deliver at least once, in any order, and to several processes at a time.
//! [`Deduplicated`](crate::Deduplicated), [`Exclusive`](crate::Exclusive) and
//! [`LatestOnly`](crate::LatestOnly) wrap a router, so that its handlers do not have to deal with
//! that. Programs that configure them, and stores that implement
//! [`ClaimStore`](crate::ClaimStore), [`LeaseStore`](crate::LeaseStore) or
//! [`SequencerStore`](crate::SequencerStore), use the types of this module.

pub(crate) mod deduplicated;
pub(crate) mod exclusive;
mod held;
mod waiting;
mod outage;
pub(crate) mod latest_only;
mod order;
mod position;
mod identity;
pub(crate) mod store;
pub(crate) mod memory;
mod memory_entries;
#[cfg(feature = "dynamodb")]
pub(crate) mod dynamodb;
#[cfg(feature = "dynamodb")]
mod dynamodb_item;

pub use identity::Identity;
pub use outage::Outage;
pub use store::{Claim, Lease, StoreError};
