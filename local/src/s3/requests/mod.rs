//! What requests and answers have in common, whatever the operation: headers, conditions,
//! checksums, tags, and the configuration of notifications.

pub(super) mod checksums;
pub(super) mod conditions;
pub(super) mod fields;
pub(super) mod headers;
pub(super) mod notifications;
pub(super) mod tags;
pub(super) mod xml_bodies;
