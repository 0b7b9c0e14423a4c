//! The conditions of routes on the key, in the operators that a service has.

use super::super::conditions::{Condition, Conditions, simplify};
use super::fit::Fit;
use super::spelling::{
    KeyPart, as_encoded, as_it_is, as_wildcard, encode_wildcard, escape_wildcard,
};
use crate::Route;
use crate::routing::{BeyondEnds, KeyPattern, Selection};

/// What the filters of a service can say about a key.
#[derive(Clone, Copy)]
pub(in crate::manifest) struct KeyOperators {
    spell: fn(KeyPart<'_>) -> (String, bool),
    /// Spells a literal in a wildcard.
    spell_in_wildcard: fn(&str) -> String,
    /// The most `*` in a wildcard. 0 if there are no wildcards.
    most_stars: usize,
    /// Whether a prefix and a suffix can be joined to a wildcard.
    joins_ends: bool,
    /// Whether the case of a suffix can be ignored.
    ignores_case: bool,
}

/// The most `*` in one wildcard. The services limit how complex wildcards may be.
pub(in crate::manifest) const MOST_STARS: usize = 3;

impl KeyOperators {
    /// SNS compares the encoded key. It does not combine a prefix and a suffix, and does not ignore
    /// the case of a suffix ("String value matching", Amazon SNS Developer Guide, 2026).
    pub(in crate::manifest) fn sns(most_stars: usize) -> Self {
        Self {
            spell: as_encoded,
            spell_in_wildcard: encode_wildcard,
            most_stars,
            joins_ends: false,
            ignores_case: false,
        }
    }

    /// EventBridge compares the key as it is ("Comparison operators for use in event patterns in
    /// Amazon EventBridge", Amazon EventBridge User Guide, 2026).
    pub(in crate::manifest) fn eventbridge(most_stars: usize) -> Self {
        Self {
            spell: as_it_is,
            spell_in_wildcard: escape_wildcard,
            most_stars,
            joins_ends: true,
            ignores_case: true,
        }
    }

    /// Lambda compares with a prefix or a suffix only. The key of an EventBridge event is not
    /// encoded.
    pub(in crate::manifest) fn lambda(is_encoded: bool) -> Self {
        Self {
            spell: if is_encoded { as_encoded } else { as_it_is },
            spell_in_wildcard: encode_wildcard,
            most_stars: 0,
            joins_ends: false,
            ignores_case: false,
        }
    }

    /// The conditions on the key, and how well they fit.
    pub(in crate::manifest) fn of_routes(self, routes: &[Route]) -> (Conditions, Fit) {
        let mut spelled = Vec::new();
        for selection in routes.iter().flat_map(Route::selections) {
            let (condition, fit) = self.of_selection(&selection);
            match condition {
                Some(condition) => spelled.push((condition, fit)),
                None => return (None, fit),
            }
        }

        let all = spelled.iter().map(|(condition, _)| condition.clone());
        let conditions = simplify(all.collect());

        // A condition that a better one covers need not fit itself.
        let best_of = |condition: &Condition| {
            let same = spelled.iter().filter(|(other, _)| other == condition);
            same.map(|(_, fit)| *fit).min().unwrap_or(Fit::Wider)
        };
        let fit = conditions.iter().map(best_of).max();

        (Some(conditions), fit.unwrap_or(Fit::Exact))
    }

    /// The condition, and how well it fits. A field has one list of alternatives, so it is about
    /// the prefix or about the suffix, unless there are wildcards.
    fn of_selection(self, selection: &Selection) -> (Option<Condition>, Fit) {
        let beyond_ends = selection.beyond_ends();
        let (condition, is_exact) = match selection.pattern() {
            Some(pattern) if pattern.parts().is_empty() => self.of_one_key(pattern),
            Some(pattern) => match self.of_pattern(pattern, selection) {
                Some(wildcard) => (Some(wildcard), false),
                None if beyond_ends == BeyondEnds::Form => (self.of_ends(selection).0, false),
                None => self.of_ends(selection),
            },
            None => self.of_ends(selection),
        };

        // An empty literal is not a condition.
        let condition = condition.filter(|condition| match condition {
            Condition::Prefix(text) | Condition::Suffix(text) => !text.is_empty(),
            _ => true,
        });
        let has_no_filter = selection.prefix().is_empty()
            && selection.suffix().is_empty()
            && beyond_ends == BeyondEnds::Nothing;

        let is_exact =
            is_exact && !selection.leaves_folders_out() && (condition.is_some() || has_no_filter);
        let fit = match beyond_ends {
            _ if !is_exact => Fit::Wider,
            BeyondEnds::MoreThanThePrefix => Fit::ExactButForPrefixes,
            BeyondEnds::Nothing | BeyondEnds::Form => Fit::Exact,
        };

        (condition, fit)
    }

    fn of_one_key(self, pattern: &KeyPattern) -> (Option<Condition>, bool) {
        let (key, is_whole) = (self.spell)(KeyPart::Prefix(pattern.literal_prefix()));
        if is_whole {
            (Some(Condition::Equals(key)), true)
        } else {
            (Some(Condition::Prefix(key)), false)
        }
    }

    /// The wildcard of a pattern. `None` if the service has none, or if the prefix or the suffix of
    /// the route says more than the pattern.
    fn of_pattern(self, pattern: &KeyPattern, selection: &Selection) -> Option<Condition> {
        let ends_are_own = selection.prefix() == pattern.literal_prefix()
            && selection.suffix() == pattern.literal_suffix();
        if self.most_stars == 0 || !ends_are_own {
            return None;
        }

        let mut wildcard = (self.spell_in_wildcard)(pattern.literal_prefix());
        for part in pattern.parts() {
            wildcard.push('*');
            wildcard.push_str(&(self.spell_in_wildcard)(&part.text));
        }

        let wildcard = with_fewer_stars(&wildcard, self.most_stars);
        // One star at an end is a prefix or a suffix, which are simpler, and spelled otherwise.
        let is_an_end = wildcard.ends_with('*') || wildcard.starts_with('*');
        (split_at_stars(&wildcard).len() > 2 || !is_an_end).then_some(Condition::Wildcard(wildcard))
    }

    fn of_ends(self, selection: &Selection) -> (Option<Condition>, bool) {
        let (prefix, suffix) = (selection.prefix(), selection.suffix());
        if !prefix.is_empty() {
            let wildcard = (self.joins_ends && !suffix.is_empty() && !selection.ignores_case())
                .then(|| as_wildcard(prefix, suffix))
                .flatten();
            if let Some(wildcard) = wildcard {
                return (Some(Condition::Wildcard(wildcard)), true);
            }

            let (prefix, is_whole) = (self.spell)(KeyPart::Prefix(prefix));
            return (
                Some(Condition::Prefix(prefix)),
                is_whole && suffix.is_empty(),
            );
        }

        if selection.ignores_case() {
            let condition = self
                .ignores_case
                .then(|| Condition::SuffixInAnyCase(suffix.to_owned()));
            // How other letters are compared is not documented.
            return (condition, false);
        }

        let (suffix, is_exact) = (self.spell)(KeyPart::Suffix(suffix));
        (Some(Condition::Suffix(suffix)), is_exact)
    }
}

/// The number of `*` in the wildcards of the conditions that have several of them.
pub(in crate::manifest) fn stars_of_complex_wildcards(conditions: &[Condition]) -> usize {
    let stars = conditions.iter().map(|condition| match condition {
        Condition::Wildcard(wildcard) => split_at_stars(wildcard).len() - 1,
        _ => 0,
    });

    stars.filter(|stars| *stars > 1).sum()
}

/// The wildcard with no two `*` in a row, and at most so many of them: those behind are joined.
fn with_fewer_stars(wildcard: &str, most_stars: usize) -> String {
    let literals = split_at_stars(wildcard);
    let last = literals.len() - 1;
    let mut kept: Vec<&str> = Vec::new();

    for (index, literal) in literals.iter().enumerate() {
        let is_end = index == 0 || index == last;
        if is_end || (!literal.is_empty() && kept.len() < most_stars) {
            kept.push(literal);
        }
    }

    kept.join("*")
}

/// The literals between the `*` that have no `\` in front.
fn split_at_stars(wildcard: &str) -> Vec<&str> {
    let mut literals = Vec::new();
    let (mut start, mut is_escaped) = (0, false);

    for (index, byte) in wildcard.bytes().enumerate() {
        if byte == b'*' && !is_escaped {
            literals.push(&wildcard[start..index]);
            start = index + 1;
        }
        is_escaped = byte == b'\\' && !is_escaped;
    }

    literals.push(&wildcard[start..]);
    literals
}
