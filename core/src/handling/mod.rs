//! Handlers: the functions that users write, their arguments, and their outcomes.
//!
//! A handler is a type that turns a record into an outcome. The attribute macro makes one from an
//! async function, and routes call it. Implement [`Handler`] directly for a generic handler.

mod context;
mod argument;
mod timing;
mod state;
mod error;
mod outcome;
mod handler;
#[doc(hidden)]
pub mod expansion;

pub use argument::{FromRecord, FromRecordAsync};
pub use context::Context;
pub use error::{HandlerError, HandlerErrorKind};
pub use handler::{BoxFuture, Handler, HandlerFn};
pub use outcome::{Outcome, SkipReason};
pub use state::{FromRef, State};
