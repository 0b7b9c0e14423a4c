//! The evaluator of SNS filter policies.

use std::collections::BTreeSet;

use serde_json::Value;

use super::content_filter::{ContentFilter, Elements};
use super::field_condition::FieldCondition;
use super::filter_error::{FilterError, FilterErrorKind};

/// The filter policy of an SNS subscription, evaluated without AWS.
///
/// It is a policy on the message body, `FilterPolicyScope = MessageBody`:
///
/// ```json
/// {"Records": {"eventName": ["ObjectCreated:Put", {"prefix": "ObjectRemoved:"}]}}
/// ```
///
/// It supports values, `prefix`, `suffix`, `wildcard`, `anything-but` (values or a `prefix`),
/// `exists`, `equals-ignore-case` and `$or`, as described in "Amazon SNS subscription filter
/// policies", Amazon SNS Developer Guide, 2026.
///
/// A field in an array matches if any element matches. Each field is compared on its own, so the
/// event name may match in one record and the key in another.
///
/// # Examples
///
/// ```
/// use s3_dispatch_testing::{NotificationBuilder, RecordBuilder, SnsFilterPolicy};
///
/// let policy = r#"{"Records": {"eventName": [{"prefix": "ObjectCreated:"}]}}"#;
/// let policy = SnsFilterPolicy::parse(policy)?;
///
/// let body = |event: &str| NotificationBuilder::from(RecordBuilder::new(event)).to_json();
/// assert!(policy.matches(&body("ObjectCreated:Put")));
/// assert!(!policy.matches(&body("ObjectRemoved:Delete")));
/// # Ok::<_, s3_dispatch_testing::FilterError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SnsFilterPolicy(ContentFilter);

/// "Filter policy constraints in Amazon SNS", Amazon SNS Developer Guide, 2026.
const MOST_LEAF_KEYS: usize = 5;
const MOST_COMBINATIONS: usize = 150;

/// SNS limits how complex wildcards may be; this evaluator is strict.
const MOST_STARS: usize = 3;

impl SnsFilterPolicy {
    /// Parses a policy. The policy `{}` has no conditions.
    ///
    /// # Errors
    ///
    /// If SNS would reject the policy; a retry does not help.
    ///
    /// - [`FilterErrorKind::InvalidJson`] or [`FilterErrorKind::InvalidShape`] if it is not a
    ///   filter.
    /// - [`FilterErrorKind::InvalidCondition`] if a condition is wrong, and also if it has one of
    ///   the operators `numeric` and `cidr`, which are not supported here. A `prefix` or `suffix`
    ///   that ignores case, which only EventBridge has, and a wildcard with more than three `*` are
    ///   wrong.
    /// - [`FilterErrorKind::TooManyKeys`] if it has more than 5 leaf keys.
    /// - [`FilterErrorKind::TooManyCombinations`] if it has more than 150 combinations. Each leaf
    ///   key counts its values times its depth, and the counts are multiplied.
    pub fn parse(json: &str) -> Result<Self, FilterError> {
        let filter = ContentFilter::parse(json)?;
        for condition in filter.conditions() {
            check(condition)?;
        }

        let keys = filter.leaves().into_iter().collect::<BTreeSet<_>>().len();
        if keys > MOST_LEAF_KEYS {
            let message =
                format!("the policy has {keys} leaf keys, and SNS allows {MOST_LEAF_KEYS}");
            return Err(FilterError::new(FilterErrorKind::TooManyKeys, message));
        }

        let combinations = filter.combinations(1);
        if combinations > MOST_COMBINATIONS {
            let message = format!(
                "the policy has {combinations} combinations, and SNS allows {MOST_COMBINATIONS}"
            );
            return Err(FilterError::new(
                FilterErrorKind::TooManyCombinations,
                message,
            ));
        }

        Ok(Self(filter))
    }

    /// Whether SNS delivers a message with this body to the subscription.
    ///
    /// A body that is not a JSON object never matches.
    #[must_use]
    pub fn matches(&self, message_body: &str) -> bool {
        match serde_json::from_str::<Value>(message_body) {
            Ok(body) if body.is_object() => self.0.matches(&body, Elements::Any),
            _ => false,
        }
    }
}

/// Rejects the conditions that EventBridge has and SNS does not have.
fn check(condition: &FieldCondition) -> Result<(), FilterError> {
    let message = match condition {
        FieldCondition::PrefixIgnoreCase(_) | FieldCondition::SuffixIgnoreCase(_) => {
            "SNS does not ignore the case of a prefix or a suffix".to_owned()
        }
        FieldCondition::Wildcard(wildcard) if wildcard.stars() > MOST_STARS => {
            format!("a wildcard has more than {MOST_STARS} `*`")
        }
        _ => return Ok(()),
    };

    Err(FilterError::new(FilterErrorKind::InvalidCondition, message))
}
