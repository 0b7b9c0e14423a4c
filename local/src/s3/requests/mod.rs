//! What requests and answers have in common, whatever the operation: headers, conditions, checksums
//! and tags.

pub(super) mod checksums;
pub(super) mod conditions;
pub(super) mod fields;
pub(super) mod headers;
pub(super) mod partial;
pub(super) mod tags;
pub(super) mod xml_bodies;
