//! Handlers, and the functions that can be handlers.

use std::future::Future;

use super::argument::{Argument, BoxFuture, If, Made, Timing};
use crate::{Context, Error, HandlerError, Outcome, Route};

/// A function that processes the records of its route, in an application with the state `S`.
///
/// A handler is a type, not a value. `#[s3_handler("ObjectCreated:Put")]` on an async function
/// makes a handler of the same name, and [`Routes::on`](crate::Routes::on) takes that name.
/// Implement the trait yourself for a handler that is generic.
///
/// # What a handler can rely on
///
/// - It is called for each matching record at least once. Duplicates are possible, because S3, SNS
///   and SQS deliver at least once, so handling a record twice must have the same effect as
///   handling it once.
/// - Its future may be dropped at any `.await`, for example near the deadline of an invocation. The
///   record then counts as failed and is delivered again.
/// - A panic fails the record and nothing else.
///
/// # Examples
///
/// ```
/// use std::marker::PhantomData;
/// use s3_dispatch_core::handler::BoxFuture;
/// use s3_dispatch_core::{Context, EventPattern, Handler, Outcome, Route, Routes};
///
/// trait Codec: Send + Sync + 'static {
///     const SUFFIX: &'static str;
/// }
///
/// struct Transcode<C>(PhantomData<C>);
///
/// impl<C: Codec, S: Sync> Handler<S> for Transcode<C> {
///     fn route() -> Route {
///         Route::new(EventPattern::from_static("ObjectCreated:*"))
///             .with_name("transcode")
///             .with_suffix(C::SUFFIX)
///     }
///
///     fn handle<'r>(context: Context<'r, S>) -> BoxFuture<'r, Outcome> {
///         Box::pin(async move {
///             println!("{:?} ends in {}", context.record().object.key, C::SUFFIX);
///             Outcome::Handled
///         })
///     }
/// }
///
/// struct Flac;
///
/// impl Codec for Flac {
///     const SUFFIX: &'static str = ".flac";
/// }
///
/// let routes = Routes::new(()).on::<Transcode<Flac>>();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler for an application with the state `{S}`",
    label = "not a handler",
    note = "name an async fn with `#[s3_handler(\"ObjectCreated:Put\")]` here; its arguments and \
            its option `state` must fit `{S}`",
    note = "use `on_fn` for a closure"
)]
pub trait Handler<S>: 'static {
    /// The events and objects that this handler processes.
    ///
    /// It is called once, when the handler is added to [`Routes`](crate::Routes).
    fn route() -> Route;

    /// Checks that the arguments can be made from the records of the route. By default, they can.
    ///
    /// [`Routes`](crate::Routes) calls it once, when the handler is added, and panics with the
    /// error.
    ///
    /// # Errors
    ///
    /// Returns the error of the first [argument](crate::FromRecord::check) that does not fit.
    fn check(route: &Route) -> Result<(), Error> {
        let _ = route;
        Ok(())
    }

    /// Processes one record.
    fn handle<'r>(context: Context<'r, S>) -> BoxFuture<'r, Outcome>;
}

/// A closure or function with owned arguments, for [`Routes::on_fn`](crate::Routes::on_fn).
///
/// It is implemented for every `Fn` with up to eight arguments that returns a `Send` future of
/// `Result<(), E>`. The arguments implement [`FromRecord`](crate::FromRecord) or
/// [`FromRecordAsync`](crate::FromRecordAsync) without borrowing from the record. Any error type
/// that converts into [`HandlerError`] can be `E`.
///
/// # Examples
///
/// ```
/// use s3_dispatch_core::{BucketName, ObjectKey, Routes};
///
/// async fn print(bucket: BucketName, key: ObjectKey) -> Result<(), std::io::Error> {
///     println!("{bucket} {key:?}");
///     Ok(())
/// }
///
/// let routes = Routes::new(()).on_fn("ObjectCreated:*", print);
/// ```
#[diagnostic::on_unimplemented(
    message = "this function cannot be a handler",
    note = "`on_fn` takes a function with up to eight owned arguments, such as `S3EventRecord`, \
            `ObjectKey` or `State<T>`, that returns a `Send` future of `Result<(), E>`"
)]
pub trait HandlerFn<S, Arguments>: Send + Sync + 'static {
    /// Whether an [argument](crate::FromRecord::DISTINGUISHES_VERSIONS) says if the object of a
    /// removal is gone. By default, no.
    const DISTINGUISHES_VERSIONS: bool = false;

    /// Checks that the arguments can be made from the records of the route.
    ///
    /// # Errors
    ///
    /// Returns the error of the first [argument](crate::FromRecord::check) that does not fit.
    fn check(route: &Route) -> Result<(), Error>;

    /// Makes the arguments, then calls the function.
    fn call<'r>(&'r self, context: Context<'r, S>) -> BoxFuture<'r, Outcome>;
}

/// The type of a function's argument, and whether it is made asynchronously.
#[derive(Debug)]
pub struct Owned<A, const ASYNC: bool>(std::marker::PhantomData<A>);

macro_rules! handler_fn {
    ($($argument:ident $is_async:ident)*) => {
        impl<S, F, Fut, E, $($argument, const $is_async: bool,)*>
            HandlerFn<S, ($(Owned<$argument, $is_async>,)*)> for F
        where
            S: Sync,
            F: Fn($($argument,)*) -> Fut + Send + Sync + 'static,
            Fut: Future<Output = Result<(), E>> + Send,
            E: Into<HandlerError>,
            $(If<$is_async>: Timing,)*
            $($argument: for<'a> Argument<'a, S, $is_async> + Send,)*
        {
            const DISTINGUISHES_VERSIONS: bool =
                false $(|| <$argument as Argument<'static, S, $is_async>>::DISTINGUISHES_VERSIONS)*;

            fn check(route: &Route) -> Result<(), Error> {
                let _ = route;
                $(<$argument as Argument<'static, S, $is_async>>::check(route)?;)*
                Ok(())
            }

            fn call<'r>(&'r self, context: Context<'r, S>) -> BoxFuture<'r, Outcome> {
                Box::pin(async move {
                    let _ = context;
                    let running = self($(
                        match match $argument::make(context) {
                            Made::Now(made) => made,
                            Made::Later(making) => making.await,
                        } {
                            Ok(argument) => argument,
                            Err(error) => return context.settle(Outcome::from(error)),
                        },
                    )*);
                    context.settle(Outcome::from(running.await))
                })
            }
        }
    };
}

handler_fn! {}
handler_fn! { A A_ASYNC }
handler_fn! { A A_ASYNC B B_ASYNC }
handler_fn! { A A_ASYNC B B_ASYNC C C_ASYNC }
handler_fn! { A A_ASYNC B B_ASYNC C C_ASYNC D D_ASYNC }
handler_fn! { A A_ASYNC B B_ASYNC C C_ASYNC D D_ASYNC E1 E_ASYNC }
handler_fn! { A A_ASYNC B B_ASYNC C C_ASYNC D D_ASYNC E1 E_ASYNC G G_ASYNC }
handler_fn! { A A_ASYNC B B_ASYNC C C_ASYNC D D_ASYNC E1 E_ASYNC G G_ASYNC H H_ASYNC }
handler_fn! { A A_ASYNC B B_ASYNC C C_ASYNC D D_ASYNC E1 E_ASYNC G G_ASYNC H H_ASYNC I I_ASYNC }
