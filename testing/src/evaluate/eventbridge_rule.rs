//! What EventBridge lets through to a rule's targets.

use serde_json::Value;

use super::content_filter::{ContentFilter, Elements};
use crate::{FilterError, FilterErrorKind};

/// The event pattern of an EventBridge rule, or of an event source mapping's filter, evaluated
/// here.
///
/// ```json
/// {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"object": {"key": [{"prefix": "in/"}]}}}
/// ```
///
/// It knows values, `prefix`, `suffix`, `anything-but` (values, or a `prefix`), `exists`,
/// `equals-ignore-case` and `$or` ("Creating Amazon EventBridge event patterns", Amazon EventBridge
/// User Guide, 2026). Arrays in an event are transparent, and what a pattern asks of an object is
/// looked for in one element of an array.
///
/// ```
/// use s3_dispatch_core::EventName;
/// use s3_dispatch_testing::{EventBridgeRule, RecordBuilder};
///
/// let rule = EventBridgeRule::parse(r#"{"detail-type": ["Object Created"], "detail": {"reason": ["PutObject"]}}"#)?;
/// let event = RecordBuilder::new(EventName::OBJECT_CREATED_PUT).to_eventbridge_json();
/// assert!(event.is_some_and(|event| rule.matches(&event)));
/// # Ok::<_, s3_dispatch_testing::FilterError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct EventBridgeRule(ContentFilter);

impl EventBridgeRule {
    /// Reads an event pattern as EventBridge takes it.
    ///
    /// # Errors
    ///
    /// When EventBridge refuses it: [`FilterErrorKind::InvalidJson`],
    /// [`FilterErrorKind::InvalidShape`] (also of `{}`),
    /// and [`FilterErrorKind::InvalidCondition`], also for the operators `numeric`, `cidr` and
    /// `wildcard`, which EventBridge knows and this does not.
    pub fn parse(pattern: &str) -> Result<Self, FilterError> {
        let filter = ContentFilter::parse(pattern)?;
        if filter.is_empty() {
            return Err(FilterError::new(
                FilterErrorKind::InvalidShape,
                "the pattern is empty",
            ));
        }

        Ok(Self(filter))
    }

    /// Whether EventBridge sends this event to the targets. Never when it is no JSON object.
    #[must_use]
    pub fn matches(&self, event: &str) -> bool {
        match serde_json::from_str::<Value>(event) {
            Ok(event) if event.is_object() => self.0.matches(&event, Elements::Same),
            _ => false,
        }
    }
}
