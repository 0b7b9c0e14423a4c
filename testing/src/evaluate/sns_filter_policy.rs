//! What SNS lets through to a subscription.

use std::collections::BTreeSet;

use serde_json::Value;

use super::content_filter::{ContentFilter, Elements};
use crate::{FilterError, FilterErrorKind};

/// The filter policy of a subscription to an SNS topic with `FilterPolicyScope = MessageBody`,
/// evaluated here.
///
/// ```json
/// {"Records": {"eventName": ["ObjectCreated:Put", {"prefix": "ObjectRemoved:"}]}}
/// ```
///
/// It knows values, `prefix`, `suffix`, `anything-but` (values, or a `prefix`), `exists`,
/// `equals-ignore-case` and `$or` ("Amazon SNS subscription filter policies", Amazon SNS Developer
/// Guide, 2026). Arrays in a message are transparent, and each field is looked for by itself: one
/// record may have the event's name and another the key.
///
/// ```
/// use s3_dispatch_testing::{NotificationBuilder, RecordBuilder, SnsFilterPolicy};
///
/// let policy = SnsFilterPolicy::parse(r#"{"Records": {"eventName": [{"prefix": "ObjectCreated:"}]}}"#)?;
/// let body = |event: &str| NotificationBuilder::from(RecordBuilder::new(event)).to_json();
/// assert!(policy.matches(&body("ObjectCreated:Put")) && !policy.matches(&body("ObjectRemoved:Delete")));
/// # Ok::<_, s3_dispatch_testing::FilterError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SnsFilterPolicy(ContentFilter);

/// "Filter policy constraints in Amazon SNS", Amazon SNS Developer Guide, 2026.
const MOST_LEAF_KEYS: usize = 5;
const MOST_COMBINATIONS: usize = 150;

impl SnsFilterPolicy {
    /// Reads a policy as SNS takes it; `{}` asks for nothing.
    ///
    /// # Errors
    ///
    /// When SNS refuses it: [`FilterErrorKind::InvalidJson`] and [`FilterErrorKind::InvalidShape`];
    /// [`FilterErrorKind::InvalidCondition`], also for the operators `numeric`, `cidr` and
    /// `wildcard`, which SNS knows and this does not; [`FilterErrorKind::TooManyKeys`] above
    /// five leaf keys, and [`FilterErrorKind::TooManyCombinations`] when the product over the
    /// leaf keys of the number of values times the depth of the key is above 150.
    pub fn parse(json: &str) -> Result<Self, FilterError> {
        let filter = ContentFilter::parse(json)?;
        let keys = filter.leaves().into_iter().collect::<BTreeSet<_>>().len();

        if keys > MOST_LEAF_KEYS {
            let message =
                format!("the policy has {keys} leaf keys, and SNS takes {MOST_LEAF_KEYS}");
            return Err(FilterError::new(FilterErrorKind::TooManyKeys, message));
        }

        let combinations = filter.combinations(1);
        if combinations > MOST_COMBINATIONS {
            let message = format!(
                "the policy has {combinations} combinations, and SNS takes {MOST_COMBINATIONS}"
            );
            return Err(FilterError::new(
                FilterErrorKind::TooManyCombinations,
                message,
            ));
        }

        Ok(Self(filter))
    }

    /// Whether SNS sends a message with this body to the subscription. Never when the body is no
    /// JSON object.
    #[must_use]
    pub fn matches(&self, message_body: &str) -> bool {
        match serde_json::from_str::<Value>(message_body) {
            Ok(body) if body.is_object() => self.0.matches(&body, Elements::Any),
            _ => false,
        }
    }
}
