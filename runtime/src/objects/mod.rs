//! The objects that events are about: reading them, looking at them, writing results.
//!
//! Between an event and its handler an object may be overwritten or deleted. [`Object`] reads the
//! very content that the event announced, or says that it is gone. [`Current`] is what is at the
//! key now. [`Objects::put_once`] writes a result that a second delivery does not write again.
//!
//! | to | use |
//! |---|---|
//! | read the object of an event | [`Object`] as an argument |
//! | know what is at a key now, whatever the order of events | [`Current`] as an argument |
//! | read what is at a key now | [`Current::object`] |
//! | write a result | [`Objects::put_once`], with a key from [`derived_key`] |
//! | delete or list objects | your client: keep it in the state beside `Objects` |
//!
//! [`Objects`] is the access to all objects, made from a client of the AWS SDK (feature `objects`).
//! It is a part of the application's state. Tests make it from the memory of objects in
//! `s3-dispatch-testing`:
//!
//! ```
//! use s3_dispatch::objects::{Object, ObjectError, Objects};
//! use s3_dispatch::{Dispatcher, Routes, s3_handler};
//! use s3_dispatch_testing::{MemoryObjects, SqsBatchBuilder};
//!
//! #[s3_handler("ObjectCreated:*", suffix = ".txt")]
//! async fn count_words(object: Object) -> Result<(), ObjectError> {
//!     let text = object.at_most(1_000_000).text().await?;
//!     println!("{} words", text.split_whitespace().count());
//!     Ok(())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), s3_dispatch::Error> {
//! let memory = MemoryObjects::new();
//! let event = memory.put("amzn-s3-demo-bucket", "a.txt", "three short words");
//!
//! let routes = Routes::new(Objects::new(memory)).on::<count_words>();
//! let batch = SqsBatchBuilder::new().with_record("1", event).to_bytes();
//! let report = Dispatcher::new(routes).dispatch(batch, None).await?;
//! assert!(report.response().batch_item_failures.is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! A client of the SDK for the state, with the crate `aws-config`:
//!
//! ```text
//! let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
//! let objects = Objects::new(aws_sdk_s3::Client::new(&config));
//! ```
//!
//! What can go wrong has an [`ObjectErrorKind`], and its table says what becomes of the record.

pub(crate) mod error;
mod body;
mod store;
#[cfg(feature = "objects")]
mod client;
#[expect(
    clippy::module_inception,
    reason = "a file is named after its main type"
)]
pub(crate) mod objects;
mod derived;
mod content;
pub(crate) mod object;
pub(crate) mod current;
mod put_once;

pub use body::{ObjectBody, PutBody, PutStream};
pub use content::reader::{ObjectLines, ObjectReader, ObjectStream};
pub use current::Current;
pub use derived::derived_key;
pub use error::{ObjectError, ObjectErrorKind};
pub use object::Object;
pub use objects::Objects;
pub use put_once::{PutOnce, PutOutcome};
pub use store::{
    ObjectHead, ObjectStore, OpenedObject, PutCondition, PutRequest, ReadRequest, WrittenObject,
};
