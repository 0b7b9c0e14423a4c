//! The operations that create, list and configure buckets.

pub(super) mod access;
pub(super) mod cors;
pub(super) mod defaults;
pub(super) mod existence;
pub(super) mod lock;
pub(super) mod notifications;
pub(super) mod refused;
pub(super) mod tags;
