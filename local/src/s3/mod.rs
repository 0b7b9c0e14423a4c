//! Buckets, the S3 protocol in front of them, and the notifications that they publish.
//!
//! Any S3 client can use the endpoint, as it can use S3 on AWS. Each change of an object causes an
//! event, which the pipeline publishes.

mod checksums;
mod endpoint;
mod event;
mod headers;
mod listings;
pub(crate) mod notification;
mod objects;
mod operations;
mod service;
mod store;
mod uploads;

pub use self::endpoint::{BoundS3Endpoint, S3Endpoint};
pub use self::event::{EventId, ObjectEvent};
pub use self::service::ObjectEvents;
pub use self::store::Buckets;
pub(crate) use self::store::errors::rejected_by_s3;
