//! What routes ask of a record's fields, each field by itself.

use serde_json::{Value, json};

use super::key_spelling::KeyPart;
use crate::{Error, ErrorKind, EventName, EventPattern, Route};

/// A condition on one text; several are alternatives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    Equals(String),
    Prefix(String),
    Suffix(String),
}

/// The conditions of all routes on one field. `None` when some route asks nothing of it.
pub(crate) type Conditions = Option<Vec<Condition>>;

impl Condition {
    /// Whether whatever meets `other` meets this too.
    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Equals(left), Self::Equals(right)) => left == right,
            (Self::Prefix(left), Self::Equals(right) | Self::Prefix(right)) => {
                right.starts_with(left.as_str())
            }
            (Self::Suffix(left), Self::Equals(right) | Self::Suffix(right)) => {
                right.ends_with(left.as_str())
            }
            _ => false,
        }
    }
}

/// Without those that others cover.
fn simplify(conditions: Vec<Condition>) -> Vec<Condition> {
    let mut simple: Vec<Condition> = Vec::new();
    for condition in conditions {
        if !simple.iter().any(|kept| kept.covers(&condition)) {
            simple.retain(|kept| !condition.covers(kept));
            simple.push(condition);
        }
    }

    simple
}

/// On `eventName`.
pub(crate) fn of_event_names(routes: &[Route]) -> Conditions {
    let mut conditions = Vec::new();
    for pattern in routes.iter().flat_map(Route::patterns) {
        match (pattern.as_name(), pattern.as_category()) {
            (Some(name), _) => conditions.push(Condition::Equals(name.as_str().to_owned())),
            (None, Some(category)) => {
                // Records of these categories carry the bare name; of one that is not known either
                // may come.
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

/// On the bucket's name.
pub(crate) fn of_buckets(routes: &[Route]) -> Conditions {
    let buckets: Option<Vec<_>> = routes.iter().map(|route| route.bucket()).collect();
    Some(simplify(
        buckets?
            .into_iter()
            .map(|bucket| Condition::Equals(bucket.to_owned()))
            .collect(),
    ))
}

/// On the key, in the form that `spell` gives a literal, with whether that loses nothing.
///
/// One field has one list of alternatives, so of a route that asks for both a prefix and a suffix
/// the prefix is taken. (A wildcard would not do: in a short key the two may overlap.) The flag
/// says whether nothing was lost.
pub(crate) fn of_keys(
    routes: &[Route],
    spell: impl Fn(KeyPart<'_>) -> (String, bool),
) -> (Conditions, bool) {
    let mut spelt = Vec::new();
    for route in routes {
        let (condition, lost_nothing) = match (route.prefix(), route.suffix()) {
            (Some(prefix), suffix) => {
                let (prefix, exact) = spell(KeyPart::Prefix(prefix));
                (Condition::Prefix(prefix), exact && suffix.is_none())
            }
            (None, Some(suffix)) => {
                let (suffix, exact) = spell(KeyPart::Suffix(suffix));
                (Condition::Suffix(suffix), exact)
            }
            (None, None) => return (None, true),
        };

        // What has lost everything asks for nothing.
        if let Condition::Prefix(text) | Condition::Suffix(text) = &condition
            && text.is_empty()
        {
            return (None, false);
        }

        spelt.push((condition, lost_nothing));
    }

    let conditions = simplify(
        spelt
            .iter()
            .map(|(condition, _)| condition.clone())
            .collect(),
    );

    // What an exact one covers may have lost something without harm.
    let is_exact = conditions
        .iter()
        .all(|condition| spelt.contains(&(condition.clone(), true)));

    (Some(conditions), is_exact)
}

/// Whether the conditions of fields, taken each by itself, let through nothing that no route asks
/// for: at most one field may differ between routes.
pub(crate) fn only_one_field_varies(routes: &[Route]) -> bool {
    let Some((first, others)) = routes.split_first() else {
        return true;
    };

    let same_names = others
        .iter()
        .all(|route| same_patterns(first.patterns(), route.patterns()));
    let same_buckets = others.iter().all(|route| route.bucket() == first.bucket());

    let keys = |route: &Route| {
        (
            route.prefix().map(str::to_owned),
            route.suffix().map(str::to_owned),
        )
    };

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

pub(crate) fn to_json(conditions: &[Condition]) -> Value {
    conditions
        .iter()
        .map(|condition| match condition {
            Condition::Equals(text) => json!(text),
            Condition::Prefix(text) => json!({ "prefix": text }),
            Condition::Suffix(text) => json!({ "suffix": text }),
        })
        .collect()
}

pub(crate) fn no_routes() -> Error {
    Error::new(
        ErrorKind::Unexpressible,
        "there are no routes, and a filter that lets nothing through loses everything",
    )
}
