//! What answers records.

use std::future::Future;
use std::pin::Pin;

use crate::{Context, FromRecord, HandlerError, Outcome, Route};

/// A boxed future, as handlers and routers return it.
pub type BoxFuture<'r, T> = Pin<Box<dyn Future<Output = T> + Send + 'r>>;

/// Something that answers the records of its route, for an application with the state `S`.
///
/// A handler is a type, not a value: `#[s3_handler("ObjectCreated:Put")]` on a function makes one
/// of the same name, and [`Routes::on`](crate::Routes::on) takes it by that name. Implement the
/// trait by hand for a handler that is generic:
///
/// ```
/// use std::marker::PhantomData;
/// use s3_dispatch_core::{BoxFuture, Context, EventPattern, Handler, Outcome, Route, Routes};
///
/// trait Codec: Send + Sync + 'static { const SUFFIX: &'static str; }
/// struct Transcode<C>(PhantomData<C>);
///
/// impl<C: Codec, S: Sync> Handler<S> for Transcode<C> {
///     fn route() -> Route {
///         Route::new(EventPattern::from_static("ObjectCreated:*")).with_name("transcode").with_suffix(C::SUFFIX)
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
/// impl Codec for Flac { const SUFFIX: &'static str = ".flac"; }
/// let routes = Routes::new(()).on::<Transcode<Flac>>();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no handler for an application with the state `{S}`",
    label = "not a handler",
    note = "name an async fn with `#[s3_handler(\"ObjectCreated:Put\")]` here, whose arguments and option `state` fit `{S}`",
    note = "closures are for `on_fn`"
)]
pub trait Handler<S>: 'static {
    /// Which records the handler answers.
    fn route() -> Route;

    /// Answers one record.
    fn handle<'r>(context: Context<'r, S>) -> BoxFuture<'r, Outcome>;
}

/// A closure or function of owned arguments, for [`Routes::on_fn`](crate::Routes::on_fn).
///
/// Implemented for every `Fn` of up to eight arguments that are [`FromRecord`] without borrowing
/// from the record, and that returns a future of `Result<(), E>`.
#[diagnostic::on_unimplemented(
    message = "this function cannot answer records",
    note = "`on_fn` takes a function of up to eight owned arguments, such as `S3EventRecord`, `ObjectKey` or `State<T>`, that \
            returns a `Send` future of `Result<(), E>`"
)]
pub trait HandlerFn<S, Arguments>: Send + Sync + 'static {
    /// Answers one record.
    fn call<'r>(&'r self, context: Context<'r, S>) -> BoxFuture<'r, Outcome>;
}

macro_rules! handler_fn {
    ($($argument:ident)*) => {
        impl<S, F, Fut, E, $($argument,)*> HandlerFn<S, ($($argument,)*)> for F
        where
            S: Sync,
            F: Fn($($argument,)*) -> Fut + Send + Sync + 'static,
            Fut: Future<Output = Result<(), E>> + Send,
            E: Into<HandlerError>,
            $($argument: for<'a> FromRecord<'a, S> + Send,)*
        {
            fn call<'r>(&'r self, context: Context<'r, S>) -> BoxFuture<'r, Outcome> {
                Box::pin(async move {
                    let _ = context;
                    let running = self($(
                        match $argument::from_record(context) {
                            Ok(argument) => argument,
                            Err(error) => return Outcome::Failed(error),
                        },
                    )*);
                    Outcome::from(running.await)
                })
            }
        }
    };
}

handler_fn! {}
handler_fn! { A }
handler_fn! { A B }
handler_fn! { A B C }
handler_fn! { A B C D }
handler_fn! { A B C D E1 }
handler_fn! { A B C D E1 G }
handler_fn! { A B C D E1 G H }
handler_fn! { A B C D E1 G H I }
