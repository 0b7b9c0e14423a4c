//! One prefix, one suffix and one pattern: what a route with lists consists of.

use std::borrow::Cow;
use std::sync::Arc;

use super::key_language::KeyLanguage;
use super::key_pattern::KeyPattern;
use crate::S3EventRecord;

/// A filter on keys with one prefix and one suffix.
///
/// The selections of one route have no key in common, because no entry of a list covers another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selection {
    prefix: Cow<'static, str>,
    /// Empty if the suffix ignores case.
    suffix: Cow<'static, str>,
    /// What few routes have. For the others it costs one comparison.
    more: Option<Box<More>>,
}

/// What a pattern of keys asks for beyond the prefix and the suffix of its selection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BeyondEnds {
    Nothing,
    /// That the key goes on behind the prefix. `photos/{file*}` matches all keys with the prefix
    /// `photos/`, but not the key `photos/`.
    MoreThanThePrefix,
    /// A certain form.
    Form,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct More {
    suffix_in_any_case: Cow<'static, str>,
    no_folders: bool,
    pattern: Option<Arc<KeyPattern>>,
}

impl Selection {
    /// The selection that these filters make together. `None` if no key passes them all.
    pub(super) fn new(
        prefix: Cow<'static, str>,
        suffix: Cow<'static, str>,
        ignores_case: bool,
        no_folders: bool,
        pattern: Option<Arc<KeyPattern>>,
    ) -> Option<Self> {
        let (exact, in_any_case) = if ignores_case {
            (Cow::Borrowed(""), suffix)
        } else {
            (suffix, Cow::Borrowed(""))
        };
        let is_simple = in_any_case.is_empty() && !no_folders && pattern.is_none();

        let mut selection = Self {
            prefix,
            suffix: exact,
            more: (!is_simple).then(|| {
                Box::new(More {
                    suffix_in_any_case: in_any_case,
                    no_folders,
                    pattern: pattern.clone(),
                })
            }),
        };

        match pattern {
            Some(pattern) => {
                let is_possible = KeyLanguage::share_a_key(&as_refs(&selection.languages()));
                is_possible.then(|| {
                    selection.lengthen(&pattern);
                    selection
                })
            }
            None => Some(selection),
        }
    }

    /// Every key with this prefix.
    pub(crate) fn with_prefix(prefix: Cow<'static, str>) -> Self {
        Self {
            prefix,
            suffix: Cow::Borrowed(""),
            more: None,
        }
    }

    /// Takes the literal ends of the pattern where they say more than the prefix and the suffix.
    fn lengthen(&mut self, pattern: &KeyPattern) {
        let (start, end) = (pattern.literal_prefix(), pattern.literal_suffix());
        if start.len() > self.prefix.len() {
            self.prefix = Cow::Owned(start.to_owned());
        }

        if end.len() >= self.suffix().len() {
            self.suffix = Cow::Owned(end.to_owned());
            if let Some(more) = &mut self.more {
                more.suffix_in_any_case = Cow::Borrowed("");
            }
        }
    }

    /// What the keys start with. Empty for every key.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// What the keys end with. Empty for every key.
    pub(crate) fn suffix(&self) -> &str {
        match &self.more {
            Some(more) if !more.suffix_in_any_case.is_empty() => &more.suffix_in_any_case,
            _ => &self.suffix,
        }
    }

    /// Whether upper and lower case of the suffix are the same.
    pub(crate) fn ignores_case(&self) -> bool {
        self.more
            .as_ref()
            .is_some_and(|more| !more.suffix_in_any_case.is_empty())
    }

    pub(crate) fn pattern(&self) -> Option<&KeyPattern> {
        self.more.as_ref()?.pattern.as_deref()
    }

    /// What the pattern asks for that the prefix and the suffix do not say.
    pub(crate) fn beyond_ends(&self) -> BeyondEnds {
        let Some(pattern) = self.pattern() else {
            return BeyondEnds::Nothing;
        };
        let is_rest = matches!(pattern.parts(), [part] if part.is_rest());
        if !is_rest {
            return BeyondEnds::Form;
        }

        // No key is empty.
        let start = pattern.literal_prefix();
        let has_suffix = match self.ignores_case() {
            true => ends_with_in_any_case(start, self.suffix()),
            false => start.ends_with(self.suffix()),
        };
        match !start.is_empty() && start == self.prefix() && has_suffix {
            true => BeyondEnds::MoreThanThePrefix,
            false => BeyondEnds::Nothing,
        }
    }

    /// Whether it leaves folders out that its other filters let through.
    pub(crate) fn leaves_folders_out(&self) -> bool {
        let may_be_folder = self.suffix().is_empty() || self.suffix().ends_with('/');
        may_be_folder && self.more.as_ref().is_some_and(|more| more.no_folders)
    }

    /// Whether every record passes.
    pub(crate) fn is_open(&self) -> bool {
        self.prefix.is_empty() && self.suffix.is_empty() && self.more.is_none()
    }

    /// Whether a record with this key passes.
    #[inline]
    pub(crate) fn matches(&self, key: &str, record: &S3EventRecord) -> bool {
        // An empty filter is not even compared: with glibc's `memcmp` for AVX-512 the comparison
        // costs as much as dispatching the record.
        (self.prefix.is_empty() || key.starts_with(&*self.prefix))
            && (self.suffix.is_empty() || key.ends_with(&*self.suffix))
            && self
                .more
                .as_ref()
                .is_none_or(|more| more.matches(key, record))
    }

    /// Whether every record that passes `other` passes this selection too. It may say no although
    /// that is so, if patterns differ.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let patterns = match (self.pattern(), other.pattern()) {
            (Some(own), Some(other)) => own == other,
            (Some(_), None) => false,
            (None, _) => true,
        };
        let suffix = if self.ignores_case() {
            ends_with_in_any_case(other.suffix(), self.suffix())
        } else if other.ignores_case() {
            self.suffix().is_empty()
        } else {
            other.suffix().ends_with(self.suffix())
        };

        patterns
            && suffix
            && other.prefix().starts_with(self.prefix())
            && (!self.leaves_folders_out() || other.excludes_folders())
    }

    fn excludes_folders(&self) -> bool {
        let ends_otherwise = !self.suffix().is_empty() && !self.suffix().ends_with('/');
        ends_otherwise || self.leaves_folders_out()
    }

    /// Whether some key passes both.
    pub(crate) fn shares_a_key(&self, other: &Self) -> bool {
        let within = |left: &str, right: &str, holds: fn(&str, &str) -> bool| {
            holds(left, right) || holds(right, left)
        };
        let suffixes = if self.ignores_case() || other.ignores_case() {
            within(self.suffix(), other.suffix(), ends_with_in_any_case)
        } else {
            within(self.suffix(), other.suffix(), |long, short| {
                long.ends_with(short)
            })
        };
        let prefixes = within(self.prefix(), other.prefix(), |long, short| {
            long.starts_with(short)
        });

        prefixes
            && suffixes
            && (self.pattern().is_none() && other.pattern().is_none()
                || KeyLanguage::share_a_key(&as_refs(
                    &[self.languages(), other.languages()].concat(),
                )))
    }

    /// Whether some key passes both, and neither has the longer prefix or suffix.
    pub(crate) fn conflicts(&self, other: &Self) -> bool {
        self.prefix().len() == other.prefix().len()
            && self.suffix().len() == other.suffix().len()
            && self.shares_a_key(other)
    }

    fn languages(&self) -> Vec<KeyLanguage> {
        let mut languages = Vec::new();
        if !self.prefix().is_empty() {
            languages.push(KeyLanguage::with_prefix(self.prefix()));
        }

        if !self.suffix().is_empty() {
            let (suffix, ignores_case) = (self.suffix(), self.ignores_case());
            languages.push(KeyLanguage::with_suffix(suffix, ignores_case));
        }

        languages.extend(self.pattern().map(KeyLanguage::of_pattern));
        languages
    }
}

impl More {
    fn matches(&self, key: &str, record: &S3EventRecord) -> bool {
        ends_with_in_any_case(key, &self.suffix_in_any_case)
            && !(self.no_folders && is_folder(record))
            && self
                .pattern
                .as_ref()
                .is_none_or(|pattern| pattern.matches(key))
    }
}

/// Whether the record is about an empty object whose key ends in `/`, or about its removal.
pub(super) fn is_folder(record: &S3EventRecord) -> bool {
    record.object.key.as_str().ends_with('/') && record.object.size.is_none_or(|size| size == 0)
}

/// Compares ASCII letters in any case.
pub(super) fn ends_with_in_any_case(text: &str, suffix: &str) -> bool {
    let (text, suffix) = (text.as_bytes(), suffix.as_bytes());
    text.len() >= suffix.len() && text[text.len() - suffix.len()..].eq_ignore_ascii_case(suffix)
}

fn as_refs(languages: &[KeyLanguage]) -> Vec<&KeyLanguage> {
    languages.iter().collect()
}
