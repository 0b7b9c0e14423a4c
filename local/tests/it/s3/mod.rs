//! Buckets through their S3 endpoint, over plain HTTP.

mod buckets;
mod checksums;
pub(crate) mod client;
mod cors;
mod defaults;
mod deletions;
mod listings;
mod notifications;
mod properties;
mod reads;
mod setup;
mod uploads;
mod versions;
