//! The event pattern of an EventBridge rule.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::conditions::{self, Conditions, no_routes, of_keys, to_json};
use super::key_spelling::as_it_is;
use super::warnings::Warning;
use crate::event::{EventBridgeForm, LIFECYCLE_EXPIRATION};
use crate::{Error, ErrorKind, EventName, EventPattern, Route};

/// The event pattern of an EventBridge rule that forwards S3's events.
///
/// It serializes to the pattern's JSON:
///
/// ```json
/// {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"reason": ["PutObject"]}}
/// ```
///
/// EventBridge has one detail type for several of S3's events and tells them apart by a reason. It
/// does not send replication events and `ReducedRedundancyLostObject` ("EventBridge event message
/// structure", Amazon S3 User Guide, 2026). Keys are not encoded there.
///
/// The pattern lets through every event that a route takes and EventBridge sends.
/// [`is_exact`](Self::is_exact) says whether it lets through more.
#[derive(Debug, Clone, PartialEq)]
pub struct EventBridgePattern {
    pattern: Value,
    is_exact: bool,
    warnings: Vec<Warning>,
}

impl EventBridgePattern {
    pub(crate) fn new(routes: &[Route]) -> Result<Self, Error> {
        if routes.is_empty() {
            return Err(no_routes());
        }

        let mut warnings = Vec::new();
        let mut alternatives = Vec::new();
        let mut is_exact = true;

        for route in routes {
            let (keys, keys_are_exact) = of_keys(std::slice::from_ref(route), as_it_is);
            let buckets = conditions::of_buckets(std::slice::from_ref(route));
            is_exact &= keys_are_exact;

            match EventCondition::of_route(route, &mut warnings) {
                Some(events) => {
                    for (detail_type, events) in group_by_detail_type(&events) {
                        alternatives.push(alternative(Some(detail_type), &events, &buckets, &keys));
                    }
                }
                None => alternatives.push(alternative(None, &[], &buckets, &keys)),
            }
        }

        Ok(Self {
            pattern: combine(alternatives)?,
            is_exact,
            warnings,
        })
    }

    /// Whether the pattern lets through exactly the events that a route takes. If `false`, it lets
    /// through more.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// The warnings about routes with events that EventBridge does not send.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{Manifest, Routes};
    ///
    /// let routes = Routes::new(())
    ///     .on_fn("Replication:*", || async { Ok::<_, std::io::Error>(()) })
    ///     .on_fn("ObjectCreated:*", || async { Ok::<_, std::io::Error>(()) });
    ///
    /// let pattern = Manifest::new(&routes).eventbridge_pattern()?;
    /// let warning = pattern.warnings()[0].to_string();
    /// assert_eq!(warning, "EventBridge does not send `Replication:*` events");
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

impl Serialize for EventBridgePattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.pattern.serialize(serializer)
    }
}

/// What a rule must compare to select an event.
#[derive(Debug, Clone, PartialEq, Eq)]
struct EventCondition {
    detail_type: &'static str,
    reason: Option<Reason>,
    deletion_type: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Is(&'static str),
    IsNot(&'static str),
}

impl From<EventBridgeForm> for EventCondition {
    fn from(form: EventBridgeForm) -> Self {
        Self {
            detail_type: form.detail_type,
            reason: form.reason.map(Reason::Is),
            deletion_type: form.deletion_type,
        }
    }
}

impl EventCondition {
    /// The conditions for a route's events. `None` if the route takes every event.
    fn of_route(route: &Route, warnings: &mut Vec<Warning>) -> Option<Vec<Self>> {
        let mut conditions = Vec::new();

        for pattern in route.patterns() {
            if *pattern == EventPattern::ANY {
                return None;
            }

            let is_category = pattern.as_category().is_some();
            let mut sent = EventName::KNOWN
                .iter()
                .filter(|name| pattern.matches(name))
                .filter_map(EventName::eventbridge_form)
                .map(Self::from)
                .map(|condition| condition.for_new_reasons(is_category))
                .peekable();

            if sent.peek().is_none() {
                let warning = Warning::new(format!("EventBridge does not send `{pattern}` events"));
                if !warnings.contains(&warning) {
                    warnings.push(warning);
                }
            }

            for condition in sent {
                if !conditions.contains(&condition) {
                    conditions.push(condition);
                }
            }
        }

        Some(conditions)
    }

    /// Widens the condition of a category's event, because AWS may add reasons to the category.
    fn for_new_reasons(self, is_category: bool) -> Self {
        match self.detail_type {
            "Object Created" if is_category => Self {
                reason: None,
                ..self
            },
            "Object Deleted" if is_category => Self {
                // Every object that a lifecycle rule did not delete was removed on request.
                reason: Some(match self.reason {
                    Some(Reason::Is(LIFECYCLE_EXPIRATION)) => Reason::Is(LIFECYCLE_EXPIRATION),
                    _ => Reason::IsNot(LIFECYCLE_EXPIRATION),
                }),
                deletion_type: None,
                ..self
            },
            _ => self,
        }
    }
}

impl Reason {
    fn to_json(self) -> Value {
        match self {
            Self::Is(reason) => json!(reason),
            Self::IsNot(reason) => json!({ "anything-but": reason }),
        }
    }
}

/// Groups the conditions that one pattern can express.
///
/// Within one detail type reasons are alternatives. A deletion type belongs to one reason, so
/// conditions with different deletion types need separate patterns.
fn group_by_detail_type(conditions: &[EventCondition]) -> Vec<(&'static str, Vec<EventCondition>)> {
    let mut groups: Vec<(&'static str, Vec<EventCondition>)> = Vec::new();

    for condition in conditions {
        let group = groups.iter_mut().find(|(detail_type, group)| {
            *detail_type == condition.detail_type
                && group
                    .iter()
                    .all(|other| other.deletion_type == condition.deletion_type)
        });
        match group {
            Some((_, group)) => group.push(condition.clone()),
            None => groups.push((condition.detail_type, vec![condition.clone()])),
        }
    }

    groups
}

/// The pattern of one group of events, without the source.
fn alternative(
    detail_type: Option<&str>,
    events: &[EventCondition],
    buckets: &Conditions,
    keys: &Conditions,
) -> Map<String, Value> {
    let mut detail = Map::new();
    let reasons: Option<Vec<_>> = events
        .iter()
        .map(|event| event.reason.map(Reason::to_json))
        .collect();

    if let Some(reasons) = reasons.filter(|reasons| !reasons.is_empty()) {
        detail.insert("reason".to_owned(), Value::Array(reasons));
    }

    if let Some(deletion_type) = events.first().and_then(|event| event.deletion_type) {
        detail.insert("deletion-type".to_owned(), json!([deletion_type]));
    }

    if let Some(buckets) = buckets {
        detail.insert("bucket".to_owned(), json!({ "name": to_json(buckets) }));
    }

    if let Some(keys) = keys {
        detail.insert("object".to_owned(), json!({ "key": to_json(keys) }));
    }

    // S3's source also has events that are not about objects, such as the calls that CloudTrail
    // records.
    let detail_types = match detail_type {
        Some(detail_type) => json!([detail_type]),
        None => json!([{ "prefix": "Object " }]),
    };

    let mut pattern = Map::from_iter([("detail-type".to_owned(), detail_types)]);
    if !detail.is_empty() {
        pattern.insert("detail".to_owned(), Value::Object(detail));
    }

    pattern
}

/// Puts the alternatives into one pattern, and adds the source.
fn combine(mut alternatives: Vec<Map<String, Value>>) -> Result<Value, Error> {
    // An alternative that takes everything makes the others redundant.
    let everything = alternative(None, &[], &None, &None);
    if alternatives.contains(&everything) {
        alternatives = vec![everything];
    }

    alternatives.dedup();
    let mut pattern = match alternatives.len() {
        0 => {
            let message = "EventBridge sends none of the events of these routes";
            return Err(Error::new(ErrorKind::Unexpressible, message));
        }
        1 => alternatives.remove(0),
        _ => Map::from_iter([(
            "$or".to_owned(),
            alternatives.into_iter().map(Value::Object).collect(),
        )]),
    };

    pattern.insert("source".to_owned(), json!(["aws.s3"]));
    Ok(Value::Object(pattern))
}
