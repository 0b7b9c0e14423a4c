//! The error of this crate, and the text of any error with its causes.

use std::error::Error as StdError;
use std::fmt::{self, Write as _};
use std::iter::successors;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::contained::{ContainedError, drop_panic};

/// An error of reading a payload or a pattern, of deriving a filter, or of a whole invocation.
///
/// - [`kind`](Self::kind) says what went wrong, for programs to match on.
/// - [`path`](Self::path) is the place in the JSON.
/// - [`is_retryable`](Self::is_retryable) says whether a retry can help.
///
/// `Display` writes one clause without a full stop, and the path if there is one. The cause, if
/// there is one, is the [`source`](StdError::source) and is not part of the text.
///
/// # Examples
///
/// ```
/// use s3_dispatch_core::{ErrorKind, Notification};
///
/// let json = r#"{"Records": [{"eventName": "ObjectCreated:Put",
///     "s3": {"bucket": {"name": "holiday"}, "object": {}}}]}"#;
/// let error = Notification::parse(json).unwrap_err();
///
/// assert_eq!(error.kind(), ErrorKind::MissingField);
/// assert_eq!(error.path(), Some("$.Records[0].s3.object.key"));
/// assert!(!error.is_retryable());
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    path: Option<String>,
    message: String,
    source: Option<ContainedError>,
}

/// What went wrong.
///
/// Only [`InvocationFailed`](Self::InvocationFailed), [`Runtime`](Self::Runtime),
/// [`NotPrepared`](Self::NotPrepared) and [`Queue`](Self::Queue) are worth a retry. All others are
/// about the input, which does not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes are not UTF-8.
    InvalidUtf8,
    /// The text is not JSON, or a string that is read contains a lone surrogate, such as
    /// `"\ud800"`.
    InvalidJson,
    /// The JSON is nested more deeply than the reader follows.
    TooDeep,
    /// The payload is longer than the reader can address: 4 GiB.
    TooLarge,
    /// The JSON is not an S3 event, in any of the known envelopes.
    NotAnS3Event,
    /// A required field is absent, null or empty: the event's name, the bucket's name or the key.
    ///
    /// Or a record lacks a field that a typed view promises.
    MissingField,
    /// A field has a value of the wrong type, or the event of a record is not one of a view's
    /// events.
    InvalidField,
    /// An SQS message has no id, so its failure could not be reported.
    ///
    /// The whole batch fails.
    MissingMessageId,
    /// The text is not an event pattern.
    InvalidPattern,
    /// The filters of a route make no sense, or an argument of its handler does not fit them.
    InvalidRoute,
    /// The routes need a filter that the service cannot express, or that exceeds its limits.
    Unexpressible,
    /// A record failed, and its delivery cannot report single failures, so the invocation fails.
    InvocationFailed,
    /// The program does not run in a working Lambda environment, or the Runtime API failed.
    Runtime,
    /// A router could not be prepared: the state of its handlers could not be made.
    NotPrepared,
    /// A worker cannot use its queue: it does not exist, the credentials are missing or refused, or
    /// the region is wrong.
    Queue,
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
        self.0.source = Some(ContainedError::new(source));
        self
    }

    pub(crate) fn at(mut self, path: impl fmt::Display) -> Self {
        self.0.path = Some(path.to_string());
        self
    }

    /// What went wrong.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{ErrorKind, Notification};
    ///
    /// let error = Notification::parse("not JSON").unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::InvalidJson);
    /// ```
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The place in the payload, as a JSON path: `$.Records[0].body.Records[2].s3.object.key`.
    ///
    /// A step into a string that holds JSON (`body`, `Message`) looks like a step into an object.
    /// `None` for errors that are not about a place in a payload.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Notification};
    ///
    /// let json = r#"{"Records": [{"eventName": "ObjectCreated:Put",
    ///     "s3": {"bucket": {"name": 7}, "object": {"key": "a.jpg"}}}]}"#;
    /// let error = Notification::parse(json).unwrap_err();
    /// assert_eq!(error.path(), Some("$.Records[0].s3.bucket.name"));
    /// assert_eq!(EventPattern::parse("Put*").unwrap_err().path(), None);
    /// ```
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.0.path.as_deref()
    }

    /// Whether the same input can succeed later.
    ///
    /// True for a failed invocation and for a program that could not start, false for input that
    /// cannot be read.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.0.kind,
            ErrorKind::InvocationFailed
                | ErrorKind::Runtime
                | ErrorKind::NotPrepared
                | ErrorKind::Queue
        )
    }
}

/// Writes the message, then ``at `path` `` if there is a path.
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
        self.0.source.as_ref().map(|source| source.get() as _)
    }
}

/// Returns an error with its causes on one line: `a: b: c`.
///
/// Many errors write their cause themselves. A cause whose text the line ends with already is left
/// out.
///
/// For readers who cannot ask for the source, such as those of a log. The error may come from
/// anyone's code: printing it may panic, its text may be megabytes long, and its chain of causes
/// may never end. So a panic is caught, and the text is cut after 32 causes and after 8 KiB.
#[doc(hidden)]
#[must_use]
pub fn with_causes(error: &(dyn StdError + 'static)) -> String {
    const MAX_CAUSES: usize = 32;

    let mut line = BoundedText::default();
    let written = catch_unwind(AssertUnwindSafe(|| {
        let causes = successors(error.source(), |&cause| cause.source());

        write!(line, "{error}")?;
        for cause in causes.take(MAX_CAUSES) {
            line.add_cause(cause)?;
        }

        Ok::<_, fmt::Error>(())
    }));

    match written {
        Err(panic) => {
            drop_panic(panic);
            "an error that panicked while it was printed".to_owned()
        }
        Ok(Err(_)) if !line.is_full => "an error that cannot be printed".to_owned(),
        Ok(_) => line.finish(),
    }
}

/// Returns a text, cut after 8 KiB.
#[doc(hidden)]
#[must_use]
pub fn bounded(text: &str) -> String {
    let mut bounded = BoundedText::default();
    // An error means that the text is full.
    let _ = bounded.write_str(text);

    bounded.finish()
}

/// A text that takes 8 KiB, and then fails to be written to.
#[derive(Default)]
struct BoundedText {
    text: String,
    is_full: bool,
}

impl BoundedText {
    /// Writes `: ` and the text of a cause, unless that is what the text ends with.
    fn add_cause(&mut self, cause: &(dyn StdError + 'static)) -> fmt::Result {
        let mut text = Self::default();
        let written = write!(text, "{cause}");
        if written.is_err() && !text.is_full {
            return written;
        }
        if !text.is_full && self.ends_with_words(&text.text) {
            return Ok(());
        }

        self.write_str(": ")?;
        self.write_str(&text.text)
    }

    /// Whether the text ends with these words: with `full`, as `the disk is full` does and
    /// `it was careful` does not. Every text ends with no words.
    fn ends_with_words(&self, words: &str) -> bool {
        self.text.strip_suffix(words).is_some_and(|before| {
            let is_within_a_word =
                before.ends_with(char::is_alphanumeric) && words.starts_with(char::is_alphanumeric);
            !is_within_a_word
        })
    }

    /// Returns the text, and says if it was cut.
    fn finish(self) -> String {
        if self.is_full {
            self.text + "... (cut)"
        } else {
            self.text
        }
    }
}

impl fmt::Write for BoundedText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        const MAX_BYTES: usize = 8 * 1024;

        let mut end = text.len().min(MAX_BYTES - self.text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }

        self.is_full |= end < text.len();
        self.text.push_str(&text[..end]);

        if self.is_full {
            Err(fmt::Error)
        } else {
            Ok(())
        }
    }
}
