//! The vocabulary of S3 events: names, records, notifications, handlers and routes.
//!
//! `s3-dispatch` is built on this crate. It does no I/O and depends on no runtime. Programs depend
//! on [`s3-dispatch`](https://docs.rs/s3-dispatch), which re-exports everything here and runs
//! handlers in Lambda and from a terminal. Depend on this crate alone for a library that only
//! offers handlers, or that only reads notifications.
//!
//! # Read a notification
//!
//! ```
//! use s3_dispatch_core::{EventName, Notification};
//!
//! let json = r#"{"Records": [{"eventName": "ObjectCreated:Put", "eventSource": "aws:s3",
//!     "s3": {"bucket": {"name": "holiday"}, "object": {"key": "my+photo.jpg", "size": 1024}}}]}"#;
//!
//! let Notification::Records(records) = Notification::parse(json)? else {
//!     panic!("a test notification");
//! };
//! assert_eq!(records[0].event_name, EventName::OBJECT_CREATED_PUT);
//! assert_eq!(records[0].object.key, "my photo.jpg");
//! # Ok::<_, s3_dispatch_core::Error>(())
//! ```
//!
//! [`Notification::parse`] reads the body of one message, and
//! [`Delivery::parse`](delivery::Delivery::parse) the payload of a whole Lambda invocation. Both
//! accept S3's own JSON, SNS messages and EventBridge events.
//!
//! # Route events to handlers
//!
//! ```
//! use s3_dispatch_core::{Manifest, ObjectCreated, Routes, State};
//!
//! async fn index(
//!     object: ObjectCreated,
//!     State(table): State<String>,
//! ) -> Result<(), std::io::Error> {
//!     println!("{table}: {:?} has {} bytes", object.key, object.size);
//!     Ok(())
//! }
//!
//! let routes = Routes::new(String::from("photos")).on_fn("ObjectCreated:*", index);
//!
//! // The filter of the queue comes from the same routes.
//! let policy = Manifest::new(&routes).filter_policy()?;
//! assert_eq!(
//!     serde_json::to_value(&policy).unwrap(),
//!     serde_json::json!({"Records": {"eventName": [{"prefix": "ObjectCreated:"}]}}),
//! );
//! # Ok::<_, s3_dispatch_core::Error>(())
//! ```
//!
//! With `s3-dispatch` the same function is declared by `#[s3_handler("ObjectCreated:*")]`, which
//! checks events and arguments at compile time.
//!
//! # Where to find what
//!
//! Data flows one way, and the modules follow that order:
//!
//! ```text
//! payload -> envelopes -> message (id + body) -> notification -> record -> route -> handler
//!                                                                            outcome <-'
//! ```
//!
//! | step | types | more |
//! |---|---|---|
//! | what happened | [`EventName`], [`EventPattern`] | |
//! | a record | [`S3EventRecord`], [`ObjectKey`], [`Sequencer`] | [`record`] |
//! | a record of certain events | [`ObjectCreated`] and other views | [`event_data`] |
//! | what brings records | [`Notification`], [`MessageContext`] | [`delivery`] |
//! | what handles a record | [`Handler`], [`Key`], [`State`], [`Outcome`] | [`handler`] |
//! | what a handler takes | [`FromRecord`], [`FromRecordAsync`] | |
//! | which handler | [`Route`], [`Routes`], [`Router`] | |
//! | what was handled before | [`History`] | |
//! | what infrastructure needs | [`Manifest`] | [`manifest`] |
//! | what can go wrong | [`Error`], [`HandlerError`] | |

mod contained;
mod error;
mod text;
mod event;
pub mod record;
pub mod event_data;
pub mod delivery;
mod reading;
mod handling;
mod routing;
pub mod manifest;

/// Types for handlers that are written without the attribute macro.
///
/// [`Handler`] returns a [`BoxFuture`](handler::BoxFuture). [`Routes::on_fn`] takes every
/// [`HandlerFn`](handler::HandlerFn). Programs that use `#[s3_handler]` and closures name neither.
pub mod handler {
    pub use crate::handling::{BoxFuture, HandlerFn};
}

/// The README's example, compiled as a doc test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[doc(hidden)]
pub use handling::expansion as __private;

pub use async_trait::async_trait;

pub use delivery::context::MessageContext;
pub use delivery::notification::Notification;
pub use error::{Error, ErrorKind};
pub use event::{EventName, EventPattern};
pub use handling::{
    Class, Classify, Context, FromRecord, FromRecordAsync, FromRef, Handler, HandlerError,
    HandlerErrorKind, Key, Outcome, SkipReason, State,
};
pub use manifest::manifest::Manifest;
pub use record::bucket::BucketName;
pub use record::key::ObjectKey;
pub use record::object::{ETag, VersionId};
pub use record::s3_event_record::S3EventRecord;
pub use record::sequencer::Sequencer;
pub use record::view::{
    Annotated, Expired, ObjectCreated, ObjectRemoved, ObjectRestored, Replicated, Retained, Tagged,
    Tiered, Transitioned,
};
pub use routing::{History, HistoryEntry, Route, Router, Routes};
