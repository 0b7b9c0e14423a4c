//! Boxes the errors that `?` converts.

use std::error::Error as StdError;

/// Boxes an error, so that it can be downcast to its own type afterwards.
///
/// The conversion of an `anyhow::Error` hides the outermost error in a private type if a backtrace
/// was taken. So with the feature `anyhow` another conversion is used for it, which drops the
/// backtrace.
#[cfg(feature = "anyhow")]
pub(super) fn boxed<E>(error: E) -> Box<dyn StdError + Send + Sync>
where
    E: Into<Box<dyn StdError + Send + Sync>> + 'static,
{
    let mut error = Some(error);

    let any: &mut dyn std::any::Any = &mut error;
    if let Some(error) = any.downcast_mut::<Option<anyhow::Error>>()
        && let Some(error) = error.take()
    {
        return error.reallocate_into_boxed_dyn_error_without_backtrace();
    }

    error.expect("only an `anyhow::Error` was taken out").into()
}

/// Boxes an error.
#[cfg(not(feature = "anyhow"))]
pub(super) fn boxed<E>(error: E) -> Box<dyn StdError + Send + Sync>
where
    E: Into<Box<dyn StdError + Send + Sync>> + 'static,
{
    error.into()
}
