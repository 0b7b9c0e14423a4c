//! The policy of a form: until when it may be sent, and what its fields may be ("Creating a POST
//! Policy", Amazon S3 API Reference, 2026).

use std::ops::RangeInclusive;
use std::time::SystemTime;

use jiff::Timestamp;
use s3s::{S3Error, S3Result, s3_error};
use serde_json::{Map, Value};

use super::form::Fields;
use crate::aws::digest::from_base64;

/// The fields that no condition needs to name. Those that start with `x-ignore-` are others.
const FREE_FIELDS: [&str; 4] = ["policy", "signature", "x-amz-signature", "awsaccesskeyid"];

/// A policy.
#[derive(Debug)]
pub(super) struct Policy {
    expiration: Timestamp,
    conditions: Vec<Condition>,
}

#[derive(Debug)]
struct Condition {
    /// The condition as S3 shows it.
    shown: String,
    test: Test,
}

/// What a condition asks for. Fields are in lower case.
#[derive(Debug)]
enum Test {
    Equals {
        field: String,
        value: String,
    },
    StartsWith {
        field: String,
        prefix: String,
    },
    Length(RangeInclusive<u64>),
    /// No form meets it.
    Never,
}

impl Policy {
    /// Reads a policy in base64.
    pub(super) fn parse(base64: &str) -> S3Result<Self> {
        let json = from_base64(base64).ok_or_else(|| invalid("Invalid Base64 encoding."))?;
        let json: Value = serde_json::from_slice(&json).map_err(|_| invalid("Invalid JSON."))?;
        let Value::Object(mut members) = json else {
            return Err(invalid("Invalid JSON."));
        };

        let expiration = members.remove("expiration");
        let conditions = members.remove("conditions");
        if let Some(other) = members.keys().next() {
            let other = other.to_lowercase();
            return Err(invalid(&format!("Unexpected: '{other}'")));
        }

        let expiration = expiration.ok_or_else(|| invalid("Policy missing expiration."))?;
        let conditions = match conditions {
            Some(Value::Array(conditions)) => conditions,
            Some(_) => return Err(invalid("Invalid 'conditions' value: must be a List.")),
            None => return Err(invalid("Policy missing conditions.")),
        };

        Ok(Self {
            expiration: parse_expiration(&expiration)?,
            conditions: conditions
                .iter()
                .map(Condition::parse)
                .collect::<S3Result<_>>()?,
        })
    }

    /// Checks that a form may be sent to this bucket now. The length of the file is not known yet.
    pub(super) fn check(&self, fields: &Fields, bucket: &str, now: SystemTime) -> S3Result<()> {
        let is_expired = Timestamp::try_from(now).is_ok_and(|now| now >= self.expiration);
        if is_expired {
            return Err(denied("Policy expired."));
        }

        let failed = self
            .conditions
            .iter()
            .find(|condition| !condition.is_met(fields, bucket));
        if let Some(failed) = failed {
            let text = format!("Policy Condition failed: {}", failed.shown);
            return Err(denied(&text));
        }

        let mut names = fields.iter().map(|(name, _)| name);
        match names.find(|name| !self.allows(name)) {
            Some(name) => Err(denied(&format!("Extra input fields: {name}"))),
            None => Ok(()),
        }
    }

    /// How many bytes the file may have.
    pub(super) fn length(&self) -> RangeInclusive<u64> {
        let ranges = self.conditions.iter();
        let ranges = ranges.filter_map(|condition| match &condition.test {
            Test::Length(range) => Some(range),
            _ => None,
        });

        ranges.fold(0..=u64::MAX, |all, range| {
            *all.start().max(range.start())..=*all.end().min(range.end())
        })
    }

    /// Whether a form may have a field with this name.
    fn allows(&self, name: &str) -> bool {
        let is_named = |condition: &Condition| match &condition.test {
            Test::Equals { field, .. } | Test::StartsWith { field, .. } => field == name,
            Test::Length(_) | Test::Never => false,
        };
        let is_free = FREE_FIELDS.contains(&name) || name.starts_with("x-ignore-");

        is_free || self.conditions.iter().any(is_named)
    }
}

impl Condition {
    fn parse(json: &Value) -> S3Result<Self> {
        match json {
            Value::Object(members) => Self::parse_simple(members),
            Value::Array(items) => Self::parse_list(items),
            _ => Err(invalid("Invalid condition: must be a List or Object.")),
        }
    }

    /// `{"acl": "private"}`
    fn parse_simple(members: &Map<String, Value>) -> S3Result<Self> {
        let mut members = members.iter();
        let (Some((name, value)), None) = (members.next(), members.next()) else {
            return Err(invalid(
                "Invalid Simple-Condition: Simple-Conditions must have exactly one property \
                 specified.",
            ));
        };
        let value = match value {
            Value::String(value) => value,
            Value::Null => return Err(invalid("Invalid JSON.")),
            _ => return Err(invalid("Invalid Simple-Condition: value must be a string.")),
        };

        Ok(Self {
            shown: shown([
                "eq".into(),
                format!("${name}").into(),
                value.as_str().into(),
            ]),
            test: Test::Equals {
                field: name.to_ascii_lowercase(),
                value: value.clone(),
            },
        })
    }

    /// `["starts-with", "$key", "photos/"]`
    fn parse_list(items: &[Value]) -> S3Result<Self> {
        let Some(operation) = items.first() else {
            return Err(invalid("Invalid Condition: missing operation identifier."));
        };
        let operation = operation.as_str().unwrap_or_default().to_ascii_lowercase();
        if !["eq", "starts-with", "content-length-range"].contains(&operation.as_str()) {
            let text = format!("Invalid Condition: unknown operation '{operation}'.");
            return Err(invalid(&text));
        }
        let [_, first, second] = items else {
            let text = format!("Invalid {operation}: wrong number of arguments.");
            return Err(invalid(&text));
        };

        let test = match operation.as_str() {
            "content-length-range" => length_test(first, second)?,
            _ => {
                let (Value::String(name), Value::String(value)) = (first, second) else {
                    return Err(invalid("Invalid JSON."));
                };
                text_test(&operation, name, value)
            }
        };

        Ok(Self {
            shown: shown([operation.into(), first.clone(), second.clone()]),
            test,
        })
    }

    fn is_met(&self, fields: &Fields, bucket: &str) -> bool {
        let get = |field: &str| match field {
            "bucket" => Some(bucket),
            _ => fields.get(field),
        };

        match &self.test {
            Test::Equals { field, value } => get(field) == Some(value.as_str()),
            Test::StartsWith { field, prefix } => {
                get(field).is_some_and(|value| starts_with(field, value, prefix))
            }
            Test::Length(_) => true,
            Test::Never => false,
        }
    }
}

/// Content types are a list, and each of them must start with the prefix.
fn starts_with(field: &str, value: &str, prefix: &str) -> bool {
    match field {
        "content-type" => value.split(',').all(|part| part.trim().starts_with(prefix)),
        _ => value.starts_with(prefix),
    }
}

fn text_test(operation: &str, name: &str, value: &str) -> Test {
    let Some(field) = name.strip_prefix('$') else {
        return Test::Never;
    };
    let (field, value) = (field.to_ascii_lowercase(), value.to_owned());

    match operation {
        "eq" => Test::Equals { field, value },
        _ => Test::StartsWith {
            field,
            prefix: value,
        },
    }
}

/// Numbers may also be texts.
fn length_test(min: &Value, max: &Value) -> S3Result<Test> {
    let bound = |value: &Value| match value {
        Value::Number(number) => number
            .as_u64()
            .map(Some)
            .ok_or_else(|| invalid("Invalid JSON.")),
        Value::String(text) => Ok(text.parse().ok()),
        _ => Err(invalid("Invalid JSON.")),
    };

    Ok(match (bound(min)?, bound(max)?) {
        (Some(min), Some(max)) => Test::Length(min..=max),
        _ => Test::Never,
    })
}

/// A time in UTC, such as `2026-11-26T09:30:00.000Z`.
fn parse_expiration(json: &Value) -> S3Result<Timestamp> {
    let text = json.as_str().unwrap_or_default();
    let is_utc = text.get(10..11) == Some("T") && text.ends_with('Z');
    let time = text.parse().ok().filter(|_: &Timestamp| is_utc);

    time.ok_or_else(|| {
        let shown = json
            .as_str()
            .map_or_else(|| json.to_string(), str::to_owned);
        invalid(&format!("Invalid 'expiration' value: '{shown}'"))
    })
}

fn shown(items: [Value; 3]) -> String {
    let [operation, first, second] = items;
    format!("[{operation}, {first}, {second}]")
}

fn invalid(reason: &str) -> S3Error {
    s3_error!(InvalidPolicyDocument, "Invalid Policy: {reason}")
}

fn denied(reason: &str) -> S3Error {
    s3_error!(AccessDenied, "Invalid according to Policy: {reason}")
}
