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
pub(crate) mod latest_only;
mod order;
mod position;
mod outage;
mod identity;
mod look_up;
pub(crate) mod stores;

pub use identity::Identity;
pub use outage::Outage;
pub use stores::store::{Claim, Lease, StoreError};
