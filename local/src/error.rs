//! The error of this crate.
//!
//! Every fallible public function returns it, so that a test can match on one kind, and a program
//! can print one line. All modules of the crate make such errors.

use std::error::Error as StdError;
use std::fmt;

/// The error of describing, starting or using a pipeline.
///
/// The text is one clause without a full stop. The cause, if any, is available from
/// [`source`](StdError::source) and is not repeated in the text.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The kinds of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The description of the pipeline contradicts itself, or AWS would reject it.
    Configuration,
    /// No bucket, topic, queue or function has this name.
    UnknownName,
    /// The address is not available: its port is in use, for example.
    Address,
    /// A program does not exist or cannot be started.
    Program,
    /// A function does not become ready.
    Function,
    /// The disk failed: a folder is missing or a disk is full, for example. A retry may help.
    Storage,
    /// A body or a key is longer than the pipeline allows.
    TooLarge,
    /// A queue rejected a message.
    Refused,
    /// S3 rejected a request.
    S3,
    /// The pipeline is stopped.
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

    /// There is no `what` with this name.
    pub(crate) fn unknown_name(what: &str, name: &str) -> Self {
        Self::new(ErrorKind::UnknownName, no_such(what, name))
    }

    #[must_use]
    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The kind of the error.
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

/// The text of the error for an unknown name.
pub(crate) fn no_such(what: &str, name: &str) -> String {
    format!("there is no {what} `{name}`")
}
