//! JSON of which parts may be open.

use std::collections::BTreeMap;

use serde_json::Value;

use super::text::Text;

/// A JSON value that may have open places.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tree {
    Unknown,
    Null,
    Bool(bool),
    Number(f64),
    Text(Text),
    List(Vec<Tree>),
    Map(BTreeMap<String, Tree>),
}

/// A setting of a resource.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Setting<T> {
    Unknown,
    Absent,
    Is(T),
}

impl<T> Setting<T> {
    /// The value, with AWS's default if it is absent. `None` if it is unknown.
    pub(crate) fn or_default(self, default: T) -> Option<T> {
        match self {
            Self::Unknown => None,
            Self::Absent => Some(default),
            Self::Is(value) => Some(value),
        }
    }

    pub(crate) fn known(self) -> Option<T> {
        match self {
            Self::Is(value) => Some(value),
            Self::Unknown | Self::Absent => None,
        }
    }
}

impl Tree {
    pub(crate) fn of_json(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Number(number) => number.as_f64().map_or(Self::Unknown, Self::Number),
            Value::String(text) => Self::Text(Text::literal(text)),
            Value::Array(items) => Self::List(items.iter().map(Self::of_json).collect()),
            Value::Object(members) => Self::Map(
                members
                    .iter()
                    .map(|(name, value)| (name.clone(), Self::of_json(value)))
                    .collect(),
            ),
        }
    }

    pub(crate) fn map<const N: usize>(members: [(&str, Tree); N]) -> Self {
        let members = members.into_iter();
        Self::Map(
            members
                .map(|(name, tree)| (name.to_owned(), tree))
                .collect(),
        )
    }

    /// The member of this name. `Null` if there is none.
    pub(crate) fn get(&self, name: &str) -> &Tree {
        match self {
            Self::Map(members) => members.get(name).unwrap_or(&Self::Null),
            Self::Unknown => &Self::Unknown,
            _ => &Self::Null,
        }
    }

    /// The member at a path.
    pub(crate) fn at(&self, path: &[&str]) -> &Tree {
        path.iter().fold(self, |tree, name| tree.get(name))
    }

    /// The elements of a list. Policies write a list with one element without brackets.
    pub(crate) fn items(&self) -> &[Tree] {
        match self {
            Self::List(items) => items,
            Self::Null => &[],
            one => std::slice::from_ref(one),
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        *self == Self::Null
    }

    pub(crate) fn is_unknown(&self) -> bool {
        match self {
            Self::Text(text) => text.as_str().is_none() && text.resource().is_none(),
            other => *other == Self::Unknown,
        }
    }

    pub(crate) fn text(&self) -> Option<&Text> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text, if all of it is known.
    pub(crate) fn as_str(&self) -> Option<&str> {
        self.text()?.as_str()
    }

    /// A number, which some files write as a text.
    pub(crate) fn number(&self) -> Setting<f64> {
        match self {
            Self::Null => Setting::Absent,
            Self::Number(number) => Setting::Is(*number),
            Self::Text(text) => match text.as_str().and_then(|text| text.parse().ok()) {
                Some(number) => Setting::Is(number),
                None => Setting::Unknown,
            },
            _ => Setting::Unknown,
        }
    }

    /// A flag, which some files write as a text.
    pub(crate) fn flag(&self) -> Setting<bool> {
        match self {
            Self::Null => Setting::Absent,
            Self::Bool(flag) => Setting::Is(*flag),
            Self::Text(text) => match text.as_str().map(str::to_ascii_lowercase).as_deref() {
                Some("true" | "enabled") => Setting::Is(true),
                Some("false" | "disabled") => Setting::Is(false),
                _ => Setting::Unknown,
            },
            _ => Setting::Unknown,
        }
    }

    /// A document such as a policy, which some files write as a text of JSON.
    pub(crate) fn document(&self) -> Self {
        match self {
            Self::Text(text) => match text.as_str() {
                Some("") => Self::Null,
                Some(json) => serde_json::from_str(json)
                    .map_or(Self::Unknown, |value: Value| Self::of_json(&value)),
                None => Self::Unknown,
            },
            other => other.clone(),
        }
    }
}
