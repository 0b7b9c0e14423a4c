//! The filters of a route on keys.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::key_pattern::KeyPattern;
use super::selection::{Selection, ends_with_in_any_case, is_folder};
use crate::S3EventRecord;

/// The filters of a route on keys. A key passes if it passes all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct KeyFilter {
    pub(super) prefixes: Affixes,
    pub(super) suffixes: Affixes,
    pub(super) ignores_suffix_case: bool,
    pub(super) no_folders: bool,
    pattern: Option<Arc<KeyPattern>>,
    /// The mistakes in the pattern, and the pattern.
    wrong_pattern: Option<(Cow<'static, str>, Vec<String>)>,
}

/// Prefixes or suffixes, one of which a key has to have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Affixes {
    #[default]
    Any,
    OneOf(Vec<Cow<'static, str>>),
}

impl Affixes {
    /// One prefix or suffix. The empty one is no filter.
    pub(super) fn one(affix: Cow<'static, str>) -> Self {
        if affix.is_empty() {
            Self::Any
        } else {
            Self::OneOf(vec![affix])
        }
    }

    /// The alternatives. Empty if there is no filter.
    pub(super) fn listed(&self) -> &[Cow<'static, str>] {
        match self {
            Self::Any => &[],
            Self::OneOf(affixes) => affixes,
        }
    }

    /// The alternatives. The empty text if there is no filter.
    fn alternatives(&self) -> Vec<Cow<'static, str>> {
        match self {
            Self::Any => vec![Cow::Borrowed("")],
            Self::OneOf(affixes) => affixes.clone(),
        }
    }

    fn pass(&self, passes: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(affixes) => affixes.iter().any(|affix| passes(affix)),
        }
    }

    /// The mistakes in a list. `covers` says whether all that has the second has the first too.
    fn mistakes(&self, what: &str, covers: impl Fn(&str, &str) -> bool) -> Vec<String> {
        let Self::OneOf(affixes) = self else {
            return Vec::new();
        };
        if affixes.is_empty() {
            return vec![format!(
                "an empty list of {what}es takes no key: leave it out to match everything"
            )];
        }

        let mut mistakes = Vec::new();
        for (index, affix) in affixes.iter().enumerate() {
            if affix.is_empty() {
                mistakes.push(format!(
                    "an empty {what} in a list takes every key: remove it"
                ));
                continue;
            }

            for earlier in affixes[..index]
                .iter()
                .filter(|earlier| !earlier.is_empty())
            {
                let (first, second) = (earlier.escape_debug(), affix.escape_debug());
                if earlier == affix {
                    mistakes.push(format!("the {what} `{first}` is listed twice: remove one"));
                } else if covers(earlier, affix) {
                    mistakes.push(covered(what, first, second));
                } else if covers(affix, earlier) {
                    mistakes.push(covered(what, second, first));
                }
            }
        }

        mistakes
    }
}

fn covered(what: &str, covering: impl fmt::Display, covered: impl fmt::Display) -> String {
    format!("the {what} `{covering}` covers `{covered}`: remove the longer one")
}

impl KeyFilter {
    pub(super) fn set_pattern(&mut self, pattern: Cow<'static, str>) {
        match KeyPattern::parse(pattern.clone()) {
            Ok(pattern) => {
                self.pattern = Some(Arc::new(pattern));
                self.wrong_pattern = None;
            }
            Err(mistakes) => {
                self.pattern = None;
                self.wrong_pattern = Some((pattern, mistakes));
            }
        }
    }

    pub(super) fn pattern(&self) -> Option<&KeyPattern> {
        self.pattern.as_deref()
    }

    pub(super) fn pass(&self, record: &S3EventRecord) -> bool {
        let key = record.object.key.as_str();
        let has_suffix = |suffix: &str| {
            if self.ignores_suffix_case {
                ends_with_in_any_case(key, suffix)
            } else {
                key.ends_with(suffix)
            }
        };

        self.prefixes.pass(|prefix| key.starts_with(prefix))
            && self.suffixes.pass(has_suffix)
            && !(self.no_folders && is_folder(record))
            && self.pattern().is_none_or(|pattern| pattern.matches(key))
            && self.wrong_pattern.is_none()
    }

    /// One for each pair of prefix and suffix that some key has.
    pub(super) fn selections(&self) -> Vec<Selection> {
        if self.wrong_pattern.is_some() {
            return Vec::new();
        }

        let suffixes = self.suffixes.alternatives();
        let pairs = self
            .prefixes
            .alternatives()
            .into_iter()
            .flat_map(|prefix| suffixes.iter().map(move |suffix| (prefix.clone(), suffix)));

        pairs
            .filter_map(|(prefix, suffix)| self.selection(prefix, suffix.clone()))
            .collect()
    }

    fn selection(&self, prefix: Cow<'static, str>, suffix: Cow<'static, str>) -> Option<Selection> {
        let pattern = self.pattern.clone();
        Selection::new(
            prefix,
            suffix,
            self.ignores_suffix_case,
            self.no_folders,
            pattern,
        )
    }

    /// All mistakes, each as a clause.
    pub(super) fn mistakes(&self) -> Vec<String> {
        let covers = |covering: &str, covered: &str| {
            if self.ignores_suffix_case {
                ends_with_in_any_case(covered, covering)
            } else {
                covered.ends_with(covering)
            }
        };

        let wrong = self.wrong_pattern.iter().flat_map(|(pattern, mistakes)| {
            let shown = pattern.escape_debug();
            mistakes
                .iter()
                .map(move |mistake| format!("in the key `{shown}` {mistake}"))
        });
        let mut mistakes: Vec<_> = wrong.collect();
        mistakes.extend(
            self.prefixes
                .mistakes("prefix", |covering, covered| covered.starts_with(covering)),
        );
        mistakes.extend(self.suffixes.mistakes("suffix", covers));

        if self.ignores_suffix_case && self.suffixes.listed().is_empty() {
            mistakes.push("there is no suffix whose case could be ignored: give one".to_owned());
        }

        if mistakes.is_empty() {
            mistakes.extend(self.contradictions());
        }

        mistakes
    }

    /// The prefixes and suffixes that no key of the pattern has.
    fn contradictions(&self) -> Vec<String> {
        let Some(pattern) = self.pattern() else {
            return Vec::new();
        };

        let none = Cow::Borrowed("");
        let text = |what: &str, affix: &str| {
            let (affix, pattern) = (affix.escape_debug(), pattern.as_str().escape_debug());
            format!(
                "no key has both the {what} `{affix}` and the form `{pattern}`: remove one of them"
            )
        };

        let prefixes = self.prefixes.listed().iter();
        let prefixes =
            prefixes.filter(|prefix| self.selection((*prefix).clone(), none.clone()).is_none());
        let suffixes = self.suffixes.listed().iter();
        let suffixes =
            suffixes.filter(|suffix| self.selection(none.clone(), (*suffix).clone()).is_none());

        let mut mistakes: Vec<_> = prefixes.map(|prefix| text("prefix", prefix)).collect();
        mistakes.extend(suffixes.map(|suffix| text("suffix", suffix)));
        if mistakes.is_empty() && self.selections().is_empty() {
            mistakes
                .push("no key passes the prefix, the suffix and the form of the key".to_owned());
        }

        mistakes
    }
}

/// Writes `, prefix `in/`, suffix `.jpg` or `.jpeg` in any case`.
impl fmt::Display for KeyFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, affixes) in [("prefix", &self.prefixes), ("suffix", &self.suffixes)] {
            for (index, affix) in affixes.listed().iter().enumerate() {
                let before = if index == 0 { "," } else { " or" };
                let what = if index == 0 { what } else { "" };
                let gap = if index == 0 { " " } else { "" };
                write!(f, "{before}{gap}{what} `{}`", affix.escape_debug())?;
            }
        }

        if self.ignores_suffix_case {
            f.write_str(" in any case")?;
        }

        let wrong = self.wrong_pattern.as_ref().map(|(pattern, _)| &**pattern);
        if let Some(pattern) = self.pattern().map(KeyPattern::as_str).or(wrong) {
            write!(f, ", key `{}`", pattern.escape_debug())?;
        }

        if self.no_folders {
            f.write_str(", no folders")?;
        }

        Ok(())
    }
}
