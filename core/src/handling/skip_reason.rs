//! Why a record needs no handling.

use std::fmt;

/// Why a record was skipped.
///
/// A handler names one with [`HandlerError::skip`](crate::HandlerError::skip). A text in the
/// program's source is a reason of its own, [`Other`](Self::Other).
///
/// # Examples
///
/// ```
/// use s3_dispatch_core::SkipReason;
///
/// assert_eq!(SkipReason::Gone.to_string(), "the object is gone");
/// assert_eq!(SkipReason::from("not an image"), SkipReason::Other("not an image"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SkipReason {
    /// No route matches the record.
    ///
    /// That is normal to some degree: a filter policy lets a whole message pass if one of its
    /// records matches.
    Unrouted,
    /// The record was handled before, in this or an earlier delivery.
    Duplicate,
    /// A newer event of the same key was handled before.
    Stale,
    /// The object that the event is about does not exist any more. A later event tells of its
    /// removal.
    Gone,
    /// The object has been overwritten since the event. A later event tells of its new content.
    Superseded,
    /// The program wrote the object itself, so it need not react to the event.
    OwnWrite,
    /// A reason of the program, as one clause: `not an image`.
    ///
    /// It is written to the log. It must be a text in the source, so that it cannot contain
    /// anything that came with the record.
    Other(&'static str),
}

impl SkipReason {
    /// The short name of the reason: `unrouted`, `duplicate`, `stale`, `gone`, `superseded` or
    /// `own_write`. Every [`Other`](Self::Other) is `skipped`.
    ///
    /// Use it where there must be few different values, such as a label of a metric.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::SkipReason;
    ///
    /// assert_eq!(SkipReason::OwnWrite.name(), "own_write");
    /// assert_eq!(SkipReason::Other("not an image").name(), "skipped");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unrouted => "unrouted",
            Self::Duplicate => "duplicate",
            Self::Stale => "stale",
            Self::Gone => "gone",
            Self::Superseded => "superseded",
            Self::OwnWrite => "own_write",
            Self::Other(_) => "skipped",
        }
    }
}

/// Writes the reason as one clause.
impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unrouted => "no route matches the record",
            Self::Duplicate => "the record was handled before",
            Self::Stale => "a newer event of the key was handled before",
            Self::Gone => "the object is gone",
            Self::Superseded => "the object has been overwritten",
            Self::OwnWrite => "the program wrote the object itself",
            Self::Other(reason) => reason,
        })
    }
}

/// [`SkipReason::Other`].
impl From<&'static str> for SkipReason {
    fn from(reason: &'static str) -> Self {
        Self::Other(reason)
    }
}
