//! What a route says about itself.

use std::borrow::Cow;
use std::fmt;

use super::key_pattern::KeyPattern;
use super::route::Route;
use crate::EventPattern;

impl Route {
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

    /// The prefix of the decoded key. `None` for every key, and if there are several.
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
        only(self.prefixes())
    }

    /// The prefixes of the decoded key, one of which it has to have. Empty for every key.
    #[must_use]
    pub fn prefixes(&self) -> &[Cow<'static, str>] {
        self.keys.prefixes.listed()
    }

    /// The suffix of the decoded key. `None` for every key, and if there are several.
    #[must_use]
    pub fn suffix(&self) -> Option<&str> {
        only(self.suffixes())
    }

    /// The suffixes of the decoded key, one of which it has to have. Empty for every key.
    #[must_use]
    pub fn suffixes(&self) -> &[Cow<'static, str>] {
        self.keys.suffixes.listed()
    }

    /// Whether the case of the suffixes does not matter.
    #[must_use]
    pub fn ignores_suffix_case(&self) -> bool {
        self.keys.ignores_suffix_case
    }

    /// Whether the route leaves out "folders": empty objects whose key ends in `/`.
    #[must_use]
    pub fn has_no_folders(&self) -> bool {
        self.keys.no_folders
    }

    /// The form of the decoded key. `None` for every key, and if the pattern has mistakes.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Route};
    ///
    /// let route = Route::new(EventPattern::ANY).with_key("tenants/{tenant}/{file*}");
    /// assert_eq!(route.key(), Some("tenants/{tenant}/{file*}"));
    /// ```
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key_pattern().map(KeyPattern::as_str)
    }
}

/// The only one.
fn only<'a>(affixes: &'a [Cow<'static, str>]) -> Option<&'a str> {
    match affixes {
        [only] => Some(only),
        _ => None,
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

        write!(f, "{}]", self.keys)
    }
}
