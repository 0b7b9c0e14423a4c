//! Routers that remember: each record is handled once, and never after a newer one of its key.
//!
//! S3 delivers at least once and in any order. These routers wrap another router, so that its
//! handlers need not care; programs wrap their routes in them.

pub(crate) mod deduplicated;
#[cfg(feature = "dynamodb")]
pub(crate) mod dynamodb;
pub(crate) mod identity;
pub(crate) mod latest_only;
pub(crate) mod memory;
pub(crate) mod store;

pub use deduplicated::Outage;
pub use identity::Identity;
pub use store::{Claim, Lease, StoreError};
