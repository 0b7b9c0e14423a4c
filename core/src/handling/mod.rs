//! Handlers: the functions that users write, their arguments, and their outcomes.
//!
//! A handler is a type that turns a record into an outcome. The attribute macro makes one of an
//! async function; routes call it.

mod argument;
mod context;
mod error;
#[doc(hidden)]
pub mod expansion;
mod handler;
mod outcome;
mod state;

pub use argument::FromRecord;
pub use context::Context;
pub use error::{HandlerError, HandlerErrorKind};
pub use handler::{BoxFuture, Handler, HandlerFn};
pub use outcome::{Outcome, SkipReason};
pub use state::{FromRef, State};
