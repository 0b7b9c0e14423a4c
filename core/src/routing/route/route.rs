//! The patterns and filters that select the records of a handler.

use std::borrow::Cow;

use super::effects::Effects;
use super::key_filter::{Affixes, KeyFilter};
use super::key_pattern::KeyPattern;
use super::selection::Selection;
use crate::{Error, ErrorKind, EventPattern, S3EventRecord};

/// The records that a handler takes: patterns of events, and filters on bucket and key.
///
/// A record matches if its event matches any of the patterns and it passes every filter. Filters
/// compare with the decoded key, byte by byte: `incoming/my photo.jpg`, not
/// `incoming/my+photo.jpg`. Upper and lower case differ, unless
/// [`ignore_suffix_case`](Self::ignore_suffix_case) says otherwise.
///
/// # Patterns of keys
///
/// [`with_key`](Self::with_key) takes the form of a key, such as
/// `tenants/{tenant}/photos/{photo}.jpg`, and [`Key`](crate::Key) gives its parts to the handler:
///
/// | in the pattern | what it matches |
/// |---|---|
/// | `{name}` | at least one character, without `/` |
/// | `{name*}` | the rest of the key, at least one character; only at the end |
/// | `{{`, `}}` | a brace |
/// | any other text | itself |
///
/// A name has ASCII letters, digits and `_`, and no other part has it. Between two parts there is
/// text. In `{name}-{version}.tar` the first part ends at the first `-`. Matching takes time that
/// grows with the length of the key and no faster, and allocates nothing.
///
/// # Mistakes
///
/// A filter that makes no sense, such as a pattern without its `}` or a list in which one suffix
/// covers another, is found by [`check`](Self::check), which [`Routes`](crate::Routes) calls: it
/// panics in [`on`](crate::Routes::on). In `#[s3_handler]` the same mistakes do not compile.
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
    pub(super) name: Cow<'static, str>,
    pub(super) patterns: Vec<EventPattern>,
    pub(super) bucket: Option<Cow<'static, str>>,
    pub(super) keys: KeyFilter,
    pub(super) effects: Effects,
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
            keys: KeyFilter::default(),
            effects: Effects::default(),
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
        self.keys.prefixes = Affixes::one(prefix.into());
        self
    }

    /// Takes only the events of keys that start with one of the prefixes, after decoding.
    ///
    /// It replaces the prefixes of an earlier call. A list that is empty, or has an entry that
    /// covers another one, is a [mistake](Self::check).
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Route};
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let route = Route::new(EventPattern::ANY).with_prefixes(["photos/", "scans/"]);
    /// let record = RecordBuilder::new("ObjectCreated:Put");
    /// assert!(route.matches(&record.clone().with_key("scans/1.jpg").build()));
    /// assert!(!route.matches(&record.with_key("videos/1.mp4").build()));
    /// ```
    #[must_use]
    pub fn with_prefixes<P: Into<Cow<'static, str>>>(
        mut self,
        prefixes: impl IntoIterator<Item = P>,
    ) -> Self {
        self.keys.prefixes = Affixes::OneOf(prefixes.into_iter().map(Into::into).collect());
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
        self.keys.suffixes = Affixes::one(suffix.into());
        self
    }

    /// Takes only the events of keys that end with one of the suffixes, after decoding.
    ///
    /// It replaces the suffixes of an earlier call. A list that is empty, or has an entry that
    /// covers another one, is a [mistake](Self::check).
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Route};
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let route = Route::new(EventPattern::ANY).with_suffixes([".jpg", ".jpeg"]);
    /// let record = RecordBuilder::new("ObjectCreated:Put");
    /// assert!(route.matches(&record.clone().with_key("1.jpeg").build()));
    /// assert!(!route.matches(&record.with_key("1.png").build()));
    /// ```
    #[must_use]
    pub fn with_suffixes<P: Into<Cow<'static, str>>>(
        mut self,
        suffixes: impl IntoIterator<Item = P>,
    ) -> Self {
        self.keys.suffixes = Affixes::OneOf(suffixes.into_iter().map(Into::into).collect());
        self
    }

    /// Takes keys that end with the suffix in any case: `.jpg`, `.JPG` and `.Jpg`.
    ///
    /// That is about ASCII letters; others still have to be the same.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Route};
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let route = Route::new(EventPattern::ANY).with_suffix(".jpg").ignore_suffix_case();
    /// let record = RecordBuilder::new("ObjectCreated:Put");
    /// assert!(route.matches(&record.with_key("DCIM/0001.JPG").build()));
    /// ```
    #[must_use]
    pub fn ignore_suffix_case(mut self) -> Self {
        self.keys.ignores_suffix_case = true;
        self
    }

    /// Leaves out "folders": empty objects whose key ends in `/`.
    ///
    /// Consoles and tools create them to show a folder before there is an object in it. The removal
    /// of an object has no size, so each key that ends in `/` counts.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Route};
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let route = Route::new(EventPattern::ANY).no_folders();
    /// let folder = RecordBuilder::new("ObjectCreated:Put").with_key("photos/").with_size(0);
    /// assert!(!route.matches(&folder.clone().build()));
    /// assert!(route.matches(&folder.with_key("photos/1.jpg").build()));
    /// ```
    #[must_use]
    pub fn no_folders(mut self) -> Self {
        self.keys.no_folders = true;
        self
    }

    /// Takes only the events of keys of this form, after decoding.
    ///
    /// It replaces the pattern of an earlier call. See [the table](Self#patterns-of-keys) for what
    /// a pattern can have. The prefix and the suffix of the route apply as well.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Route};
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let route = Route::new(EventPattern::ANY).with_key("tenants/{tenant}/{file*}");
    /// let record = RecordBuilder::new("ObjectCreated:Put");
    /// assert!(route.matches(&record.clone().with_key("tenants/7/a/b.jpg").build()));
    /// assert!(!route.matches(&record.with_key("tenants/7").build()));
    /// ```
    #[must_use]
    pub fn with_key(mut self, pattern: impl Into<Cow<'static, str>>) -> Self {
        self.keys.set_pattern(pattern.into());
        self
    }

    /// Finds the mistakes in the filters, and in what the handler says that it does.
    ///
    /// [`Routes`](crate::Routes) calls it when the route is added.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::InvalidRoute`] with all mistakes, and the route's name. A retry does
    /// not help.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Route};
    ///
    /// let route = Route::new(EventPattern::ANY).with_name("index").with_key("{tenant}/{}");
    /// assert_eq!(
    ///     route.check().unwrap_err().to_string(),
    ///     "in the key `{tenant}/{}` `{}` has no name: write one, such as `{tenant}`, \
    ///      in index [*, key `{tenant}/{}`]",
    /// );
    /// ```
    pub fn check(&self) -> Result<(), Error> {
        let mut mistakes = self.keys.mistakes();
        mistakes.extend(self.effects.mistakes());
        if mistakes.is_empty() {
            return Ok(());
        }

        let message = format!("{}, in {self}", mistakes.join("; "));
        Err(Error::new(ErrorKind::InvalidRoute, message))
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
            && self
                .bucket()
                .is_none_or(|bucket| record.bucket.name == *bucket)
            && self.keys.pass(record)
    }

    pub(crate) fn key_pattern(&self) -> Option<&KeyPattern> {
        self.keys.pattern()
    }

    /// The parts of the filters on keys: one for each pair of prefix and suffix. A key passes at
    /// most one of them.
    pub(crate) fn selections(&self) -> Vec<Selection> {
        self.keys.selections()
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
