//! The filter criteria of an event source mapping.

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::eventbridge::EventBridgePattern;
use super::key::conditions::KeyOperators;
use super::key::fit::Fit;
use super::sns::FieldConditions;
use super::warnings::Warning;
use crate::{Error, Route};

/// The filter criteria of the event source mapping from a queue to its function.
///
/// They serialize to this JSON, or to `null` if the routes take everything:
///
/// ```json
/// {"Filters": [
///     {"Pattern": "{\"body\":{\"Records\":{\"eventName\":[\"ObjectTagging:Put\"]}}}"},
///     {"Pattern": "{\"body\":{\"detail-type\":[\"Object Tags Added\"],\"source\":[\"aws.s3\"]}}"},
///     {"Pattern": "{\"body\":{\"Type\":[\"Notification\",\"SubscriptionConfirmation\",..]}}"},
///     {"Pattern": "{\"body\":{\"$or\":[{\"Records\":{\"body\":[{\"exists\":true}]}},..]}}"}
/// ]}
/// ```
///
/// Lambda passes a message on if one of the filters matches its body, and *deletes* it otherwise
/// ("Control which events Lambda sends to your function", AWS Lambda Developer Guide, 2026). How S3
/// is connected to the queue decides what the body is, so there are filters for all forms:
///
/// | the queue gets its messages from | the body is | what its filter lets through |
/// |---|---|---|
/// | the bucket, or SNS with raw message delivery | S3's notification | what a route takes |
/// | EventBridge | the event | what a route takes and EventBridge sends |
/// | SNS without raw message delivery | SNS's JSON, with the notification as a text | everything |
/// | a function's dead letters or destination | the function's event, or its record | everything |
///
/// Lambda's filters compare a text as a whole, or its start or end, so they cannot look into the
/// notification in such a body. A [`FilterPolicy`](super::FilterPolicy) on the subscription can,
/// and is the better place.
///
/// They have no wildcards and do not ignore case: a pattern of keys gives the text before its first
/// part, or else the text behind its last one.
///
/// Like the other filters, the criteria let through every message that a route takes, and perhaps
/// more. Test notifications and bodies of any other form are deleted.
#[derive(Debug, Clone, PartialEq)]
pub struct FilterCriteria {
    /// One for each form of a body. Empty if everything passes.
    patterns: Vec<Value>,
    fit: Fit,
    warnings: Vec<Warning>,
}

/// The length of a pattern, in characters ("Filter", AWS Lambda API Reference, 2026).
const MAX_PATTERN_LEN: usize = 4096;

impl FilterCriteria {
    pub(crate) fn new(routes: &[Route]) -> Result<Self, Error> {
        let fields = FieldConditions::new(routes, KeyOperators::lambda(true))?;
        let mut criteria = Self {
            patterns: Vec::new(),
            fit: fields.fit,
            warnings: Vec::new(),
        };

        if let Some(notification) = fields.to_json() {
            criteria.warnings.push(Warning::from(DELETION));
            criteria.add_notification(notification);
            criteria.add_eventbridge(EventBridgePattern::in_body(routes));
            criteria.add_sns();
            criteria.add_batches();
        }

        Ok(criteria)
    }

    fn add_notification(&mut self, conditions: Value) {
        let any_notification = json!({"Records": {"eventName": [{"exists": true}]}});
        self.add(conditions, any_notification, "S3 notification");
    }

    fn add_eventbridge(&mut self, pattern: Result<EventBridgePattern, Error>) {
        match pattern {
            Ok(pattern) => {
                self.fit = self.fit.max(pattern.fit());
                self.warnings.extend_from_slice(pattern.warnings());
                self.add(
                    json!(pattern),
                    json!({"source": ["aws.s3"]}),
                    "EventBridge event",
                );
            }
            Err(error) => self.warnings.push(Warning::new(format!(
                "{error}, so Lambda deletes EventBridge events"
            ))),
        }
    }

    /// Adds the filter for the messages that SNS wraps. That includes those about the subscription,
    /// because a deleted confirmation would hide that no events come.
    fn add_sns(&mut self) {
        let types = [
            "Notification",
            "SubscriptionConfirmation",
            "UnsubscribeConfirmation",
        ];

        self.patterns.push(json!({"body": {"Type": types}}));
        self.warnings.push(Warning::from(SNS));
    }

    /// Adds the filter for the bodies that contain the event of another function: an SNS event, a
    /// batch of SQS messages, or the record of a Lambda destination.
    fn add_batches(&mut self) {
        let exists = json!([{"exists": true}]);
        let forms = [
            json!({"Records": {"Sns": {"Message": exists}}}),
            json!({"Records": {"body": exists}}),
            json!({"requestContext": {"condition": exists}}),
        ];

        self.patterns.push(json!({"body": {"$or": forms}}));
    }

    /// Adds a filter on the body. One that is too long for Lambda gives way to the wider one.
    fn add(&mut self, body: Value, wider: Value, form: &str) {
        let pattern = json!({ "body": body });
        if pattern.to_string().chars().count() <= MAX_PATTERN_LEN {
            self.patterns.push(pattern);
            return;
        }

        self.fit = Fit::Wider;
        self.patterns.push(json!({ "body": wider }));
        self.warnings.push(Warning::new(format!(
            "the routes need a filter of more than {MAX_PATTERN_LEN} characters, which Lambda \
             rejects, so every {form} passes"
        )));
    }

    /// Whether the criteria let through exactly the messages that a route takes.
    ///
    /// That is about bodies that Lambda can look into, S3's notifications with one record and
    /// EventBridge events. If `false`, more of them pass. Bodies with the notification in a text,
    /// such as those of SNS, always pass.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Manifest, Route, Routes};
    ///
    /// let route = Route::new(EventPattern::from_static("ObjectCreated:*"));
    /// let jpg_in_folder = route.clone().with_prefix("in/").with_suffix(".jpg");
    /// let routes = |route| Routes::new(()).on_fn(route, || async { Ok::<_, std::io::Error>(()) });
    ///
    /// assert!(Manifest::new(&routes(route)).filter_criteria()?.is_exact());
    /// // Lambda cannot combine a prefix and a suffix of one field.
    /// assert!(!Manifest::new(&routes(jpg_in_folder)).filter_criteria()?.is_exact());
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.fit.is_exact()
    }

    /// Whether it is exact, but perhaps for keys that are a whole prefix: `photos/`, for a route
    /// with the key `photos/{file*}`.
    #[doc(hidden)]
    #[must_use]
    pub fn is_close(&self) -> bool {
        self.fit.is_close()
    }

    /// What Lambda deletes, and what passes unseen.
    ///
    /// Empty only if the routes take everything, because then there is no filter.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{Manifest, Routes};
    ///
    /// let routes = Routes::new(()).on_fn("ObjectTagging:Put", || async {
    ///     Ok::<_, std::io::Error>(())
    /// });
    ///
    /// let criteria = Manifest::new(&routes).filter_criteria()?;
    /// let warnings: Vec<_> = criteria.warnings().iter().map(ToString::to_string).collect();
    /// assert!(warnings[0].starts_with("Lambda deletes every message"));
    /// assert!(warnings[1].contains("raw message delivery"));
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

const DELETION: &str = "Lambda deletes every message that no filter matches; a body must be S3's \
                        notification, an EventBridge event, or the JSON of SNS or Lambda around \
                        one";

const SNS: &str = "Lambda cannot look into the notification in SNS's JSON, so every such message \
                   passes; turn on raw message delivery of the subscription, or give it a filter \
                   policy";

impl Serialize for FilterCriteria {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.patterns.is_empty() {
            return serializer.serialize_none();
        }

        let filters: Vec<_> = self
            .patterns
            .iter()
            .map(|pattern| json!({"Pattern": pattern.to_string()}))
            .collect();

        json!({ "Filters": filters }).serialize(serializer)
    }
}
