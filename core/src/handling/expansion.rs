//! The items that the expansion of `#[s3_handler]` names, and a few that only our own crates share.
//!
//! They are public because the expansion is compiled in the user's crate. They are not part of the
//! crate's interface and change without notice.

pub use std::boxed::Box;
pub use std::convert::{From, Into};
pub use std::marker::{Send, Sync};
pub use std::option::Option;
pub use std::result::Result;

pub use crate::contained::{ContainedError, Panicked, drop_contained, drop_panic};
pub use crate::delivery::context::parse_receive_count;
pub use crate::error::{bounded, with_causes};
pub use crate::event::{nearest_of, nearest_pattern};
pub use crate::handling::BoxFuture;
pub use crate::handling::argument::{Argument, If, Made, NotAsync, Probe, Timing};
pub use crate::handling::class::Classifier;
pub use crate::handling::context::settle;
pub use crate::manifest::key::inexpressible::inexpressible_options;
pub use crate::{Context, Error, EventPattern, Handler, HandlerError, Outcome, Route};

use crate::event::{CompileError, Literal};
use crate::handling::FromRef;
use crate::routing::{check_key, check_key_prefix, check_key_suffix, check_own_effect};

/// A state that provides every part.
///
/// With it the macro looks up [`Argument::EVENTS`] without knowing the real state.
#[derive(Debug)]
pub enum AnyState {}

#[diagnostic::do_not_recommend]
impl<T> FromRef<AnyState> for T {
    fn from_ref(state: &AnyState) -> Self {
        match *state {}
    }
}

/// Fails to compile if the literal is not an event of S3.
///
/// The expansion calls it by a name that nobody else has in scope. Otherwise the compiler could
/// report its path as an unused qualification, at the literal.
#[track_caller]
#[must_use]
pub const fn check_event(literal: &'static str) -> EventPattern {
    EventPattern::from_static(literal)
}

/// Notes on a route what the arguments of its handler say: for each of them, whether it
/// distinguishes versions.
#[must_use]
pub fn with_arguments(route: Route, distinguish_versions: &[bool]) -> Route {
    match distinguish_versions.contains(&true) {
        true => route.distinguish_versions(),
        false => route,
    }
}

/// Fails to compile if the argument cannot be made from every event of the literal.
#[track_caller]
pub const fn check_argument(events: &[EventPattern], literal: &'static str, argument: &str) {
    let Some(pattern) = Literal::parse(literal) else {
        // The check of the literal itself reports the mistake.
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

/// Fails to compile if the argument needs a pattern of keys. It is called if there is none.
#[track_caller]
pub const fn check_needs_no_key(needs_key: bool, argument: &str) {
    if needs_key {
        CompileError::new()
            .push("`")
            .push(argument)
            .push("` needs the option `key`, such as `key = \"tenants/{tenant}/{file*}\"`")
            .panic()
    }
}

/// Fails to compile if the key pattern has a mistake with this index.
#[track_caller]
pub const fn check_key_pattern(pattern: &str, nth: usize) {
    check_key(pattern, nth)
}

/// Fails to compile if no key has both the prefix and the form of the pattern.
#[track_caller]
pub const fn check_prefix_fits_key(prefix: &str, pattern: &str) {
    check_key_prefix(prefix, pattern)
}

/// Fails to compile if no key has both the suffix and the form of the pattern.
#[track_caller]
pub const fn check_suffix_fits_key(suffix: &str, pattern: &str, ignores_case: bool) {
    check_key_suffix(suffix, pattern, ignores_case)
}

/// Fails to compile if the handler takes what it writes to the place itself.
#[track_caller]
pub const fn check_own_writes(
    events: &[&str],
    bucket: Option<&str>,
    prefixes: &[&str],
    place: &str,
) {
    check_own_effect(events, bucket, prefixes, place, false)
}

/// Fails to compile if the handler takes what it deletes from the place itself. The empty place is
/// all that it takes.
#[track_caller]
pub const fn check_own_deletions(
    events: &[&str],
    bucket: Option<&str>,
    prefixes: &[&str],
    place: &str,
) {
    check_own_effect(events, bucket, prefixes, place, true)
}

/// What a handler may return.
///
/// The lifetime has no meaning. It keeps the compiler from checking a `where` clause on a concrete
/// type in place, so a wrong return type is reported once, where the macro calls
/// [`into_outcome`](Self::into_outcome).
#[diagnostic::on_unimplemented(
    message = "a handler returns `Result<(), E>`, not `{Self}`",
    label = "expected `Result<(), E>` with an error `E`",
    note = "`E` must implement `std::error::Error + Send + Sync`, or be `HandlerError`, which says \
            whether a retry can help"
)]
pub trait HandlerOutput<'r> {
    /// Converts it into an outcome.
    fn into_outcome(self) -> Outcome;
}

#[diagnostic::do_not_recommend]
impl<E: Into<HandlerError>> HandlerOutput<'_> for Result<(), E> {
    fn into_outcome(self) -> Outcome {
        Outcome::from(self)
    }
}

/// Requires `Send`, so that the compiler reports a future that is not `Send` at the user's token.
pub fn require_send<F: Future + Send>(future: F) -> F {
    future
}

/// Reads a payload in explaining mode only, for tests that compare it with the silent mode.
pub fn read_explaining(
    payload: impl Into<bytes::Bytes>,
) -> Result<crate::delivery::Delivery, crate::Error> {
    crate::delivery::Delivery::parse_explaining(payload.into())
}
