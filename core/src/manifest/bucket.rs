//! The events that a bucket must publish.

use serde::Serialize;

use super::conditions::no_routes;
use super::event_types;
use super::key::spelling::{KeyPart, as_filter_rule};
use super::warnings::Warning;
use crate::routing::{BeyondEnds, Selection};
use crate::{Error, EventPattern, Route};

/// The notification configuration of a bucket, without its destination.
///
/// It serializes to a list with an entry for each pair of prefix and suffix, also if they come from
/// one route with lists:
///
/// ```json
/// [{"Events": ["s3:ObjectCreated:Put"],
///   "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}}}]
/// ```
///
/// S3 rejects two configurations that share an event type and overlap in prefix and suffix
/// ("Configuring event notifications using object key name filtering", Amazon S3 User Guide, 2026).
/// If routes overlap, there is one entry for all of them without filters, and a
/// [warning](Self::warnings). The buckets that routes name are ignored, since the configuration
/// belongs to one bucket.
///
/// A filter spells a space as `+` and other special characters percent-encoded, as S3 wants:
/// `lake/dt%3D2026-05-04/`. How it compares `*`, `~`, `!`, `'`, `(` and `)` is not documented, so a
/// prefix ends before the first of them, a suffix starts after the last, and there is a warning.
///
/// There is also a warning for what S3's filters cannot say: a pattern of keys gives the text
/// before its first and behind its last part, a suffix in any case gives none, and folders are
/// published.
/// More than 100 entries, which S3 does not allow, become one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct BucketNotification {
    configurations: Vec<Configuration>,
    #[serde(skip)]
    warnings: Vec<Warning>,
}

/// The most event notifications of a bucket ("Event notifications", Amazon S3 quotas, 2026).
const MAX_CONFIGURATIONS: usize = 100;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Configuration {
    events: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<Filter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    key: KeyFilter,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct KeyFilter {
    filter_rules: Vec<FilterRule>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct FilterRule {
    name: &'static str,
    value: String,
}

impl BucketNotification {
    pub(crate) fn new(routes: &[Route]) -> Result<Self, Error> {
        if routes.is_empty() {
            return Err(no_routes());
        }

        let groups = group_by_filter(routes);
        let too_many = (groups.len() > MAX_CONFIGURATIONS).then(too_many_warning);
        let overlap = || first_overlap(&groups).map(|(left, right)| overlap_warning(left, right));

        Ok(match too_many.or_else(overlap) {
            Some(warning) => Self {
                configurations: vec![RouteGroup::merge(groups).into_configuration()],
                warnings: vec![warning],
            },
            None => Self {
                configurations: groups
                    .into_iter()
                    .map(RouteGroup::into_configuration)
                    .collect(),
                warnings: routes.iter().flat_map(widening_warnings).collect(),
            },
        })
    }

    /// All event types without duplicates, as bucket configuration spells them:
    /// `s3:ObjectCreated:*`.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{Manifest, Routes};
    ///
    /// let routes = Routes::new(())
    ///     .on_fn("ObjectCreated:*", || async { Ok::<_, std::io::Error>(()) })
    ///     .on_fn("LifecycleTransition", || async { Ok::<_, std::io::Error>(()) });
    ///
    /// let notification = Manifest::new(&routes).bucket_notification()?;
    /// let events: Vec<_> = notification.events().collect();
    /// assert_eq!(events, ["s3:ObjectCreated:*", "s3:LifecycleTransition"]);
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    pub fn events(&self) -> impl Iterator<Item = &str> {
        let mut seen = Vec::new();
        let events = self
            .configurations
            .iter()
            .flat_map(|configuration| &configuration.events);
        events.map(String::as_str).filter(move |event| {
            let is_new = !seen.contains(event);
            seen.push(*event);
            is_new
        })
    }

    /// Where the configuration is wider than the routes, and why.
    ///
    /// Empty unless routes overlap, or a prefix or suffix has a character that a filter may not
    /// have.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{EventPattern, Manifest, Route, Routes};
    ///
    /// let put = || Route::new(EventPattern::from_static("ObjectCreated:Put"));
    /// let routes = Routes::new(())
    ///     .on_fn(put().with_prefix("in/"), || async { Ok::<_, std::io::Error>(()) })
    ///     .on_fn(put().with_suffix(".jpg"), || async { Ok::<_, std::io::Error>(()) });
    ///
    /// let notification = Manifest::new(&routes).bucket_notification()?;
    /// assert_eq!(notification.warnings().len(), 1);
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

/// The routes that share a prefix and a suffix.
struct RouteGroup {
    prefix: String,
    suffix: String,
    patterns: Vec<EventPattern>,
}

fn group_by_filter(routes: &[Route]) -> Vec<RouteGroup> {
    let mut groups: Vec<RouteGroup> = Vec::new();

    for route in routes {
        for selection in route.selections() {
            let (prefix, _) = as_filter_rule(KeyPart::Prefix(selection.prefix()));
            let (suffix, _) = as_filter_rule(KeyPart::Suffix(exact_suffix(&selection)));
            let known = groups
                .iter_mut()
                .find(|group| group.prefix == prefix && group.suffix == suffix);
            match known {
                Some(group) => group.add(route.patterns()),
                None => groups.push(RouteGroup {
                    prefix,
                    suffix,
                    patterns: route.patterns().to_vec(),
                }),
            }
        }
    }

    groups
}

/// The suffix, as far as S3 can compare it. Its filters do not ignore case.
fn exact_suffix(selection: &Selection) -> &str {
    if selection.ignores_case() {
        ""
    } else {
        selection.suffix()
    }
}

fn first_overlap(groups: &[RouteGroup]) -> Option<(&RouteGroup, &RouteGroup)> {
    let mut pairs = groups
        .iter()
        .enumerate()
        .flat_map(|(index, left)| groups[index + 1..].iter().map(move |right| (left, right)));
    pairs.find(|(left, right)| left.overlaps(right))
}

fn overlap_warning(left: &RouteGroup, right: &RouteGroup) -> Warning {
    Warning::new(format!(
        "S3 rejects overlapping configurations ({} and {}), so the bucket publishes all keys, and \
         the filter policy and the router select",
        left.describe(),
        right.describe()
    ))
}

fn too_many_warning() -> Warning {
    Warning::new(format!(
        "the routes need more than {MAX_CONFIGURATIONS} configurations, which S3 does not allow, \
         so the bucket publishes all keys, and the filter policy and the router select"
    ))
}

/// What the filters for a route let through that the route does not take.
fn widening_warnings(route: &Route) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut add = |warning: Warning| {
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    };

    for selection in route.selections() {
        let parts = [
            ("prefix", KeyPart::Prefix(selection.prefix())),
            ("suffix", KeyPart::Suffix(exact_suffix(&selection))),
        ];

        for (name, part) in parts {
            let (spelled, lost_nothing) = as_filter_rule(part);
            let keys = match spelled.is_empty() {
                true => format!("keys with any {name}"),
                false => format!("all keys with the {name} `{spelled}`"),
            };

            if !lost_nothing {
                add(Warning::new(format!(
                    "AWS does not say how S3's filters compare `*`, `~`, `!`, `'`, `(` and `)`, so \
                     the bucket publishes {keys} for {route}"
                )));
            }
        }

        match selection.beyond_ends() {
            BeyondEnds::Nothing => {}
            BeyondEnds::MoreThanThePrefix => add(Warning::minor(format!(
                "S3's filters cannot leave out the key `{}`, so the bucket publishes it too for \
                 {route}",
                selection.prefix()
            ))),
            BeyondEnds::Form => add(Warning::new(format!(
                "S3's filters have no patterns of keys, so the bucket publishes all keys with the \
                 same start and end for {route}"
            ))),
        }

        if selection.ignores_case() {
            add(Warning::new(format!(
                "S3's filters do not ignore case, so the bucket publishes keys with any suffix for \
                 {route}"
            )));
        }

        if selection.leaves_folders_out() {
            add(Warning::new(format!(
                "S3's filters do not compare sizes, so the bucket publishes folders too for {route}"
            )));
        }
    }

    warnings
}

impl RouteGroup {
    fn add(&mut self, patterns: &[EventPattern]) {
        for pattern in patterns {
            if !self.patterns.contains(pattern) {
                self.patterns.push(pattern.clone());
            }
        }
    }

    /// One group for all patterns, without filters.
    fn merge(groups: Vec<Self>) -> Self {
        let patterns = groups.into_iter().flat_map(|group| group.patterns);

        Self {
            prefix: String::new(),
            suffix: String::new(),
            patterns: patterns.collect(),
        }
    }

    fn overlaps(&self, other: &Self) -> bool {
        let events = self.patterns.iter().any(|left| {
            other
                .patterns
                .iter()
                .any(|right| left.covers(right) || right.covers(left))
        });
        let prefixes =
            self.prefix.starts_with(&other.prefix) || other.prefix.starts_with(&self.prefix);
        let suffixes = self.suffix.ends_with(&other.suffix) || other.suffix.ends_with(&self.suffix);

        events && prefixes && suffixes
    }

    fn describe(&self) -> String {
        format!("prefix `{}` suffix `{}`", self.prefix, self.suffix)
    }

    fn into_configuration(self) -> Configuration {
        let rules = [("prefix", self.prefix), ("suffix", self.suffix)];
        let filter_rules: Vec<_> = rules
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| FilterRule { name, value })
            .collect();

        let filter = (!filter_rules.is_empty()).then_some(Filter {
            key: KeyFilter { filter_rules },
        });

        Configuration {
            events: event_types::of_patterns(&self.patterns),
            filter,
        }
    }
}
