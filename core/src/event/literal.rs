//! Patterns that are literals in the source of a program.

use super::known::Known;
use super::spelling::{category_and_action, equal, starred_category, without_prefix};

/// What a literal means, in a form that `const` functions can drop.
#[derive(Clone, Copy)]
pub(crate) enum Literal {
    /// `*`
    Any,
    /// `Category:*`, without the `:*`.
    Category(&'static str),
    /// One name of the table.
    Name(Known),
}

impl Literal {
    /// Reads a literal. `None` if it is not `*`, a known name, or a known category with `:*`.
    pub(crate) const fn parse(literal: &str) -> Option<Self> {
        let pattern = without_prefix(literal);
        if let [b'*'] = pattern.as_bytes() {
            return Some(Self::Any);
        }

        match starred_category(pattern) {
            Some(category) => match Known::category(category) {
                Some(category) => Some(Self::Category(category)),
                None => None,
            },
            None => match Known::parse(pattern) {
                Some(name) => Some(Self::Name(name)),
                None => None,
            },
        }
    }

    /// Whether the name is among those that the literal means.
    pub(crate) const fn covers(self, name: Known) -> bool {
        match self {
            Self::Any => true,
            Self::Category(category) => equal(category, category_and_action(name.as_str()).0),
            Self::Name(own) => own as usize == name as usize,
        }
    }
}
