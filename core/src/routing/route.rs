//! Which records a handler answers.

use std::borrow::Cow;
use std::fmt;

use crate::{Error, EventName, EventPattern, S3EventRecord};

/// The tie between events and a handler: patterns, and perhaps a bucket, a prefix and a suffix of
/// the decoded key.
///
/// ```
/// use s3_dispatch_core::{EventPattern, Route};
///
/// let route = Route::new(EventPattern::from_static("ObjectCreated:*")).with_prefix("incoming/").with_suffix(".jpg");
/// assert_eq!(route.to_string(), "unnamed [ObjectCreated:*, prefix `incoming/`, suffix `.jpg`]");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    name: Cow<'static, str>,
    patterns: Vec<EventPattern>,
    bucket: Option<Cow<'static, str>>,
    prefix: Cow<'static, str>,
    suffix: Cow<'static, str>,
}

impl Route {
    /// The route of all events that match.
    #[must_use]
    pub fn new(pattern: EventPattern) -> Self {
        Self {
            name: Cow::Borrowed("unnamed"),
            patterns: vec![pattern],
            bucket: None,
            prefix: Cow::Borrowed(""),
            suffix: Cow::Borrowed(""),
        }
    }

    /// Also of the events of another pattern.
    #[must_use]
    pub fn with_pattern(mut self, pattern: EventPattern) -> Self {
        self.patterns.push(pattern);
        self
    }

    /// With the handler's name, which messages and logs show.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Only of this bucket.
    #[must_use]
    pub fn with_bucket(mut self, bucket: impl Into<Cow<'static, str>>) -> Self {
        self.bucket = Some(bucket.into());
        self
    }

    /// Only of keys that begin so, after decoding.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<Cow<'static, str>>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Only of keys that end so, after decoding.
    #[must_use]
    pub fn with_suffix(mut self, suffix: impl Into<Cow<'static, str>>) -> Self {
        self.suffix = suffix.into();
        self
    }

    /// The handler's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The patterns, any of which is enough.
    #[must_use]
    pub fn patterns(&self) -> &[EventPattern] {
        &self.patterns
    }

    /// The only bucket, or `None` for all.
    #[must_use]
    pub fn bucket(&self) -> Option<&str> {
        self.bucket.as_deref()
    }

    /// The prefix of the decoded key, or `None` for all keys.
    #[must_use]
    pub fn prefix(&self) -> Option<&str> {
        Some(&*self.prefix).filter(|prefix| !prefix.is_empty())
    }

    /// The suffix of the decoded key, or `None` for all keys.
    #[must_use]
    pub fn suffix(&self) -> Option<&str> {
        Some(&*self.suffix).filter(|suffix| !suffix.is_empty())
    }

    /// Whether the record belongs to this route.
    ///
    /// The prefix and the suffix may overlap in a short key, as they may in S3's own filters.
    #[must_use]
    pub fn matches(&self, record: &S3EventRecord) -> bool {
        self.patterns
            .iter()
            .any(|pattern| pattern.matches(&record.event_name))
            && self.filters_match(record)
    }

    pub(crate) fn filters_match(&self, record: &S3EventRecord) -> bool {
        let key = record.object.key.as_str();
        // Not even compared when empty: with glibc's `memcmp` for AVX-512 that costs as much as
        // dispatching the record.
        self.bucket
            .as_deref()
            .is_none_or(|bucket| record.bucket.name == *bucket)
            && (self.prefix.is_empty() || key.starts_with(&*self.prefix))
            && (self.suffix.is_empty() || key.ends_with(&*self.suffix))
    }

    /// How specific the best of the patterns is that match an event, by pattern and filters; `None`
    /// if none does.
    pub(crate) fn best_pattern(&self, name: &EventName) -> Option<(u8, bool, usize, usize)> {
        let matching = self.patterns.iter().filter(|pattern| pattern.matches(name));
        matching.map(|pattern| self.specificity(pattern)).max()
    }

    /// The right of one of its patterns to a record that several routes match.
    pub(crate) fn specificity(&self, pattern: &EventPattern) -> (u8, bool, usize, usize) {
        (
            pattern.specificity(),
            self.bucket.is_some(),
            self.prefix.len(),
            self.suffix.len(),
        )
    }

    /// Whether every record that passes the other's filters passes these.
    pub(crate) fn filters_cover(&self, other: &Self) -> bool {
        self.bucket
            .as_ref()
            .is_none_or(|bucket| other.bucket.as_ref() == Some(bucket))
            && other.prefix.starts_with(&*self.prefix)
            && other.suffix.ends_with(&*self.suffix)
    }

    /// Whether some events and keys belong to both, and neither is a special case of the other.
    pub(crate) fn crosses(&self, other: &Self) -> bool {
        let share = |left: &str, right: &str, within: fn(&str, &str) -> bool| {
            within(left, right) || within(right, left)
        };
        let events = self.patterns.iter().any(|left| {
            other
                .patterns
                .iter()
                .any(|right| left.specificity() == right.specificity() && left.covers(right))
        });

        let buckets =
            self.bucket.is_none() || other.bucket.is_none() || self.bucket == other.bucket;
        let prefixes = share(&self.prefix, &other.prefix, |long, short| {
            long.starts_with(short)
        });
        let suffixes = share(&self.suffix, &other.suffix, |long, short| {
            long.ends_with(short)
        });
        let nested = self.filters_cover(other) || other.filters_cover(self);

        events && buckets && prefixes && suffixes && !nested
    }

    /// What two routes must not share: then neither is more specific than the other.
    pub(crate) fn filters(&self) -> (Option<&str>, &str, &str) {
        (self.bucket.as_deref(), &self.prefix, &self.suffix)
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [", self.name)?;
        for (index, pattern) in self.patterns.iter().enumerate() {
            write!(f, "{}{pattern}", if index == 0 { "" } else { ", " })?;
        }

        if let Some(bucket) = &self.bucket {
            write!(f, ", bucket `{bucket}`")?;
        }

        if let Some(prefix) = self.prefix() {
            write!(f, ", prefix `{}`", prefix.escape_debug())?;
        }

        if let Some(suffix) = self.suffix() {
            write!(f, ", suffix `{}`", suffix.escape_debug())?;
        }

        f.write_str("]")
    }
}

impl From<EventPattern> for Route {
    fn from(pattern: EventPattern) -> Self {
        Self::new(pattern)
    }
}

/// The route of a pattern at run time, such as `ObjectCreated:*`.
impl TryFrom<&str> for Route {
    type Error = Error;

    fn try_from(pattern: &str) -> Result<Self, Error> {
        EventPattern::parse(pattern).map(Self::new)
    }
}
