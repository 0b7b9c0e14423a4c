//! Handlers: the functions that users write, their arguments, and their outcomes.
//!
//! A handler is a type that turns a record into an outcome. The attribute macro makes one from an
//! async function, and routes call it. Implement [`Handler`] directly for a generic handler.

pub(crate) mod context;
mod argument;
mod state;
mod skip_reason;
pub(crate) mod class;
mod boxed;
mod key;
mod error;
mod outcome;
mod handler;
#[doc(hidden)]
pub mod expansion;

pub use argument::{BoxFuture, FromRecord, FromRecordAsync};
pub use class::{Class, Classify};
pub use context::Context;
pub use error::{HandlerError, HandlerErrorKind};
pub use handler::{Handler, HandlerFn};
pub use key::Key;
pub use outcome::Outcome;
pub use skip_reason::SkipReason;
pub use state::{FromRef, State};
