//! The evaluator of EventBridge event patterns.

use serde_json::Value;

use super::content_filter::{ContentFilter, Elements};
use super::filter_error::{FilterError, FilterErrorKind};

/// The event pattern of an EventBridge rule or of an event source mapping, evaluated without AWS.
///
/// ```json
/// {"source": ["aws.s3"], "detail-type": ["Object Created"],
///  "detail": {"object": {"key": [{"prefix": "in/"}]}}}
/// ```
///
/// It supports values, `prefix` and `suffix` (also with `equals-ignore-case`), `wildcard`,
/// `anything-but` (values or a `prefix`), `exists`, `equals-ignore-case` and `$or`, as described in
/// "Creating Amazon EventBridge event patterns", Amazon EventBridge User Guide, 2026.
///
/// A field in an array matches if any element matches. All conditions on an object must match in
/// the same element.
///
/// # Examples
///
/// ```
/// use s3_dispatch_testing::{EventBridgeRule, RecordBuilder};
///
/// let pattern = r#"{"detail-type": ["Object Created"], "detail": {"reason": ["PutObject"]}}"#;
/// let rule = EventBridgeRule::parse(pattern)?;
///
/// let put = RecordBuilder::new("ObjectCreated:Put").to_eventbridge_json().unwrap();
/// let copy = RecordBuilder::new("ObjectCreated:Copy").to_eventbridge_json().unwrap();
/// assert!(rule.matches(&put) && !rule.matches(&copy));
/// # Ok::<_, s3_dispatch_testing::FilterError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct EventBridgeRule(ContentFilter);

impl EventBridgeRule {
    /// Parses an event pattern.
    ///
    /// # Errors
    ///
    /// If EventBridge would reject the pattern; a retry does not help.
    ///
    /// - [`FilterErrorKind::InvalidJson`] or [`FilterErrorKind::InvalidShape`] if it is not a
    ///   filter. The pattern `{}` is not a filter either.
    /// - [`FilterErrorKind::InvalidCondition`] if a condition is wrong, and also if it has one of
    ///   the operators `numeric` and `cidr`, which are not supported here.
    pub fn parse(pattern: &str) -> Result<Self, FilterError> {
        let filter = ContentFilter::parse(pattern)?;
        if filter.is_empty() {
            return Err(FilterError::new(
                FilterErrorKind::InvalidShape,
                "the pattern is empty, expected a field",
            ));
        }

        Ok(Self(filter))
    }

    /// Whether EventBridge sends this event to the targets of the rule.
    ///
    /// A text that is not a JSON object never matches.
    #[must_use]
    pub fn matches(&self, event: &str) -> bool {
        match serde_json::from_str::<Value>(event) {
            Ok(event) if event.is_object() => self.0.matches(&event, Elements::Same),
            _ => false,
        }
    }
}
