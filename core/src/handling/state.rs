//! The application's state in handlers.

use std::ops::{Deref, DerefMut};

use crate::{Context, FromRecord, HandlerError};

/// A handler argument taken from the state that [`Routes::new`](crate::Routes::new) was given, or
/// that [`Routes::prepared_by`](crate::Routes::prepared_by) makes.
///
/// `T` is the state itself, or a part of it that [`FromRef`] takes out. It is cloned for each
/// record, so put what is expensive to clone into an `Arc`. Clients of the AWS SDK are cheap to
/// clone.
///
/// # Examples
///
/// ```
/// use s3_dispatch_core::{FromRef, Routes, State};
///
/// #[derive(Clone)]
/// struct Index;
///
/// struct App {
///     index: Index,
/// }
///
/// impl FromRef<App> for Index {
///     fn from_ref(app: &App) -> Self {
///         app.index.clone()
///     }
/// }
///
/// async fn store(State(_index): State<Index>) -> Result<(), std::io::Error> {
///     Ok(())
/// }
///
/// let routes = Routes::new(App { index: Index }).on_fn("ObjectCreated:*", store);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct State<T>(pub T);

/// A part of the application's state.
///
/// Implement it for each part that handlers take as [`State<Part>`](State), with the whole state as
/// `S`. Every type that is `Clone` is a part of itself, so a program with one state type needs no
/// implementation.
///
/// # Examples
///
/// ```
/// use s3_dispatch_core::FromRef;
///
/// struct App {
///     table: String,
/// }
///
/// #[derive(Clone)]
/// struct Table(String);
///
/// impl FromRef<App> for Table {
///     fn from_ref(app: &App) -> Self {
///         Table(app.table.clone())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "the state `{S}` does not provide `{Self}`",
    label = "a handler asks for `State<{Self}>`",
    note = "implement `FromRef<{S}>` for `{Self}`, or give `Routes::new` a state of the type \
            `{Self}`"
)]
pub trait FromRef<S> {
    /// Takes the part out of the state, usually as a clone.
    ///
    /// It runs for every record, so it must not block.
    fn from_ref(state: &S) -> Self;
}

impl<T: Clone> FromRef<T> for T {
    fn from_ref(state: &T) -> Self {
        state.clone()
    }
}

impl<'r, S, T: FromRef<S>> FromRecord<'r, S> for State<T> {
    fn from_record(context: Context<'r, S>) -> Result<Self, HandlerError> {
        Ok(Self(T::from_ref(context.state())))
    }
}

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for State<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}
