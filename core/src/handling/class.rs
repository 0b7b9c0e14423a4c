//! What a failure means for its record, and who says so.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::SkipReason;

/// What an error means for the record whose handler returned it.
///
/// A program says it once for each of its error types, with [`Classify`], or with a closure for the
/// errors of others. Both are given to the dispatcher of `s3-dispatch`, which asks them about each
/// error that a handler returned through `?`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// The same record may succeed later, as in
    /// [`HandlerError::retry`](crate::HandlerError::retry).
    Retry,
    /// The same record may succeed after this time at the earliest, as in
    /// [`HandlerError::with_retry_after`](crate::HandlerError::with_retry_after).
    RetryAfter(Duration),
    /// The same record will fail every time, as in
    /// [`HandlerError::permanent`](crate::HandlerError::permanent).
    Permanent,
    /// There is nothing to do for the record, as in
    /// [`HandlerError::skip`](crate::HandlerError::skip).
    Skip(SkipReason),
}

impl Class {
    /// The class of an error of this type, by its [`Classify`]. `None` for every other error.
    ///
    /// It is a classifier for the dispatcher of `s3-dispatch`, which calls it for the error that a
    /// handler returned and for each of its causes.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::fmt;
    ///
    /// use s3_dispatch_core::{Class, Classify};
    ///
    /// #[derive(Debug)]
    /// struct NotAnImage;
    ///
    /// impl fmt::Display for NotAnImage {
    ///     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    ///         f.write_str("the object is not an image")
    ///     }
    /// }
    ///
    /// impl std::error::Error for NotAnImage {}
    ///
    /// impl Classify for NotAnImage {
    ///     fn class(&self) -> Class {
    ///         Class::Permanent
    ///     }
    /// }
    ///
    /// assert_eq!(Class::of::<NotAnImage>(&NotAnImage), Some(Class::Permanent));
    /// assert_eq!(Class::of::<NotAnImage>(&std::fmt::Error), None);
    /// ```
    #[must_use]
    pub fn of<E: Classify + StdError + 'static>(error: &(dyn StdError + 'static)) -> Option<Self> {
        error.downcast_ref::<E>().map(E::class)
    }
}

/// An error that knows what it means for the record.
///
/// `?` converts every error into a [`HandlerError`](crate::HandlerError), and cannot ask this trait
/// on the way: Rust has no way yet to treat types that implement a trait differently from all
/// others. Therefore the dispatcher asks afterwards, for each type that the program names there
/// with [`Class::of`]. That finds the error in a chain of causes as well.
///
/// # Examples
///
/// ```
/// use std::fmt;
/// use std::time::Duration;
///
/// use s3_dispatch_core::{Class, Classify};
///
/// #[derive(Debug)]
/// enum IndexError {
///     NotAnImage,
///     Busy,
///     Unavailable,
/// }
///
/// impl Classify for IndexError {
///     fn class(&self) -> Class {
///         match self {
///             Self::NotAnImage => Class::Permanent,
///             Self::Busy => Class::RetryAfter(Duration::from_secs(30)),
///             Self::Unavailable => Class::Retry,
///         }
///     }
/// }
///
/// impl std::error::Error for IndexError {}
///
/// impl fmt::Display for IndexError {
///     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
///         f.write_str(match self {
///             Self::NotAnImage => "the object is not an image",
///             Self::Busy => "the index is busy",
///             Self::Unavailable => "the index is unavailable",
///         })
///     }
/// }
///
/// assert_eq!(IndexError::NotAnImage.class(), Class::Permanent);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whether a retry can help",
    label = "does not implement `Classify`",
    note = "an error says it by `impl Classify`, with the method `class`",
    note = "for one that cannot, use `HandlerError::retry` or `HandlerError::permanent`"
)]
pub trait Classify {
    /// What this error means for the record.
    fn class(&self) -> Class;
}

/// Says what the error of a handler means, or `None` if it does not know it.
///
/// A dispatcher puts one into each [`MessageContext`](crate::MessageContext). It gets the error
/// that the handler returned, looks at the causes itself, and never panics.
#[derive(Clone)]
pub struct Classifier(Inner);

type Ask = dyn Fn(&(dyn StdError + 'static)) -> Option<Class> + Send + Sync;

#[derive(Clone)]
enum Inner {
    /// Costs nothing to clone.
    Fixed(fn(&(dyn StdError + 'static)) -> Option<Class>),
    Shared(Arc<Ask>),
}

impl Classifier {
    /// Makes a classifier of a function.
    #[must_use]
    pub fn fixed(ask: fn(&(dyn StdError + 'static)) -> Option<Class>) -> Self {
        Self(Inner::Fixed(ask))
    }

    /// Makes a classifier of a closure.
    pub fn shared(
        ask: impl Fn(&(dyn StdError + 'static)) -> Option<Class> + Send + Sync + 'static,
    ) -> Self {
        Self(Inner::Shared(Arc::new(ask)))
    }

    /// Asks about an error.
    #[must_use]
    pub fn class(&self, error: &(dyn StdError + 'static)) -> Option<Class> {
        match &self.0 {
            Inner::Fixed(ask) => ask(error),
            Inner::Shared(ask) => ask(error),
        }
    }
}

impl fmt::Debug for Classifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Classifier")
    }
}
