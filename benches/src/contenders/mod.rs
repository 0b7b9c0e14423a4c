//! The contenders: s3-dispatch, and what one would write otherwise.
//!
//! All do the same work behind one interface, so that they can be compared. The measurements call
//! them.

mod lean;
mod value;
pub(crate) mod contender;
