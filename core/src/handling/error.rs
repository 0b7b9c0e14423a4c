//! Why a handler failed, and whether trying again could help.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

/// The failure of a record.
///
/// Made by `?` from every error, text and boxed error, as one that is worth a
/// [`retry`](Self::retry); say [`permanent`](Self::permanent) where trying again cannot help. Like
/// `anyhow::Error` it is no [`Error`](std::error::Error) itself, so that `?` takes all others;
/// [`as_error`](Self::as_error) gives the one inside.
///
/// ```
/// use s3_dispatch_core::HandlerError;
///
/// async fn read(key: &str) -> Result<(), HandlerError> {
///     let number: u64 = key.parse().map_err(HandlerError::permanent)?;
///     std::fs::write("last", number.to_string())?;
///     Ok(())
/// }
/// ```
pub struct HandlerError {
    kind: HandlerErrorKind,
    retry_after: Option<Duration>,
    source: Box<dyn StdError + Send + Sync>,
}

/// What a [`HandlerError`] says about trying again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HandlerErrorKind {
    /// The same record may succeed later.
    Retry,
    /// The same record will fail every time.
    Permanent,
}

impl HandlerError {
    /// A failure that may pass: the message is delivered again.
    pub fn retry(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            kind: HandlerErrorKind::Retry,
            retry_after: None,
            source: error.into(),
        }
    }

    /// A failure that will not pass, however often the message is delivered.
    pub fn permanent(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            kind: HandlerErrorKind::Permanent,
            retry_after: None,
            source: error.into(),
        }
    }

    /// Before so long trying again would be in vain: a service has said when it will listen, say.
    ///
    /// A dispatcher's backoff heeds it; without one the message comes when its queue's visibility
    /// timeout is over.
    #[must_use]
    pub fn with_retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// How long to wait at least, if that was said.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// What the failure says about trying again.
    #[must_use]
    pub fn kind(&self) -> HandlerErrorKind {
        self.kind
    }

    /// Whether trying again cannot help.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        self.kind == HandlerErrorKind::Permanent
    }

    /// The error that the handler returned.
    #[must_use]
    pub fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.source
    }

    /// The error that the handler returned, by value.
    #[must_use]
    pub fn into_error(self) -> Box<dyn StdError + Send + Sync> {
        self.source
    }
}

impl<E: Into<Box<dyn StdError + Send + Sync>>> From<E> for HandlerError {
    fn from(error: E) -> Self {
        Self::retry(error)
    }
}

/// The error that the handler returned; with `{:#}` followed by its causes, `a: b: c`.
impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.source)?;
        if f.alternate() {
            let mut cause = self.source.source();
            while let Some(error) = cause {
                write!(f, ": {error}")?;
                cause = error.source();
            }
        }

        Ok(())
    }
}

impl fmt::Debug for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerError")
            .field("kind", &self.kind)
            .field("source", &self.source)
            .finish()
    }
}
