//! What a bucket must publish.

use serde::Serialize;

use super::conditions::no_routes;
use super::key_spelling::{KeyPart, as_plain};
use crate::{Error, EventName, EventPattern, Route, Warning};

/// The notification configuration of a bucket, without its destination.
///
/// It serializes to a list: `[{"Events": ["s3:ObjectCreated:Put"], "Filter": {"Key":
/// {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}}}]`, an entry for each pair of prefix and
/// suffix.
///
/// S3 refuses two configurations that share an event type and overlap in prefix and suffix
/// ("Configuring event notifications using object key name filtering", Amazon S3 User Guide, 2026).
/// Then there is one entry for all, without filters, and a [warning](Self::warnings). Buckets that
/// routes name are not looked at: this is about one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct BucketNotification {
    configurations: Vec<Configuration>,
    #[serde(skip)]
    warnings: Vec<Warning>,
}

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

/// The routes of one pair of prefix and suffix.
struct Group {
    prefix: String,
    suffix: String,
    patterns: Vec<EventPattern>,
}

impl BucketNotification {
    pub(crate) fn new(routes: &[Route]) -> Result<Self, Error> {
        if routes.is_empty() {
            return Err(no_routes());
        }

        let mut groups: Vec<Group> = Vec::new();
        for route in routes {
            let (prefix, _) = as_plain(KeyPart::Prefix(route.prefix().unwrap_or_default()));
            let (suffix, _) = as_plain(KeyPart::Suffix(route.suffix().unwrap_or_default()));
            let known = groups
                .iter_mut()
                .find(|group| group.prefix == prefix && group.suffix == suffix);

            match known {
                Some(group) => group.patterns.extend_from_slice(route.patterns()),
                None => groups.push(Group {
                    prefix,
                    suffix,
                    patterns: route.patterns().to_vec(),
                }),
            }
        }

        let overlap = overlap(&groups);
        if let Some((left, right)) = overlap {
            let text = format!(
                "S3 refuses overlapping configurations ({} and {}): the bucket publishes all keys, and the filter policy and \
                 the router choose",
                left.describe(),
                right.describe()
            );

            let patterns = groups
                .into_iter()
                .flat_map(|group| group.patterns)
                .collect();

            let all = Group {
                prefix: String::new(),
                suffix: String::new(),
                patterns,
            };

            return Ok(Self {
                configurations: vec![all.into_configuration()],
                warnings: vec![Warning::new(text)],
            });
        }

        let configurations = groups.into_iter().map(Group::into_configuration).collect();
        Ok(Self {
            configurations,
            warnings: Vec::new(),
        })
    }

    /// All event types, as bucket configuration spells them: `s3:ObjectCreated:*`.
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

    /// What was widened, and why.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

fn overlap(groups: &[Group]) -> Option<(&Group, &Group)> {
    let pairs = groups
        .iter()
        .enumerate()
        .flat_map(|(index, left)| groups[index + 1..].iter().map(move |right| (left, right)));
    pairs.into_iter().find(|(left, right)| left.overlaps(right))
}

impl Group {
    fn overlaps(&self, other: &Self) -> bool {
        let nested = |left: bool, right: bool| left || right;
        let events = self.patterns.iter().any(|left| {
            other
                .patterns
                .iter()
                .any(|right| nested(left.covers(right), right.covers(left)))
        });

        let prefixes = nested(
            self.prefix.starts_with(&other.prefix),
            other.prefix.starts_with(&self.prefix),
        );
        let suffixes = nested(
            self.suffix.ends_with(&other.suffix),
            other.suffix.ends_with(&self.suffix),
        );

        events && prefixes && suffixes
    }

    fn describe(&self) -> String {
        format!("prefix `{}` suffix `{}`", self.prefix, self.suffix)
    }

    fn into_configuration(self) -> Configuration {
        let mut events = Vec::new();
        for pattern in &self.patterns {
            for event in event_types(pattern) {
                let category = event.split_inclusive(':').take(2).collect::<String>() + "*";
                if !events.contains(&event) && !events.contains(&category) {
                    events.retain(|known: &String| !is_in(known, &event));
                    events.push(event);
                }
            }
        }

        let rules = [("prefix", self.prefix), ("suffix", self.suffix)];
        let rules = rules.into_iter().filter(|(_, value)| !value.is_empty());
        let filter_rules: Vec<_> = rules
            .map(|(name, value)| FilterRule { name, value })
            .collect();
        let filter = (!filter_rules.is_empty()).then_some(Filter {
            key: KeyFilter { filter_rules },
        });

        Configuration { events, filter }
    }
}

/// Whether `s3:ObjectCreated:Put` is in `s3:ObjectCreated:*`.
fn is_in(event: &str, category: &str) -> bool {
    category
        .strip_suffix('*')
        .is_some_and(|category| event.starts_with(category))
}

/// S3 has no type for everything, and none `:*` for the categories without actions.
fn event_types(pattern: &EventPattern) -> Vec<String> {
    match (pattern.as_name(), pattern.as_category()) {
        (Some(name), _) => vec![format!("s3:{name}")],
        (None, Some(category)) => vec![category_type(category)],
        (None, None) => {
            let mut types: Vec<String> = Vec::new();
            for name in EventName::KNOWN {
                let category = category_type(name.category());
                if !types.contains(&category) {
                    types.push(category);
                }
            }

            types
        }
    }
}

/// `s3:ObjectCreated:*`; of those that stand alone, or have a single type that S3 names in full,
/// that one.
fn category_type(category: &str) -> String {
    let mut known = EventName::KNOWN
        .iter()
        .filter(|name| name.category() == category);
    match (known.next(), known.next()) {
        (Some(only), None) => format!("s3:{only}"),
        _ => format!("s3:{category}:*"),
    }
}
