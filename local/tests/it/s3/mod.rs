//! Buckets through their S3 endpoint, over plain HTTP.

mod addressing;
mod authentication;
mod bodies;
mod buckets;
mod checksums;
pub(crate) mod client;
mod cors;
mod defaults;
mod deletions;
mod forms;
mod keys;
mod fields;
mod listings;
mod notifications;
mod properties;
mod reads;
mod request_ids;
mod setup;
mod signed_client;
mod signing;
mod uploads;
mod versions;
