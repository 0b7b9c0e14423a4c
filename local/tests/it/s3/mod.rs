//! Buckets through their S3 endpoint, over plain HTTP.

mod addressing;
mod authentication;
mod buckets;
mod checksums;
pub(crate) mod client;
mod cors;
mod defaults;
mod deletions;
mod forms;
mod keys;
mod listings;
mod notifications;
mod properties;
mod reads;
mod request_ids;
mod setup;
mod signing;
mod uploads;
mod versions;
