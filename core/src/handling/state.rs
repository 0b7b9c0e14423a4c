//! The application's state in handlers.

use std::ops::{Deref, DerefMut};

use crate::{Context, FromRecord, HandlerError};

/// A handler argument taken from the state that [`Routes::new`](crate::Routes::new) was given.
///
/// `T` is the state itself or whatever [`FromRef`] takes from it. It is cloned for each record, so
/// put what is dear to clone into an `Arc`.
///
/// ```
/// use s3_dispatch_core::{FromRef, State};
///
/// #[derive(Clone)]
/// struct Index;
/// struct App { index: Index }
///
/// impl FromRef<App> for Index {
///     fn from_ref(app: &App) -> Self { app.index.clone() }
/// }
///
/// async fn handler(State(index): State<Index>) {}
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct State<T>(pub T);

/// Takes a part of the application's state, or all of it: every type that is `Clone` is a part of
/// itself.
#[diagnostic::on_unimplemented(
    message = "the state `{S}` does not provide `{Self}`",
    label = "a handler asks for `State<{Self}>`",
    note = "implement `FromRef<{S}>` for `{Self}`, or give `Routes::new` a state of the type `{Self}`"
)]
pub trait FromRef<S> {
    /// The part, mostly a clone.
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
