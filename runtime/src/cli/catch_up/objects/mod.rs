//! Sources of objects: a listing of a bucket, a report of S3 Inventory, or a file of keys.
//!
//! Each gives objects in an order that it can go on in, behind a position. `backfill` makes events
//! of them, and `audit` asks whether they were handled.

mod found;
mod position;
mod error;
mod reading;
mod rows;
mod listing;
mod versions;
mod inventory;
mod keys;
mod manifest;
mod object_source;

pub(in crate::cli) use error::OriginError;
pub(in crate::cli) use found::Found;
pub(in crate::cli) use listing::Scope;
pub(in crate::cli) use object_source::{ObjectSource, Origin};
pub(in crate::cli) use position::Position;
