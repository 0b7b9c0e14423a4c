//! Buckets, behind the protocol of S3.

pub(crate) mod event;
pub(crate) mod notification;
pub(crate) mod endpoint;
pub(crate) mod service;
pub(crate) mod listings;
pub(crate) mod checksums;
pub(crate) mod store;
