//! The filter language of SNS and EventBridge: conditions on the fields of a JSON document.

use serde_json::{Map, Value};

use super::field_condition::{FieldCondition, OPERATORS};
use super::filter_error::{FilterError, FilterErrorKind};

/// A filter. It matches if all conditions on fields hold, and at least one alternative of each
/// `$or`.
///
/// It nests as deeply as its JSON, and the JSON parser limits that depth.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ContentFilter {
    fields: Vec<(String, Field)>,
    alternatives: Vec<Vec<ContentFilter>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Field {
    Leaf(Vec<FieldCondition>),
    Nested(ContentFilter),
}

/// How a filter applies to an array of objects in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Elements {
    /// Each field may match in another element.
    Any,
    /// All fields must match in the same element.
    Same,
}

impl ContentFilter {
    pub(crate) fn parse(json: &str) -> Result<Self, FilterError> {
        let value = serde_json::from_str(json).map_err(|error| {
            FilterError::new(
                FilterErrorKind::InvalidJson,
                format!("the filter is not JSON: {error}"),
            )
        })?;
        match value {
            Value::Object(members) => Self::of_members(&members),
            _ => Err(invalid_shape("the filter is not a JSON object")),
        }
    }

    fn of_members(members: &Map<String, Value>) -> Result<Self, FilterError> {
        let mut filter = Self {
            fields: Vec::new(),
            alternatives: Vec::new(),
        };

        for (name, value) in members {
            if let Some(group) = alternatives(name, value) {
                filter.alternatives.push(
                    group
                        .into_iter()
                        .map(Self::of_nested)
                        .collect::<Result<_, _>>()?,
                );
                continue;
            }

            let field = match value {
                Value::Object(members) => Field::Nested(Self::of_nested(members)?),
                Value::Array(conditions) if conditions.is_empty() => {
                    return Err(invalid_shape(format!(
                        "the array `{name}` is empty, expected a condition"
                    )));
                }
                Value::Array(conditions) => Field::Leaf(
                    conditions
                        .iter()
                        .map(FieldCondition::of_value)
                        .collect::<Result<_, _>>()?,
                ),
                _ => {
                    return Err(invalid_shape(format!(
                        "`{name}` is not an object or an array of conditions"
                    )));
                }
            };

            filter.fields.push((name.clone(), field));
        }

        Ok(filter)
    }

    fn of_nested(members: &Map<String, Value>) -> Result<Self, FilterError> {
        if members.is_empty() {
            return Err(invalid_shape("an object is empty, expected a field"));
        }
        Self::of_members(members)
    }

    /// Whether the filter has no conditions.
    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.alternatives.is_empty()
    }

    pub(crate) fn matches(&self, document: &Value, elements: Elements) -> bool {
        self.holds_for(&[document], elements)
    }

    /// Whether the filter matches the values at one path of the document, with arrays flattened.
    fn holds_for(&self, values: &[&Value], elements: Elements) -> bool {
        let fields = self.fields.iter().all(|(name, field)| {
            let members: Vec<_> = values
                .iter()
                .filter_map(|value| value.get(name))
                .flat_map(without_arrays)
                .collect();

            match field {
                Field::Leaf(conditions) => {
                    let scalars: Vec<_> = members
                        .into_iter()
                        .filter(|value| !value.is_object())
                        .collect();
                    conditions
                        .iter()
                        .any(|condition| condition.holds_for(&scalars))
                }
                Field::Nested(filter) if elements == Elements::Same && !members.is_empty() => {
                    members
                        .iter()
                        .any(|member| filter.holds_for(&[member], elements))
                }
                Field::Nested(filter) => filter.holds_for(&members, elements),
            }
        });

        let one_of = |group: &Vec<Self>| {
            group
                .iter()
                .any(|filter| filter.holds_for(values, elements))
        };

        fields && self.alternatives.iter().all(one_of)
    }

    /// All conditions on fields, of every alternative.
    pub(crate) fn conditions(&self) -> Vec<&FieldCondition> {
        let mut conditions = Vec::new();
        for (_, field) in &self.fields {
            match field {
                Field::Leaf(leaf) => conditions.extend(leaf),
                Field::Nested(filter) => conditions.extend(filter.conditions()),
            }
        }

        for filter in self.alternatives.iter().flatten() {
            conditions.extend(filter.conditions());
        }

        conditions
    }

    /// The paths of the leaf keys.
    pub(crate) fn leaves(&self) -> Vec<Vec<&str>> {
        let mut leaves = Vec::new();
        for (name, field) in &self.fields {
            match field {
                Field::Leaf(_) => leaves.push(vec![&**name]),
                Field::Nested(filter) => {
                    leaves.extend(
                        filter
                            .leaves()
                            .into_iter()
                            .map(|rest| [vec![&**name], rest].concat()),
                    );
                }
            }
        }

        for filter in self.alternatives.iter().flatten() {
            leaves.extend(filter.leaves());
        }

        leaves
    }

    /// The number of combinations as SNS counts it.
    ///
    /// Each leaf key counts its values times its depth. The counts of keys are multiplied, and the
    /// counts of alternatives are added.
    pub(crate) fn combinations(&self, depth: usize) -> usize {
        let of_field = |field: &Field| match field {
            Field::Leaf(conditions) => conditions.len().saturating_mul(depth),
            Field::Nested(filter) => filter.combinations(depth + 1),
        };

        let of_group = |group: &Vec<Self>| {
            group
                .iter()
                .map(|filter| filter.combinations(depth))
                .fold(0, usize::saturating_add)
        };

        let fields = self.fields.iter().map(|(_, field)| of_field(field));
        fields
            .chain(self.alternatives.iter().map(of_group))
            .fold(1, usize::saturating_mul)
    }
}

/// The alternatives of the operator `$or`, or `None` if `name` is an ordinary field.
///
/// `$or` is the operator if its value is an array of at least two objects without the name of an
/// operator. Otherwise it is an ordinary field.
fn alternatives<'v>(name: &str, value: &'v Value) -> Option<Vec<&'v Map<String, Value>>> {
    let members = value
        .as_array()
        .filter(|members| name == "$or" && members.len() > 1)?;
    let members: Vec<_> = members
        .iter()
        .map(Value::as_object)
        .collect::<Option<_>>()?;
    let is_operator = members
        .iter()
        .all(|member| !member.keys().any(|key| OPERATORS.contains(&&**key)));
    is_operator.then_some(members)
}

/// The value itself, or the elements of the array, with nested arrays flattened.
fn without_arrays(value: &Value) -> Vec<&Value> {
    let mut found = Vec::new();
    let mut open = vec![value];

    while let Some(value) = open.pop() {
        match value {
            Value::Array(elements) => open.extend(elements.iter().rev()),
            other => found.push(other),
        }
    }

    found
}

fn invalid_shape(message: impl Into<String>) -> FilterError {
    FilterError::new(FilterErrorKind::InvalidShape, message)
}
