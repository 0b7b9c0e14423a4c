//! Buckets, the S3 protocol in front of them, and the notifications that they publish.
//!
//! Any S3 client can use the endpoint, as it can use S3 on AWS. Each change of an object causes an
//! event, which the pipeline publishes.

mod cors;
mod endpoint;
mod errors;
mod event;
mod forms;
mod front;
pub(crate) mod notification;
mod operations;
mod requests;
mod service;
mod store;

pub use self::endpoint::{BoundS3Endpoint, S3Endpoint};
pub(crate) use self::errors::StoreError;
pub use self::event::{EventId, ObjectEvent};
pub(crate) use self::store::{
    BodyStore, Change, Changed, Committed, SendTest, StoreChange, StoreIndex, StoreKeeper,
    Transaction,
};
pub use self::store::{Buckets, ObjectSnapshot};
