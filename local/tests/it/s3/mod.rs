//! Buckets through their S3 endpoint, over plain HTTP.

mod bodies;
mod buckets;
mod checksums;
pub(crate) mod client;
mod defaults;
mod deletions;
mod fields;
mod listings;
mod properties;
mod reads;
mod setup;
mod signing;
mod uploads;
mod versions;
