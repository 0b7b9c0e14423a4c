//! Buckets through their S3 endpoint, over plain HTTP.

mod buckets;
pub(crate) mod client;
mod defaults;
mod setup;
mod uploads;
mod versions;
