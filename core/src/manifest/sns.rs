//! The filter policy of a subscription to an SNS topic.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::conditions::{self, Conditions, no_routes, to_json};
use super::key_spelling::as_encoded;
use crate::{Error, ErrorKind, Route};

/// A filter policy for `FilterPolicyScope = MessageBody`; it serializes to the policy's JSON, or
/// `null` when none is needed.
///
/// ```json
/// {"Records": {"eventName": ["ObjectCreated:Put", {"prefix": "ObjectRemoved:"}], "s3": {"object": {"key": [{"prefix": "in/"}]}}}}
/// ```
///
/// SNS looks at each field by itself, in all records of a message ("Amazon SNS message filtering",
/// Amazon SNS Developer Guide, 2026), and sees keys in the form that S3 sends. So a policy may let
/// through more than the routes handle, never less; [`is_exact`](Self::is_exact) says which. A
/// changed policy takes up to 15 minutes to come into force.
#[derive(Debug, Clone, PartialEq)]
pub struct FilterPolicy {
    policy: Option<Value>,
    is_exact: bool,
}

/// "Filter policy constraints in Amazon SNS", Amazon SNS Developer Guide, 2026: the product over
/// the policy's keys of the number of values times the depth of the key.
const MOST_COMBINATIONS: usize = 150;

impl FilterPolicy {
    pub(crate) fn new(routes: &[Route]) -> Result<Self, Error> {
        let fields = FieldConditions::new(routes)?;
        let combinations = fields.combinations();

        if combinations > MOST_COMBINATIONS {
            let names: Vec<_> = routes.iter().map(ToString::to_string).collect();
            let names = names.join(", ");

            return Err(Error::new(
                ErrorKind::Unexpressible,
                format!(
                    "a filter policy of {combinations} combinations, where SNS takes {MOST_COMBINATIONS}, for {names}; name \
                     categories instead of events, or give some routes a queue of their own"
                ),
            ));
        }

        Ok(Self {
            policy: fields.to_json(),
            is_exact: fields.is_exact,
        })
    }

    /// Whether it lets through exactly the messages with one record, as S3 sends them, that some
    /// route handles. Else it lets through more.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// Whether the subscription needs no policy, because the routes take everything.
    #[must_use]
    pub fn is_unnecessary(&self) -> bool {
        self.policy.is_none()
    }
}

impl Serialize for FilterPolicy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.policy.serialize(serializer)
    }
}

/// The filter criteria of the event source mapping from a queue to its function.
///
/// They serialize to `{"Filters": [{"Pattern": "<JSON>"}]}`, or `null` when none are needed. What
/// they do not let through Lambda *deletes* from the queue ("Control which events Lambda sends to
/// your function", AWS Lambda Developer Guide, 2026), test notifications and unreadable messages
/// included; a filter policy on the subscription is the better place.
#[derive(Debug, Clone, PartialEq)]
pub struct FilterCriteria {
    pattern: Option<Value>,
    is_exact: bool,
}

impl FilterCriteria {
    pub(crate) fn new(routes: &[Route]) -> Result<Self, Error> {
        let fields = FieldConditions::new(routes)?;
        Ok(Self {
            pattern: fields.to_json().map(|body| json!({ "body": body })),
            is_exact: fields.is_exact,
        })
    }

    /// Whether they let through exactly the messages with one record, as S3 sends them, that some
    /// route handles.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.is_exact
    }
}

impl Serialize for FilterCriteria {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let filters = self
            .pattern
            .as_ref()
            .map(|pattern| json!({"Filters": [{"Pattern": pattern.to_string()}]}));
        filters.serialize(serializer)
    }
}

/// The conditions on the fields of a notification.
struct FieldConditions {
    event_names: Conditions,
    buckets: Conditions,
    keys: Conditions,
    is_exact: bool,
}

impl FieldConditions {
    fn new(routes: &[Route]) -> Result<Self, Error> {
        if routes.is_empty() {
            return Err(no_routes());
        }

        let (keys, keys_are_exact) = conditions::of_keys(routes, as_encoded);
        Ok(Self {
            event_names: conditions::of_event_names(routes),
            buckets: conditions::of_buckets(routes),
            keys,
            is_exact: keys_are_exact && conditions::only_one_field_varies(routes),
        })
    }

    fn combinations(&self) -> usize {
        let fields = [(&self.event_names, 2), (&self.buckets, 4), (&self.keys, 4)];
        let values = fields
            .into_iter()
            .filter_map(|(conditions, depth)| Some(conditions.as_ref()?.len() * depth));

        values.fold(1, usize::saturating_mul)
    }

    fn to_json(&self) -> Option<Value> {
        let mut records = Map::new();
        if let Some(names) = &self.event_names {
            records.insert("eventName".to_owned(), to_json(names));
        }

        let mut s3 = Map::new();
        if let Some(buckets) = &self.buckets {
            s3.insert("bucket".to_owned(), json!({ "name": to_json(buckets) }));
        }

        if let Some(keys) = &self.keys {
            s3.insert("object".to_owned(), json!({ "key": to_json(keys) }));
        }

        if !s3.is_empty() {
            records.insert("s3".to_owned(), Value::Object(s3));
        }

        (!records.is_empty()).then(|| json!({ "Records": records }))
    }
}
