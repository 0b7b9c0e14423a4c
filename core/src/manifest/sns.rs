//! The filter policy of an SNS subscription.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::conditions::{self, Conditions, no_routes, to_json};
use super::key::conditions::{KeyOperators, MOST_STARS, stars_of_complex_wildcards};
use super::key::fit::Fit;
use crate::{Error, ErrorKind, Route};

/// The filter policy of a subscription to an SNS topic, for the scope `MessageBody`.
///
/// It serializes to the policy's JSON, or to `null` if the routes take everything:
///
/// ```json
/// {"Records": {"eventName": ["ObjectCreated:Put", {"prefix": "ObjectRemoved:"}],
///              "s3": {"object": {"key": [{"prefix": "in/"}]}}}}
/// ```
///
/// # Guarantees
///
/// The policy lets through every message that a route takes. It may let through more:
///
/// - SNS checks each field on its own ("Amazon SNS message filtering", Amazon SNS Developer Guide,
///   2026), so an event name of one route and a key of another pass together.
/// - A prefix and a suffix of a route give the prefix. SNS does not ignore the case of a suffix, so
///   such a suffix gives no condition.
/// - A pattern of keys becomes a wildcard, `{"wildcard": "tenants/*/photos/*.jpg"}`, in which `*`
///   stands for any text, with `/` or empty. A wildcard has at most three `*`. If a policy would
///   have too many, the patterns give prefixes.
/// - A message with several records passes if one of them matches.
///
/// [`is_exact`](Self::is_exact) says whether it does. SNS sees keys as S3 sends them, so the policy
/// spells prefixes and suffixes form-encoded. A changed policy takes up to 15 minutes to take
/// effect. Test notifications do not match.
#[derive(Debug, Clone, PartialEq)]
pub struct FilterPolicy {
    policy: Option<Value>,
    fit: Fit,
}

/// The limit on the number of combinations: the product, over all keys of the policy, of the number
/// of values times the depth of the key ("Filter policy constraints in Amazon SNS", Amazon SNS
/// Developer Guide, 2026).
const MAX_COMBINATIONS: usize = 150;

/// The most `*` in wildcards with several of them, over the whole policy. SNS limits how complex
/// wildcards may be together, so a policy stays far below that.
const MAX_STARS: usize = 30;

impl FilterPolicy {
    pub(crate) fn new(routes: &[Route]) -> Result<Self, Error> {
        let mut fields = FieldConditions::new(routes, KeyOperators::sns(MOST_STARS))?;
        for most_stars in [1, 0] {
            if fields.combinations() > MAX_COMBINATIONS || fields.stars() > MAX_STARS {
                fields = FieldConditions::new(routes, KeyOperators::sns(most_stars))?;
            }
        }

        let combinations = fields.combinations();
        if combinations > MAX_COMBINATIONS {
            return Err(too_many_combinations(combinations, routes));
        }

        Ok(Self {
            policy: fields.to_json(),
            fit: fields.fit,
        })
    }

    /// Whether the policy lets through exactly the messages that a route takes.
    ///
    /// This applies to messages with one record, as S3 sends them. If `false`, the policy lets
    /// through more.
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
    /// assert!(Manifest::new(&routes(route)).filter_policy()?.is_exact());
    /// // SNS cannot combine a prefix and a suffix of one field.
    /// assert!(!Manifest::new(&routes(jpg_in_folder)).filter_policy()?.is_exact());
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

    /// Whether the subscription needs no policy, because the routes take everything.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{Manifest, Routes};
    ///
    /// let routes = Routes::new(()).on_fn("*", || async { Ok::<_, std::io::Error>(()) });
    /// assert!(Manifest::new(&routes).filter_policy()?.is_unnecessary());
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    #[must_use]
    pub fn is_unnecessary(&self) -> bool {
        self.policy.is_none()
    }
}

fn too_many_combinations(combinations: usize, routes: &[Route]) -> Error {
    let routes: Vec<_> = routes.iter().map(ToString::to_string).collect();
    let message = format!(
        "the filter policy would have {combinations} combinations, but SNS allows \
         {MAX_COMBINATIONS}, for {}; name categories instead of single events, or give some \
         routes their own queue",
        routes.join(", ")
    );

    Error::new(ErrorKind::Unexpressible, message)
}

impl Serialize for FilterPolicy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.policy.serialize(serializer)
    }
}

/// The conditions on the fields of a notification.
pub(super) struct FieldConditions {
    event_names: Conditions,
    buckets: Conditions,
    keys: Conditions,
    pub(super) fit: Fit,
}

impl FieldConditions {
    pub(super) fn new(routes: &[Route], operators: KeyOperators) -> Result<Self, Error> {
        if routes.is_empty() {
            return Err(no_routes());
        }

        let (keys, fit_of_keys) = operators.of_routes(routes);
        let fit = match conditions::only_one_field_varies(routes) {
            true => fit_of_keys,
            false => Fit::Wider,
        };

        Ok(Self {
            event_names: conditions::of_event_names(routes),
            buckets: conditions::of_buckets(routes),
            keys,
            fit,
        })
    }

    fn stars(&self) -> usize {
        self.keys
            .as_ref()
            .map_or(0, |keys| stars_of_complex_wildcards(keys))
    }

    fn combinations(&self) -> usize {
        let fields_and_depths = [(&self.event_names, 2), (&self.buckets, 4), (&self.keys, 4)];
        fields_and_depths
            .into_iter()
            .filter_map(|(conditions, depth)| Some(conditions.as_ref()?.len() * depth))
            .fold(1, usize::saturating_mul)
    }

    /// `None` if no field has a condition.
    pub(super) fn to_json(&self) -> Option<Value> {
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
