//! What the expansion of `#[s3_handler]` names. Not for anyone else: it changes without notice.

pub use std::boxed::Box;
pub use std::convert::{From, Into};
pub use std::marker::{Send, Sync};
pub use std::option::Option;
pub use std::result::Result;

pub use crate::handling::BoxFuture;
pub use crate::{Context, EventPattern, FromRecord, Handler, HandlerError, Outcome, Route};

use crate::event::{CompileError, Literal};
use crate::handling::FromRef;

/// A state that provides everything, to look up [`FromRecord::EVENTS`] of arguments without knowing
/// the real one.
#[derive(Debug)]
pub enum AnyState {}

#[diagnostic::do_not_recommend]
impl<T> FromRef<AnyState> for T {
    fn from_ref(state: &AnyState) -> Self {
        match *state {}
    }
}

/// Fails to compile when the argument cannot be made from every event of the literal.
#[track_caller]
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

    panic_wrong_argument(argument, literal, events)
}

#[track_caller]
const fn panic_wrong_argument(argument: &str, literal: &str, events: &[EventPattern]) -> ! {
    let mut message = CompileError::new()
        .push("`")
        .push(argument)
        .push("` cannot be made from every `")
        .push(literal)
        .push("` event; it needs ");

    let mut index = 0;

    while index < events.len() {
        let (name, is_category) = events[index].static_parts();
        message = message
            .push(if index == 0 { "`" } else { ", `" })
            .push(name)
            .push(if is_category { ":*`" } else { "`" });
        index += 1;
    }

    message.panic()
}

/// What a handler returns.
///
/// The lifetime says nothing. It lets a bound on a concrete type stand in a `where` without being
/// checked there, so that a wrong result is reported once, where the macro looks
/// [`into_outcome`](Self::into_outcome) up.
#[diagnostic::on_unimplemented(
    message = "a handler returns `Result<(), E>`, not `{Self}`",
    label = "expected `Result<(), E>` of an error `E`",
    note = "`E` implements `std::error::Error + Send + Sync`, or is `HandlerError`, which says whether trying again could help"
)]
pub trait HandlerOutput<'r> {
    /// The outcome that it stands for.
    fn into_outcome(self) -> Outcome;
}

#[diagnostic::do_not_recommend]
impl<E: Into<HandlerError>> HandlerOutput<'_> for Result<(), E> {
    fn into_outcome(self) -> Outcome {
        Outcome::from(self)
    }
}

/// Asks for `Send` at the token that the macro gives it.
pub fn require_send<F: Future + Send>(future: F) -> F {
    future
}

/// Reads a payload without the fast reading, which must find the same: for comparison in tests.
pub fn read_plainly(payload: impl Into<bytes::Bytes>) -> Result<crate::Delivery, crate::Error> {
    crate::Delivery::parse_plainly(payload.into())
}
