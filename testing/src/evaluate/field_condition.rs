//! One condition on one field.

use serde_json::Value;

use super::filter_error::{FilterError, FilterErrorKind};
use super::wildcard::Wildcard;

/// The names that AWS reserves for operators. Some of them are not supported here.
pub(crate) const OPERATORS: [&str; 9] = [
    "exact",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "equals-ignore-case",
    "numeric",
    "cidr",
    "wildcard",
];

/// A condition on the values of one field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum FieldCondition {
    Equals(Value),
    Prefix(String),
    Suffix(String),
    PrefixIgnoreCase(String),
    SuffixIgnoreCase(String),
    EqualsIgnoreCase(String),
    AnythingBut(Vec<Value>),
    AnythingButPrefix(String),
    Exists(bool),
    Wildcard(Wildcard),
}

impl FieldCondition {
    /// Reads one element of the array of conditions.
    pub(crate) fn of_value(value: &Value) -> Result<Self, FilterError> {
        let members = match value {
            Value::Object(members) => members,
            Value::Array(_) => {
                return Err(invalid(
                    "a condition is an array, expected a value or an object",
                ));
            }
            scalar => return Ok(Self::Equals(scalar.clone())),
        };

        let mut members = members.iter();
        let (Some((operator, operand)), None) = (members.next(), members.next()) else {
            return Err(invalid("a condition does not have exactly one operator"));
        };

        match &**operator {
            "prefix" => match ignoring_case(operand) {
                Some(operand) => text(operator, operand).map(Self::PrefixIgnoreCase),
                None => text(operator, operand).map(Self::Prefix),
            },
            "suffix" => match ignoring_case(operand) {
                Some(operand) => text(operator, operand).map(Self::SuffixIgnoreCase),
                None => text(operator, operand).map(Self::Suffix),
            },
            "equals-ignore-case" => text(operator, operand).map(Self::EqualsIgnoreCase),
            "wildcard" => match Wildcard::parse(&text(operator, operand)?) {
                Some(wildcard) => Ok(Self::Wildcard(wildcard)),
                None => Err(invalid(
                    "a wildcard has `**`, or a `\\` in front of something else than `*` or `\\`",
                )),
            },
            "exists" => match operand {
                Value::Bool(exists) => Ok(Self::Exists(*exists)),
                _ => Err(invalid("the operand of `exists` is not `true` or `false`")),
            },
            "anything-but" => Self::of_exclusion(operand),
            other => Err(invalid(format!("the operator `{other}` is not supported"))),
        }
    }

    fn of_exclusion(operand: &Value) -> Result<Self, FilterError> {
        let is_excludable = |value: &Value| value.is_string() || value.is_number();
        match operand {
            Value::Object(members) if members.len() == 1 => match members.get_key_value("prefix") {
                Some((operator, operand)) => text(operator, operand).map(Self::AnythingButPrefix),
                None => Err(invalid(
                    "the operator inside `anything-but` is not `prefix`",
                )),
            },
            Value::Array(values) if !values.is_empty() && values.iter().all(is_excludable) => {
                Ok(Self::AnythingBut(values.clone()))
            }
            value if is_excludable(value) => Ok(Self::AnythingBut(vec![value.clone()])),
            _ => Err(invalid(
                "the operand of `anything-but` is not made of strings and numbers",
            )),
        }
    }

    /// Whether one of the field's values meets the condition. An operator on strings never holds
    /// for another type.
    pub(crate) fn holds_for(&self, values: &[&Value]) -> bool {
        let is_text = |holds: &dyn Fn(&str) -> bool| {
            values.iter().any(|value| value.as_str().is_some_and(holds))
        };

        match self {
            Self::Exists(exists) => values.is_empty() != *exists,
            Self::Equals(expected) => values.iter().any(|value| equal(value, expected)),
            Self::AnythingBut(excluded) => {
                let is_excluded =
                    |value: &Value| excluded.iter().any(|excluded| equal(value, excluded));
                values
                    .iter()
                    .any(|value| !value.is_null() && !is_excluded(value))
            }
            Self::Prefix(prefix) => is_text(&|text| text.starts_with(prefix)),
            Self::Suffix(suffix) => is_text(&|text| text.ends_with(suffix)),
            Self::PrefixIgnoreCase(prefix) => {
                is_text(&|text| text.to_lowercase().starts_with(&prefix.to_lowercase()))
            }
            Self::SuffixIgnoreCase(suffix) => {
                is_text(&|text| text.to_lowercase().ends_with(&suffix.to_lowercase()))
            }
            Self::EqualsIgnoreCase(expected) => {
                is_text(&|text| text.to_lowercase() == expected.to_lowercase())
            }
            Self::Wildcard(wildcard) => is_text(&|text| wildcard.matches(text)),
            Self::AnythingButPrefix(prefix) => is_text(&|text| !text.starts_with(prefix)),
        }
    }
}

/// The text of `{"equals-ignore-case": "text"}`.
fn ignoring_case(operand: &Value) -> Option<&Value> {
    let members = operand.as_object()?;
    members
        .get("equals-ignore-case")
        .filter(|_| members.len() == 1)
}

/// Numbers are equal if their values are, such as `1` and `1.0`.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) if left.is_f64() || right.is_f64() => {
            left.as_f64() == right.as_f64()
        }
        _ => left == right,
    }
}

fn text(operator: &str, operand: &Value) -> Result<String, FilterError> {
    match operand {
        Value::String(text) => Ok(text.clone()),
        _ => Err(invalid(format!(
            "the operand of `{operator}` is not a string"
        ))),
    }
}

fn invalid(message: impl Into<String>) -> FilterError {
    FilterError::new(FilterErrorKind::InvalidCondition, message)
}
