//! The patterns and filters that select the records of a handler.

use std::borrow::Cow;
use std::fmt;

use crate::{Error, EventName, EventPattern, S3EventRecord};

/// The records that a handler takes: patterns of events, and filters on bucket and key.
///
/// A record matches if its event matches any of the patterns and it passes every filter. Filters
/// compare with the decoded key, byte by byte: `incoming/my photo.jpg`, not
/// `incoming/my+photo.jpg`. Upper and lower case differ.
///
/// If several routes match a record, [`Routes`](crate::Routes) takes the most specific one.
///
/// # Examples
///
/// ```
/// use s3_dispatch_core::{EventPattern, Route};
///
/// let route = Route::new(EventPattern::from_static("ObjectCreated:*"))
///     .with_name("resize")
///     .with_prefix("incoming/")
///     .with_suffix(".jpg");
///
/// assert_eq!(route.to_string(), "resize [ObjectCreated:*, prefix `incoming/`, suffix `.jpg`]");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    name: Cow<'static, str>,
    patterns: Vec<EventPattern>,
    bucket: Option<Cow<'static, str>>,
    prefix: Cow<'static, str>,
    suffix: Cow<'static, str>,
}

/// How specific a route is: the more specific one takes a record that both match.
///
/// The order of the fields is the order of their weight.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Specificity {
    pattern: u8,
    names_bucket: bool,
    prefix_len: usize,
    suffix_len: usize,
}

impl Route {
    /// Creates a route that takes every event of the pattern, from every bucket and with every key.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Route};
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let route = Route::new(EventPattern::from_static("ObjectRemoved:*"));
    /// assert!(route.matches(&RecordBuilder::new("ObjectRemoved:Delete").build()));
    /// assert!(!route.matches(&RecordBuilder::new("ObjectCreated:Put").build()));
    /// ```
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

    /// Adds a pattern. The route takes the events of all its patterns.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Route};
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let route = Route::new(EventPattern::from_static("ObjectCreated:Put"))
    ///     .with_pattern(EventPattern::from_static("ObjectCreated:CompleteMultipartUpload"));
    ///
    /// let multipart = RecordBuilder::new("ObjectCreated:CompleteMultipartUpload").build();
    /// assert!(route.matches(&multipart));
    /// assert!(!route.matches(&RecordBuilder::new("ObjectCreated:Copy").build()));
    /// ```
    #[must_use]
    pub fn with_pattern(mut self, pattern: EventPattern) -> Self {
        self.patterns.push(pattern);
        self
    }

    /// Sets the handler's name, which messages and logs show. The default is `unnamed`.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Route};
    ///
    /// let route = Route::new(EventPattern::ANY).with_name("audit");
    /// assert_eq!(route.to_string(), "audit [*]");
    /// ```
    #[must_use]
    pub fn with_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Takes only the events of this bucket.
    ///
    /// Another call replaces the bucket.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Route};
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let route = Route::new(EventPattern::ANY).with_bucket("holiday");
    /// let record = RecordBuilder::new("ObjectCreated:Put");
    /// assert!(route.matches(&record.clone().with_bucket("holiday").build()));
    /// assert!(!route.matches(&record.with_bucket("work").build()));
    /// ```
    #[must_use]
    pub fn with_bucket(mut self, bucket: impl Into<Cow<'static, str>>) -> Self {
        self.bucket = Some(bucket.into());
        self
    }

    /// Takes only the events of keys that start with the prefix, after decoding.
    ///
    /// The empty prefix matches every key.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Route};
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let route = Route::new(EventPattern::ANY).with_prefix("my photos/");
    /// let record = RecordBuilder::new("ObjectCreated:Put");
    /// assert!(route.matches(&record.clone().with_key("my photos/1.jpg").build()));
    /// assert!(!route.matches(&record.with_key("photos/1.jpg").build()));
    /// ```
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<Cow<'static, str>>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Takes only the events of keys that end with the suffix, after decoding.
    ///
    /// The empty suffix matches every key.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Route};
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let route = Route::new(EventPattern::ANY).with_suffix(".jpg");
    /// let record = RecordBuilder::new("ObjectCreated:Put");
    /// assert!(route.matches(&record.clone().with_key("1.jpg").build()));
    /// assert!(!route.matches(&record.with_key("1.JPG").build()));
    /// ```
    #[must_use]
    pub fn with_suffix(mut self, suffix: impl Into<Cow<'static, str>>) -> Self {
        self.suffix = suffix.into();
        self
    }

    /// The handler's name. `unnamed` if none was set.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Route};
    ///
    /// let route = Route::new(EventPattern::ANY);
    /// assert_eq!(route.name(), "unnamed");
    /// assert_eq!(route.with_name("audit").name(), "audit");
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The patterns, in the order in which they were added. One of them has to match.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Route};
    ///
    /// let route = Route::new(EventPattern::from_static("ObjectRemoved:*"));
    /// assert_eq!(route.patterns(), [EventPattern::from_static("ObjectRemoved:*")]);
    /// ```
    #[must_use]
    pub fn patterns(&self) -> &[EventPattern] {
        &self.patterns
    }

    /// The bucket whose events the route takes. `None` for every bucket.
    #[must_use]
    pub fn bucket(&self) -> Option<&str> {
        self.bucket.as_deref()
    }

    /// The prefix of the decoded key. `None` for every key.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Route};
    ///
    /// let route = Route::new(EventPattern::ANY);
    /// assert_eq!(route.prefix(), None);
    /// assert_eq!(route.with_prefix("in/").prefix(), Some("in/"));
    /// ```
    #[must_use]
    pub fn prefix(&self) -> Option<&str> {
        Some(&*self.prefix).filter(|prefix| !prefix.is_empty())
    }

    /// The suffix of the decoded key. `None` for every key.
    #[must_use]
    pub fn suffix(&self) -> Option<&str> {
        Some(&*self.suffix).filter(|suffix| !suffix.is_empty())
    }

    /// Whether the record matches this route.
    ///
    /// The prefix and the suffix may overlap in a short key, as they may in S3's own filters.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Route};
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let route = Route::new(EventPattern::ANY).with_prefix("aba").with_suffix("bab");
    /// assert!(route.matches(&RecordBuilder::new("ObjectCreated:Put").with_key("abab").build()));
    /// ```
    #[must_use]
    pub fn matches(&self, record: &S3EventRecord) -> bool {
        self.patterns
            .iter()
            .any(|pattern| pattern.matches(&record.event_name))
            && self.filters_match(record)
    }

    pub(crate) fn filters_match(&self, record: &S3EventRecord) -> bool {
        let key = record.object.key.as_str();
        // An empty filter is not even compared: with glibc's `memcmp` for AVX-512 the comparison
        // costs as much as dispatching the record.
        self.bucket
            .as_deref()
            .is_none_or(|bucket| record.bucket.name == *bucket)
            && (self.prefix.is_empty() || key.starts_with(&*self.prefix))
            && (self.suffix.is_empty() || key.ends_with(&*self.suffix))
    }

    /// How specific the route is for an event. `None` if no pattern matches it.
    pub(crate) fn best_pattern(&self, name: &EventName) -> Option<Specificity> {
        let matching = self.patterns.iter().filter(|pattern| pattern.matches(name));
        matching.map(|pattern| self.specificity(pattern)).max()
    }

    /// How specific the route is with one of its patterns.
    pub(crate) fn specificity(&self, pattern: &EventPattern) -> Specificity {
        Specificity {
            pattern: pattern.specificity(),
            names_bucket: self.bucket.is_some(),
            prefix_len: self.prefix.len(),
            suffix_len: self.suffix.len(),
        }
    }

    /// Whether every record that passes the filters of `other` passes these too.
    pub(crate) fn filters_cover(&self, other: &Self) -> bool {
        self.bucket
            .as_ref()
            .is_none_or(|bucket| other.bucket.as_ref() == Some(bucket))
            && other.prefix.starts_with(&*self.prefix)
            && other.suffix.ends_with(&*self.suffix)
    }

    /// Whether some events and keys match both routes, and neither is a special case of the other.
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

    /// The filters, to compare. Two routes with equal filters and a common pattern conflict.
    pub(crate) fn filters(&self) -> (Option<&str>, &str, &str) {
        (self.bucket.as_deref(), &self.prefix, &self.suffix)
    }
}

/// Writes the name, the patterns and the filters: `resize [ObjectCreated:*, prefix `incoming/`]`.
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

/// The same as [`Route::new`].
impl From<EventPattern> for Route {
    fn from(pattern: EventPattern) -> Self {
        Self::new(pattern)
    }
}

/// Parses a pattern such as `ObjectCreated:*`, as [`EventPattern::parse`] does.
impl TryFrom<&str> for Route {
    type Error = Error;

    fn try_from(pattern: &str) -> Result<Self, Error> {
        EventPattern::parse(pattern).map(Self::new)
    }
}
