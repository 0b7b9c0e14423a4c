//! What the expansion of `#[s3_handler]` names. Not for anyone else: it changes without notice.

pub use std::boxed::Box;
pub use std::convert::{From, Into};
pub use std::marker::{Send, Sync};
pub use std::option::Option;
pub use std::result::Result;

pub use crate::handler::BoxFuture;
pub use crate::{Context, EventPattern, FromRecord, Handler, HandlerError, Outcome, Route};

use crate::event_pattern::Literal;
use crate::{FromRef, nearest};

/// A state that provides everything, to look up [`FromRecord::EVENTS`] of arguments without knowing the real one.
#[derive(Debug)]
pub enum AnyState {}

impl<T> FromRef<AnyState> for T {
    fn from_ref(state: &AnyState) -> Self {
        match *state {}
    }
}

/// Fails to compile when the argument cannot be made from every event of the literal.
pub const fn check_argument(events: &[EventPattern], literal: &'static str, argument: &str) {
    let Some(pattern) = Literal::parse(literal) else {
        // The literal's own check complains.
        return;
    };
    let mut index = 0;
    while index < events.len() {
        if events[index].covers_literal(pattern) {
            return;
        }
        index += 1;
    }
    nearest::panic_wrong_argument(argument, literal, events)
}

/// What a handler returns.
///
/// The lifetime says nothing. It lets a bound on a concrete type stand in a `where` without being checked there, so that
/// a wrong result is reported once, by [`assert_output`].
#[diagnostic::on_unimplemented(
    message = "a handler returns `Result<(), E>`, not `{Self}`",
    label = "expected `Result<(), E>`",
    note = "`E` is any error, or `HandlerError` to say whether trying again could help"
)]
pub trait HandlerOutput<'r> {
    /// The outcome that it stands for.
    fn into_outcome(self) -> Outcome;
}

impl<E: Into<HandlerError>> HandlerOutput<'_> for Result<(), E> {
    fn into_outcome(self) -> Outcome {
        Outcome::from(self)
    }
}

/// Asks for the trait at the token that the macro gives it.
pub const fn assert_output<T: for<'r> HandlerOutput<'r>>() {}

/// Asks for `Send` at the token that the macro gives it.
pub fn require_send<F: Future + Send>(future: F) -> F {
    future
}
