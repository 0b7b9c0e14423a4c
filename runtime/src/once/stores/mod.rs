//! What the wrappers remember, and where: the traits of stores, and the stores of this crate.
//!
//! `Deduplicated` needs a `ClaimStore`, `Exclusive` a `LeaseStore` and `LatestOnly` a
//! `SequencerStore`. `MemoryStore` and `DynamoDbStore` are all three.

pub(crate) mod store;
pub(crate) mod memory;
mod memory_entries;
#[cfg(feature = "dynamodb")]
pub(crate) mod dynamodb;
#[cfg(feature = "dynamodb")]
mod dynamodb_item;
#[cfg(feature = "dynamodb")]
mod dynamodb_states;
