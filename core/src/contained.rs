//! Keeps panics of other people's code from spreading: of a `Drop`, and of a function.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Someone else's error, whose `Drop` may panic.
///
/// Two of them can be dropped one after the other, for example in a vector. Without this type the
/// second panic would end the process.
pub struct ContainedError(Option<Box<dyn StdError + Send + Sync>>);

impl ContainedError {
    /// Contains an error.
    pub fn new(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(Some(error.into()))
    }

    /// Returns the error.
    #[must_use]
    pub fn get(&self) -> &(dyn StdError + Send + Sync + 'static) {
        self.0
            .as_deref()
            .expect("only `into_inner` and `drop` take the error, and both end `self`")
    }

    /// Returns the error by value. It is not contained any more.
    #[must_use]
    pub fn into_inner(mut self) -> Box<dyn StdError + Send + Sync> {
        self.0
            .take()
            .expect("only `into_inner` and `drop` take the error, and both end `self`")
    }
}

impl Drop for ContainedError {
    fn drop(&mut self) {
        if let Some(error) = self.0.take() {
            drop_contained(error);
        }
    }
}

impl fmt::Debug for ContainedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.get(), f)
    }
}

/// Drops a value. Returns whether that panicked.
pub fn drop_contained<T>(value: T) -> bool {
    match catch_unwind(AssertUnwindSafe(|| drop(value))) {
        Ok(()) => false,
        Err(panic) => {
            drop_panic(panic);
            true
        }
    }
}

/// Drops what a panic was raised with.
///
/// Its `Drop` may panic too, with something whose `Drop` may panic, and so on. So the second one is
/// leaked.
pub fn drop_panic(panic: Box<dyn Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        std::mem::forget(second);
    }
}

/// A caught panic as an error, with the panic's message if that is a text.
#[derive(Debug, Default)]
pub struct Panicked(Option<String>);

impl Panicked {
    /// Takes the message, and drops what the panic was raised with.
    #[must_use]
    pub fn new(panic: Box<dyn Any + Send>) -> Self {
        let message = panic.downcast_ref::<&str>().map(ToString::to_string);
        let message = message.or_else(|| panic.downcast_ref::<String>().cloned());
        drop_panic(panic);

        Self(message)
    }
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(message) => write!(f, "panicked: {message}"),
            None => f.write_str("panicked without a message"),
        }
    }
}

impl StdError for Panicked {}
