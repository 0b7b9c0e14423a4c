//! Treats arguments that are made at once and arguments that take time alike.
//!
//! A type implements either [`FromRecord`] or [`FromRecordAsync`]. A trait without a parameter
//! could not be implemented for the types of both: another crate may implement [`FromRecord`] with
//! its own state for the same type, so the two might overlap. The parameter `ASYNC` tells them
//! apart. For closures the compiler infers it. `#[s3_handler]` finds it with [`Probe`].

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;

use super::argument::{FromRecord, FromRecordAsync};
use crate::{Context, EventPattern, HandlerError};

/// The boxed future that handlers and routers return.
///
/// It borrows for `'r` and can move between threads.
pub type BoxFuture<'r, T> = Pin<Box<dyn Future<Output = T> + Send + 'r>>;

/// An argument of a handler, made by [`FromRecord`] or by [`FromRecordAsync`].
///
/// The compiler reports a type that is neither with the message of this trait.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a handler",
    label = "cannot be made from a record",
    note = "arguments are `&S3EventRecord`, `S3EventRecord`, a typed view such as \
            `ObjectCreated`, `ObjectKey`, `BucketName`, `&MessageContext`, `State<T>`, and your \
            own types that implement `FromRecord` or `FromRecordAsync`",
    note = "an argument that needs the state of one application requires the option `state = App`"
)]
pub trait Argument<'r, S, const ASYNC: bool>: Sized {
    /// The events from which this argument can be made.
    const EVENTS: &'static [EventPattern];

    /// Makes the argument, or begins to.
    fn make(context: Context<'r, S>) -> Made<'r, Self>;
}

/// An argument, or the future of one.
///
/// Which of the two it is follows from the type, so the compiler drops the other branch.
pub enum Made<'r, A> {
    /// The argument took no time.
    Now(Result<A, HandlerError>),
    /// The argument takes time. It is boxed, so that handlers without such arguments keep no room
    /// for it.
    Later(BoxFuture<'r, Result<A, HandlerError>>),
}

impl<A> fmt::Debug for Made<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Now(_) => "Now",
            Self::Later(_) => "Later",
        })
    }
}

impl<'r, S, A: FromRecord<'r, S>> Argument<'r, S, false> for A {
    const EVENTS: &'static [EventPattern] = A::EVENTS;

    #[inline]
    fn make(context: Context<'r, S>) -> Made<'r, Self> {
        Made::Now(A::from_record(context))
    }
}

impl<'r, S, A: FromRecordAsync<'r, S>> Argument<'r, S, true> for A {
    const EVENTS: &'static [EventPattern] = A::EVENTS;

    fn make(context: Context<'r, S>) -> Made<'r, Self> {
        Made::Later(Box::pin(A::from_record(context)))
    }
}

/// Tells whether a type implements [`FromRecordAsync`]: `Probe::<'_, A, S>::ASYNC`.
///
/// The compiler prefers the constant of the type itself, if its bound holds, to that of
/// [`NotAsync`].
#[derive(Debug)]
pub struct Probe<'r, A, S>(PhantomData<(&'r (), A)>, PhantomData<S>);

impl<'r, S, A: FromRecordAsync<'r, S>> Probe<'r, A, S> {
    /// The type implements [`FromRecordAsync`].
    pub const ASYNC: bool = true;
}

/// The answer of [`Probe`] for every other type.
pub trait NotAsync {
    /// The type does not implement [`FromRecordAsync`].
    const ASYNC: bool = false;
}

impl<A, S> NotAsync for Probe<'_, A, S> {}
