//! Which of two routes is more specific, and whether they conflict.

use super::route::Route;
use super::selection::Selection;
use crate::{EventName, EventPattern};

/// How specific a selection of a route is: the more specific one takes a record that both match.
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
    /// The narrowest of the patterns that match an event. `None` if none does.
    pub(crate) fn best_pattern(&self, name: &EventName) -> Option<&EventPattern> {
        let matching = self.patterns.iter().filter(|pattern| pattern.matches(name));
        matching.max_by_key(|pattern| pattern.specificity())
    }

    /// How specific the route is with one of its patterns and one of its selections.
    pub(crate) fn specificity(&self, pattern: &EventPattern, selection: &Selection) -> Specificity {
        Specificity {
            pattern: pattern.specificity(),
            names_bucket: self.bucket.is_some(),
            prefix_len: selection.prefix().len(),
            suffix_len: selection.suffix().len(),
        }
    }

    /// Whether every record that passes the filters of `other` passes these too.
    pub(crate) fn filters_cover(&self, other: &Self) -> bool {
        let selections = self.selections();
        let mut others = other.selections().into_iter();

        self.bucket_covers(other)
            && others.all(|other| selections.iter().any(|own| own.covers(&other)))
    }

    /// Whether the buckets of `other` are among those of this route.
    pub(crate) fn bucket_covers(&self, other: &Self) -> bool {
        self.bucket
            .as_ref()
            .is_none_or(|bucket| other.bucket.as_ref() == Some(bucket))
    }

    /// Whether some events and keys match both routes, and neither is a special case of the other.
    pub(crate) fn crosses(&self, other: &Self) -> bool {
        let events = self.patterns.iter().any(|left| {
            other
                .patterns
                .iter()
                .any(|right| left.specificity() == right.specificity() && left.covers(right))
        });
        let buckets =
            self.bucket.is_none() || other.bucket.is_none() || self.bucket == other.bucket;

        events
            && buckets
            && !self.filters_cover(other)
            && !other.filters_cover(self)
            && any_pair(
                &self.selections(),
                &other.selections(),
                Selection::shares_a_key,
            )
    }

    /// Whether the routes match the same records and are equally specific. `own` and `others` are
    /// the selections of both.
    ///
    /// Two prefixes of one key with the same length are equal, and so are two suffixes. So routes
    /// can only conflict if they are equal in both.
    pub(crate) fn conflicts(&self, own: &[Selection], other: &Self, others: &[Selection]) -> bool {
        self.bucket == other.bucket
            && self.patterns.iter().any(|own| other.patterns.contains(own))
            && any_pair(own, others, Selection::conflicts)
    }
}

fn any_pair(
    left: &[Selection],
    right: &[Selection],
    holds: fn(&Selection, &Selection) -> bool,
) -> bool {
    left.iter()
        .any(|left| right.iter().any(|right| holds(left, right)))
}
