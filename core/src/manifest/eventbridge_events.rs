//! The events of a route, as EventBridge tells them apart.

use serde_json::{Value, json};

use super::warnings::Warning;
use crate::event::{EventBridgeForm, LIFECYCLE_EXPIRATION};
use crate::{EventName, EventPattern, Route};

/// What a rule must compare to select an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EventCondition {
    detail_type: &'static str,
    pub(super) reason: Option<Reason>,
    pub(super) deletion_type: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
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
    pub(super) fn of_route(route: &Route, warnings: &mut Vec<Warning>) -> Option<Vec<Self>> {
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
    pub(super) fn to_json(self) -> Value {
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
pub(super) fn group_by_detail_type(
    conditions: &[EventCondition],
) -> Vec<(&'static str, Vec<EventCondition>)> {
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
