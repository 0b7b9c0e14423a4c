//! What requests and answers have in common, whatever the operation: headers, conditions, checksums
//! and tags.

pub(super) mod checksums;
pub(super) mod conditions;
pub(super) mod headers;
pub(super) mod tags;
