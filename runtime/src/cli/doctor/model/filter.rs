//! Whether a filter lets an event through.
//!
//! The filter languages of SNS, EventBridge and Lambda are nearly the same. This reads them as far
//! as they are certain: what is unknown, or an operator that is not understood here, may let the
//! event through. The evaluators of `s3-dispatch-testing` are strict instead, and reject it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::known::{Answer, Tree, matches_glob};

/// A text in an event that nobody knows, such as the name of a bucket.
pub(crate) const UNKNOWN_TEXT: &str = "\u{0}unknown";

/// The text in an event that stands for an identity of a resource that is not known yet.
pub(crate) fn text_of(address: &str) -> String {
    format!("{OF}{address}")
}

const OF: &str = "\u{0}of ";

/// Whether a filter lets a document through.
///
/// An object in an array has to match as a whole for EventBridge. SNS looks at each field on its
/// own. The events here have one record, so both are the same.
pub(crate) fn lets_through(filter: &Tree, document: &Value) -> Answer {
    match filter.document() {
        Tree::Null => Answer::Yes,
        Tree::Map(members) => matches(&members, &[document]),
        _ => Answer::Maybe,
    }
}

fn matches(filter: &BTreeMap<String, Tree>, values: &[&Value]) -> Answer {
    let fields = filter.iter().map(|(name, condition)| {
        if let (Tree::List(alternatives), "$or") = (condition, name.as_str()) {
            return Answer::any(alternatives.iter().map(|alternative| match alternative {
                Tree::Map(members) => matches(members, values),
                _ => Answer::Maybe,
            }));
        }

        let members = values.iter().filter_map(|value| value.get(name));
        let members: Vec<_> = members.flat_map(without_arrays).collect();
        match condition {
            Tree::Map(nested) => matches(nested, &members),
            Tree::List(conditions) => Answer::any(
                conditions
                    .iter()
                    .map(|condition| holds(condition, &members)),
            ),
            _ => Answer::Maybe,
        }
    });

    Answer::all(fields)
}

fn holds(condition: &Tree, values: &[&Value]) -> Answer {
    let scalars: Vec<_> = values.iter().filter(|value| !value.is_object()).collect();
    let of_texts = |holds: &dyn Fn(&str) -> bool| {
        Answer::any(scalars.iter().map(|value| match value.as_str() {
            Some(text) if text.starts_with('\u{0}') => Answer::Maybe,
            Some(text) => holds(text).into(),
            None => Answer::No,
        }))
    };

    let members = match condition {
        Tree::Map(members) => members,
        Tree::Text(text) => {
            return match (text.as_str(), text.resource()) {
                (Some(expected), _) => of_texts(&|text| text == expected),
                (None, Some(address)) => names(address, &scalars),
                (None, None) => Answer::Maybe,
            };
        }
        Tree::Unknown => return Answer::Maybe,
        other => {
            let is_equal = |value: &&&Value| Tree::of_json(value) == *other;
            return Answer::from(scalars.iter().any(is_equal));
        }
    };

    let mut members = members.iter();
    let (Some((operator, operand)), None) = (members.next(), members.next()) else {
        return Answer::Maybe;
    };
    let ignores_case = !operand.get("equals-ignore-case").is_null();
    let text = if ignores_case {
        operand.get("equals-ignore-case")
    } else {
        operand
    };
    let text = text.as_str();
    let spell = |text: &str| {
        if ignores_case {
            text.to_lowercase()
        } else {
            text.to_owned()
        }
    };

    match (operator.as_str(), text, operand) {
        ("exists", _, Tree::Bool(exists)) => (scalars.is_empty() != *exists).into(),
        ("prefix", Some(start), _) => of_texts(&|text| spell(text).starts_with(&spell(start))),
        ("suffix", Some(end), _) => of_texts(&|text| spell(text).ends_with(&spell(end))),
        ("equals-ignore-case", Some(expected), _) => {
            of_texts(&|text| text.to_lowercase() == expected.to_lowercase())
        }
        ("wildcard", Some(pattern), _) => match as_glob(pattern) {
            Some(glob) => of_texts(&|text| matches_glob(&glob, text)),
            None => Answer::Maybe,
        },
        ("anything-but", _, excluded) => anything_but(excluded, &scalars),
        _ => Answer::Maybe,
    }
}

/// Whether one of the values is an identity of a resource.
fn names(address: &str, values: &[&&Value]) -> Answer {
    Answer::any(values.iter().map(|value| {
        match value.as_str().and_then(|text| text.strip_prefix(OF)) {
            Some(other) => Answer::from(other == address),
            None => Answer::Maybe,
        }
    }))
}

/// Spells a wildcard, in which only `*` is special and `\*` is the character, as a glob.
fn as_glob(wildcard: &str) -> Option<String> {
    let mut glob = String::new();
    let mut characters = wildcard.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next()? {
                '*' => glob.push_str("${*}"),
                '\\' => glob.push('\\'),
                _ => return None,
            },
            '?' => glob.push_str("${?}"),
            '$' => glob.push_str("${$}"),
            other => glob.push(other),
        }
    }

    Some(glob)
}

fn anything_but(excluded: &Tree, values: &[&&Value]) -> Answer {
    if let Tree::Map(_) = excluded {
        let is_excluded = holds(
            excluded,
            &values.iter().map(|value| **value).collect::<Vec<_>>(),
        );
        return if values.is_empty() {
            Answer::No
        } else {
            is_excluded.not()
        };
    }

    Answer::any(values.iter().map(|value| {
        let conditions = excluded.items().iter();
        Answer::any(conditions.map(|condition| holds(condition, &[value]))).not()
    }))
}

/// The value itself, or the elements of the array, with nested arrays flattened.
fn without_arrays(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(elements) => elements.iter().flat_map(without_arrays).collect(),
        other => vec![other],
    }
}
