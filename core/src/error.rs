//! What can be wrong with a text that this crate reads.

use std::error::Error as StdError;
use std::fmt;

/// An error of reading a payload, a pattern or a record, or of a whole invocation.
///
/// The text is one clause without a full stop; the cause, if any, is [`source`](StdError::source)
/// and not repeated. [`kind`](Self::kind) tells programs what went wrong, [`path`](Self::path)
/// where in the JSON, [`is_retryable`](Self::is_retryable) whether the same input could succeed
/// later.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    path: Option<String>,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What kind of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes are not UTF-8.
    InvalidUtf8,
    /// The text is not JSON, or a string that is read holds a lone surrogate.
    InvalidJson,
    /// The JSON nests deeper than the reader follows.
    TooDeep,
    /// The payload is longer than the reader can address (4 GiB).
    TooLarge,
    /// The JSON is no S3 event in any envelope that is known.
    NotAnS3Event,
    /// A field that every S3 event has is absent, null or empty.
    MissingField,
    /// A field has a value of the wrong type.
    InvalidField,
    /// An SQS message has no id, so that its failure could not be reported.
    MissingMessageId,
    /// The text is not the pattern of an event.
    InvalidPattern,
    /// The routes ask for a filter that the service does not have, or has not in this size.
    Unexpressible,
    /// A record failed and its delivery cannot report single failures, so that the invocation
    /// fails.
    InvocationFailed,
    /// Lambda's runtime could not be served.
    Runtime,
}

impl Error {
    #[doc(hidden)]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            path: None,
            message: message.into(),
            source: None,
        }))
    }

    #[doc(hidden)]
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn at(mut self, path: impl fmt::Display) -> Self {
        self.0.path = Some(path.to_string());
        self
    }

    /// What kind of thing went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Where in the payload, as a JSON path such as `$.Records[0].body.Records[2].s3.object.key`.
    ///
    /// A step into a string that holds JSON (`body`, `Message`) is written like a step into an
    /// object. `None` for errors that are not about a place in a payload.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.0.path.as_deref()
    }

    /// Whether the same input could succeed later: true for a failed invocation, false for
    /// unreadable input.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.0.kind,
            ErrorKind::InvocationFailed | ErrorKind::Runtime
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        match &self.0.path {
            Some(path) => write!(f, " at `{path}`"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Error");
        debug
            .field("kind", &self.0.kind)
            .field("message", &self.0.message);

        if let Some(path) = &self.0.path {
            debug.field("path", path);
        }

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
