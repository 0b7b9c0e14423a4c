//! The conditions of routes on the fields of a record, each field on its own.

use serde_json::{Value, json};

use crate::{Error, ErrorKind, EventName, EventPattern, Route};

/// A condition on one text. Several conditions are alternatives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    Equals(String),
    Prefix(String),
    Suffix(String),
    /// A suffix whose case does not matter.
    SuffixInAnyCase(String),
    /// A pattern with `*`. It covers only itself here, and so does no other condition cover it.
    Wildcard(String),
}

/// The conditions of all routes on one field. `None` if some route has no condition on it.
pub(crate) type Conditions = Option<Vec<Condition>>;

impl Condition {
    /// Whether every text that meets `other` meets this condition too.
    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Equals(left), Self::Equals(right)) => left == right,
            (Self::Prefix(left), Self::Equals(right) | Self::Prefix(right)) => {
                right.starts_with(left.as_str())
            }
            (Self::Suffix(left), Self::Equals(right) | Self::Suffix(right)) => {
                right.ends_with(left.as_str())
            }
            (
                Self::SuffixInAnyCase(left),
                Self::Equals(right) | Self::Suffix(right) | Self::SuffixInAnyCase(right),
            ) => right
                .to_ascii_lowercase()
                .ends_with(&left.to_ascii_lowercase()),
            (Self::Wildcard(left), Self::Wildcard(right)) => left == right,
            _ => false,
        }
    }
}

/// Removes the conditions that others cover.
pub(super) fn simplify(conditions: Vec<Condition>) -> Vec<Condition> {
    let mut simple: Vec<Condition> = Vec::new();
    for condition in conditions {
        if !simple.iter().any(|kept| kept.covers(&condition)) {
            simple.retain(|kept| !condition.covers(kept));
            simple.push(condition);
        }
    }

    simple
}

/// The conditions on `eventName`.
pub(crate) fn of_event_names(routes: &[Route]) -> Conditions {
    let mut conditions = Vec::new();
    for pattern in routes.iter().flat_map(Route::patterns) {
        match (pattern.as_name(), pattern.as_category()) {
            (Some(name), _) => conditions.push(Condition::Equals(name.as_str().to_owned())),
            (None, Some(category)) => {
                // Records of these categories carry the bare name. Those of an unknown category may
                // have an action or not.
                if !has_actions(category) {
                    conditions.push(Condition::Equals(category.to_owned()));
                }
                conditions.push(Condition::Prefix(format!("{category}:")));
            }
            (None, None) => return None,
        }
    }

    Some(simplify(conditions))
}

/// Whether all known names of a category have an action.
pub(crate) fn has_actions(category: &str) -> bool {
    let mut known = EventName::KNOWN
        .iter()
        .filter(|name| name.category() == category)
        .peekable();
    known.peek().is_some() && known.all(|name| name.action().is_some())
}

/// The conditions on the bucket's name.
pub(crate) fn of_buckets(routes: &[Route]) -> Conditions {
    let buckets: Option<Vec<_>> = routes.iter().map(|route| route.bucket()).collect();
    Some(simplify(
        buckets?
            .into_iter()
            .map(|bucket| Condition::Equals(bucket.to_owned()))
            .collect(),
    ))
}

/// Whether separate conditions on each field let through only what a route takes.
///
/// That holds if the routes differ in at most one field.
pub(crate) fn only_one_field_varies(routes: &[Route]) -> bool {
    let Some((first, others)) = routes.split_first() else {
        return true;
    };

    let same_names = others
        .iter()
        .all(|route| same_patterns(first.patterns(), route.patterns()));
    let same_buckets = others.iter().all(|route| route.bucket() == first.bucket());

    let keys = |route: &Route| route.selections();
    let same_keys = others.iter().all(|route| keys(route) == keys(first));

    [same_names, same_buckets, same_keys]
        .into_iter()
        .filter(|same| !same)
        .count()
        <= 1
}

fn same_patterns(left: &[EventPattern], right: &[EventPattern]) -> bool {
    let within = |left: &[EventPattern], right: &[EventPattern]| {
        left.iter().all(|pattern| right.contains(pattern))
    };
    within(left, right) && within(right, left)
}

/// The list of alternatives, as SNS, EventBridge and Lambda all write it.
pub(crate) fn to_json(conditions: &[Condition]) -> Value {
    conditions
        .iter()
        .map(|condition| match condition {
            Condition::Equals(text) => json!(text),
            Condition::Prefix(text) => json!({ "prefix": text }),
            Condition::Suffix(text) => json!({ "suffix": text }),
            Condition::SuffixInAnyCase(text) => {
                json!({ "suffix": { "equals-ignore-case": text } })
            }
            Condition::Wildcard(text) => json!({ "wildcard": text }),
        })
        .collect()
}

pub(crate) fn no_routes() -> Error {
    Error::new(
        ErrorKind::Unexpressible,
        "there are no routes, and a filter without routes would drop every message: add each \
         handler to the routes with `.on::<handler>()`",
    )
}
