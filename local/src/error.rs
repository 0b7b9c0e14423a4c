//! What can be wrong with a pipeline.

use std::error::Error as StdError;
use std::fmt;

/// A pipeline could not be described, started, or kept.
///
/// The text is one clause without a full stop; the cause, if any, is [`source`](StdError::source)
/// and not repeated.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What kind of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The description of the pipeline contradicts itself, or asks for what AWS refuses.
    Configuration,
    /// A name is used that no bucket, topic, queue or function has.
    UnknownName,
    /// An address cannot be listened on.
    Address,
    /// A program cannot be found or started.
    Program,
    /// A function does not come up.
    Function,
    /// State cannot be read or written: a folder is missing, a disk is full.
    Storage,
    /// A body or key is longer than this pipeline takes.
    TooLarge,
    /// A queue does not take a message.
    Refused,
    /// The S3 endpoint answered a request with an error.
    S3,
    /// The pipeline was stopped.
    Stopped,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            source: None,
        }))
    }

    #[must_use]
    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What kind of thing went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Error");
        debug
            .field("kind", &self.0.kind)
            .field("message", &self.0.message);

        if let Some(source) = &self.0.source {
            debug.field("source", source);
        }

        debug.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
