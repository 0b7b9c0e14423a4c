//! The event pattern of an EventBridge rule.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::conditions::{self, Conditions, no_routes, to_json};
use super::eventbridge_events::{EventCondition, Reason, group_by_detail_type};
use super::key::conditions::{KeyOperators, MOST_STARS, stars_of_complex_wildcards};
use super::key::fit::Fit;
use super::warnings::Warning;
use crate::{Error, ErrorKind, EventName, Route};

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
/// A prefix and a suffix become one wildcard, `{"wildcard": "in/*.jpg"}`. If they may overlap in a
/// short key, as `ab` and `ba` do in `aba`, the pattern has only the prefix. A pattern of keys
/// becomes a wildcard too, in which `*` stands for any text, with `/` or empty. EventBridge rejects
/// rules with too complex wildcards and does not say where the limit is, so a wildcard has at most
/// three `*`, and one if routes would have more than six together. A suffix in any case is a
/// `suffix` with `equals-ignore-case`, or is left out beside a prefix.
///
/// The pattern lets through every event that a route takes and EventBridge sends.
/// [`is_exact`](Self::is_exact) says whether it lets through more.
#[derive(Debug, Clone, PartialEq)]
pub struct EventBridgePattern {
    pattern: Value,
    fit: Fit,
    warnings: Vec<Warning>,
}

impl EventBridgePattern {
    pub(crate) fn new(routes: &[Route]) -> Result<Self, Error> {
        Self::in_place(routes, Place::Rule)
    }

    /// The pattern for an event in the body of an SQS message.
    pub(super) fn in_body(routes: &[Route]) -> Result<Self, Error> {
        Self::in_place(routes, Place::Body)
    }

    fn in_place(routes: &[Route], place: Place) -> Result<Self, Error> {
        if routes.is_empty() {
            return Err(no_routes());
        }

        let mut warnings = Vec::new();
        let mut alternatives = Vec::new();
        let mut fit = Fit::Exact;

        let operators = place.operators(routes);

        for route in routes {
            if route.skips_own_writes() {
                warnings.push(Warning::new(format!(
                    "`{}` skips own writes, but EventBridge does not say who wrote: it may invoke \
                     itself without end",
                    route.name()
                )));
            }

            let (keys, fit_of_keys) = operators.of_routes(std::slice::from_ref(route));
            let buckets = conditions::of_buckets(std::slice::from_ref(route));
            fit = fit.max(fit_of_keys);

            match EventCondition::of_route(route, &mut warnings) {
                Some(events) => {
                    for (detail_type, events) in group_by_detail_type(&events) {
                        let detail_types = place.detail_types(Some(detail_type));
                        alternatives.push(alternative(detail_types, &events, &buckets, &keys));
                    }
                }
                None => {
                    let detail_types = place.detail_types(None);
                    alternatives.push(alternative(detail_types, &[], &buckets, &keys));
                }
            }

            if place == Place::Body && names_creations_without_an_action(route) {
                let detail_types = json!([{"exists": false}]);
                alternatives.push(alternative(detail_types, &[], &buckets, &keys));
            }
        }

        Ok(Self {
            pattern: combine(alternatives)?,
            fit,
            warnings,
        })
    }

    /// Whether the pattern lets through exactly the events that a route takes. If `false`, it lets
    /// through more.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Manifest, Route, Routes};
    ///
    /// let routes = |prefix: &'static str, suffix: &'static str| {
    ///     let route = Route::new(EventPattern::from_static("ObjectAcl:Put"))
    ///         .with_prefix(prefix)
    ///         .with_suffix(suffix);
    ///     Routes::new(()).on_fn(route, || async { Ok::<_, std::io::Error>(()) })
    /// };
    ///
    /// let pattern = Manifest::new(&routes("in/", ".jpg")).eventbridge_pattern()?;
    /// assert!(pattern.is_exact());
    /// // In the key `aba` the prefix and the suffix overlap.
    /// let pattern = Manifest::new(&routes("ab", "ba")).eventbridge_pattern()?;
    /// assert!(!pattern.is_exact());
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

    pub(super) fn fit(&self) -> Fit {
        self.fit
    }

    /// The warnings about routes with events that EventBridge does not send, and about those that
    /// [skip own writes](Route::skip_own_writes), which cannot be told from others there.
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

/// Where a pattern is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In a rule, which sees every event of the bus.
    Rule,
    /// In an event source mapping, which sees the bodies of a queue. Its filters have no
    /// `wildcard`.
    Body,
}

/// The most `*` in wildcards with several of them, over the whole rule.
const MAX_STARS: usize = 6;

impl Place {
    /// What a pattern here can say about keys.
    fn operators(self, routes: &[Route]) -> KeyOperators {
        if self == Self::Body {
            return KeyOperators::lambda(false);
        }

        let operators = KeyOperators::eventbridge(MOST_STARS);
        let stars = routes.iter().map(|route| {
            let (keys, _) = operators.of_routes(std::slice::from_ref(route));
            keys.map_or(0, |keys| stars_of_complex_wildcards(&keys))
        });

        if stars.sum::<usize>() > MAX_STARS {
            KeyOperators::eventbridge(1)
        } else {
            operators
        }
    }

    /// The conditions on the detail type. `None` stands for every event about an object.
    fn detail_types(self, detail_type: Option<&str>) -> Value {
        // S3's source also has events that are not about objects, such as the calls that CloudTrail
        // records.
        let condition = match detail_type {
            Some(detail_type) => json!(detail_type),
            None => json!({ "prefix": "Object " }),
        };

        match (self, detail_type) {
            // Amazon Security Lake announces new objects to its subscribers without a detail type
            // ("Sample object notification message", Amazon Security Lake User Guide, 2026).
            (Self::Body, None | Some("Object Created")) => json!([condition, {"exists": false}]),
            _ => json!([condition]),
        }
    }
}

/// Whether a route asks for the name that a creation without a reason gets.
fn names_creations_without_an_action(route: &Route) -> bool {
    let name = EventName::parse("ObjectCreated");
    route
        .patterns()
        .iter()
        .any(|pattern| pattern.as_name() == Some(&name))
}

/// The pattern of one group of events, without the source.
fn alternative(
    detail_types: Value,
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

    let mut pattern = Map::from_iter([("detail-type".to_owned(), detail_types)]);
    if !detail.is_empty() {
        pattern.insert("detail".to_owned(), Value::Object(detail));
    }

    pattern
}

/// Puts the alternatives into one pattern, and adds the source.
fn combine(mut alternatives: Vec<Map<String, Value>>) -> Result<Value, Error> {
    // An alternative that takes everything makes the others redundant.
    let everything = alternative(Place::Rule.detail_types(None), &[], &None, &None);
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
