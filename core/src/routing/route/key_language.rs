//! Whether filters on keys have a key in common.

use std::collections::HashSet;

use super::key_pattern::KeyPattern;

/// A set of keys: a sequence of characters, some of which may be repeated.
#[derive(Clone)]
pub(super) struct KeyLanguage(Vec<Token>);

#[derive(Clone, Copy)]
struct Token {
    class: Class,
    /// Whether there may be any number of these characters, or none.
    is_repeated: bool,
}

#[derive(Clone, Copy)]
enum Class {
    Is(char),
    IsInAnyCase(char),
    IsNotSlash,
    Any,
}

impl KeyLanguage {
    /// The keys that start with this text.
    pub(super) fn with_prefix(prefix: &str) -> Self {
        let mut tokens: Vec<_> = prefix.chars().map(|c| one(Class::Is(c))).collect();
        tokens.push(many(Class::Any));
        Self(tokens)
    }

    /// The keys that end with this text.
    pub(super) fn with_suffix(suffix: &str, ignores_case: bool) -> Self {
        let class = if ignores_case {
            Class::IsInAnyCase
        } else {
            Class::Is
        };

        let mut tokens = vec![many(Class::Any)];
        tokens.extend(suffix.chars().map(|c| one(class(c))));
        Self(tokens)
    }

    /// The keys that match the pattern.
    pub(super) fn of_pattern(pattern: &KeyPattern) -> Self {
        let literal = |text: &str| text.chars().map(|c| one(Class::Is(c))).collect::<Vec<_>>();

        let mut tokens = literal(pattern.literal_prefix());
        for part in pattern.parts() {
            let class = if part.is_rest() {
                Class::Any
            } else {
                Class::IsNotSlash
            };
            tokens.extend([one(class), many(class)]);
            tokens.extend(literal(&part.text));
        }

        Self(tokens)
    }

    /// Whether some key is in all of these sets.
    ///
    /// It follows all sets at the same time, from character to character, and remembers how far it
    /// is in each of them.
    pub(super) fn share_a_key(languages: &[&Self]) -> bool {
        let start = vec![0; languages.len()];
        let mut seen = HashSet::from([start.clone()]);
        let mut open = vec![start];

        while let Some(places) = open.pop() {
            if languages
                .iter()
                .zip(&places)
                .all(|(set, place)| *place == set.0.len())
            {
                return true;
            }

            let mut next = Vec::new();
            let mut tokens = Vec::new();
            for (index, (set, place)) in languages.iter().zip(&places).enumerate() {
                let token = set.0.get(*place).copied();
                if token.is_some_and(|token| token.is_repeated) {
                    let mut skipped = places.clone();
                    skipped[index] += 1;
                    next.push(skipped);
                }
                tokens.extend(token);
            }

            if tokens.len() == languages.len() && have_a_character(&tokens) {
                let step =
                    |(place, token): (&usize, &Token)| place + usize::from(!token.is_repeated);
                next.push(places.iter().zip(&tokens).map(step).collect());
            }

            for places in next {
                if seen.insert(places.clone()) {
                    open.push(places);
                }
            }
        }

        false
    }
}

/// Whether one character belongs to all of these classes.
fn have_a_character(tokens: &[Token]) -> bool {
    let candidates = tokens.iter().flat_map(|token| match token.class {
        Class::Is(c) => [c, c],
        Class::IsInAnyCase(c) => [c.to_ascii_lowercase(), c.to_ascii_uppercase()],
        Class::IsNotSlash | Class::Any => ['x', 'x'],
    });
    let mut candidates = candidates;

    candidates.any(|candidate| tokens.iter().all(|token| token.class.has(candidate)))
}

impl Class {
    fn has(self, character: char) -> bool {
        match self {
            Self::Is(own) => own == character,
            Self::IsInAnyCase(own) => own.eq_ignore_ascii_case(&character),
            Self::IsNotSlash => character != '/',
            Self::Any => true,
        }
    }
}

fn one(class: Class) -> Token {
    Token {
        class,
        is_repeated: false,
    }
}

fn many(class: Class) -> Token {
    Token {
        class,
        is_repeated: true,
    }
}
