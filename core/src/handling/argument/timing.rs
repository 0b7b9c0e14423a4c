//! Treats arguments that are made at once and arguments that take time alike.
//!
//! A type implements either [`FromRecord`] or [`FromRecordAsync`]. A trait without a parameter
//! could not be implemented for the types of both: another crate may implement [`FromRecord`] with
//! its own state for the same type, so the two might overlap. The parameter `ASYNC` tells them
//! apart. For closures the compiler infers it. `#[s3_handler]` finds it with [`Probe`].

use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use super::from_record::{FromRecord, FromRecordAsync};
use crate::{Context, Error, EventPattern, HandlerError, Route};

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
            `ObjectCreated`, `ObjectKey`, `Key<T>`, `BucketName`, `&MessageContext`, `State<T>`, \
            and your own types that implement `FromRecord` or \
            `FromRecordAsync`",
    note = "an argument that needs the state of one application requires the option `state = App`"
)]
pub trait Argument<'r, S, const ASYNC: bool>: Sized
where
    If<ASYNC>: Timing,
{
    /// The events from which this argument can be made.
    const EVENTS: &'static [EventPattern];

    /// Whether the route needs a pattern of keys.
    const NEEDS_KEY: bool;

    /// Whether it says if the object of a removal is gone, or if it was only one version.
    const DISTINGUISHES_VERSIONS: bool;

    /// Checks that the argument can be made from the records of the route.
    fn check(route: &Route) -> Result<(), Error>;

    /// Makes the argument, or begins to.
    fn make(context: Context<'r, S>) -> Made<'r, Self, ASYNC>;
}

/// An argument, or the future of one.
pub enum Made<'r, A, const ASYNC: bool>
where
    If<ASYNC>: Timing,
{
    /// The argument took no time.
    Now(Result<A, HandlerError>),
    /// The argument takes time.
    Later(<If<ASYNC> as Timing>::Making<'r, A>),
}

/// Whether an argument takes time, as a type.
#[derive(Debug)]
pub enum If<const ASYNC: bool> {}

/// What the future of an argument is.
///
/// It does not depend on the state, which handlers may be generic over.
pub trait Timing {
    /// The future.
    type Making<'r, A>: Future<Output = Result<A, HandlerError>> + Send + Unpin;
}

impl Timing for If<false> {
    type Making<'r, A> = Never<A>;
}

/// The future is boxed, so that handlers keep no room for it.
impl Timing for If<true> {
    type Making<'r, A> = BoxFuture<'r, Result<A, HandlerError>>;
}

/// The future of an argument that is made at once. No value of it exists, so the compiler removes
/// its `.await`.
pub struct Never<A>(Infallible, PhantomData<fn() -> A>);

impl<A> Future for Never<A> {
    type Output = Result<A, HandlerError>;

    fn poll(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Self::Output> {
        match self.0 {}
    }
}

impl<A> fmt::Debug for Never<A> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {}
    }
}

impl<A, const ASYNC: bool> fmt::Debug for Made<'_, A, ASYNC>
where
    If<ASYNC>: Timing,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Now(_) => "Now",
            Self::Later(_) => "Later",
        })
    }
}

impl<'r, S, A: FromRecord<'r, S>> Argument<'r, S, false> for A {
    const EVENTS: &'static [EventPattern] = A::EVENTS;
    const NEEDS_KEY: bool = A::NEEDS_KEY;
    const DISTINGUISHES_VERSIONS: bool = A::DISTINGUISHES_VERSIONS;

    fn check(route: &Route) -> Result<(), Error> {
        A::check(route)
    }

    #[inline]
    fn make(context: Context<'r, S>) -> Made<'r, Self, false> {
        Made::Now(A::from_record(context))
    }
}

impl<'r, S, A: FromRecordAsync<'r, S>> Argument<'r, S, true> for A {
    const EVENTS: &'static [EventPattern] = A::EVENTS;
    const NEEDS_KEY: bool = A::NEEDS_KEY;
    const DISTINGUISHES_VERSIONS: bool = A::DISTINGUISHES_VERSIONS;

    fn check(route: &Route) -> Result<(), Error> {
        A::check(route)
    }

    fn make(context: Context<'r, S>) -> Made<'r, Self, true> {
        let making: BoxFuture<'r, _> = Box::pin(A::from_record(context));
        Made::Later(making)
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
