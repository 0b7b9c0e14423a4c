//! Warnings about routes and filters.

use std::fmt;

use crate::event::nearest_pattern;
use crate::routing::Selection;
use crate::{EventName, EventPattern, Route};

/// A likely mistake, in one sentence: something that works, but is probably not intended.
///
/// `Display` writes the sentence, in lower case and without a full stop. A test of a program's
/// routes can compare it:
///
/// ```
/// use s3_dispatch_core::{Manifest, Routes};
///
/// let routes = Routes::new(()).on_fn("ObjectCreated:Copy", || async {
///     Ok::<_, std::io::Error>(())
/// });
/// assert_eq!(
///     Manifest::new(&routes).warnings()[0].to_string(),
///     "`ObjectCreated:Copy` without `ObjectCreated:CompleteMultipartUpload` misses every \
///      large copy"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Warning {
    text: String,
    is_minor: bool,
}

impl Warning {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            is_minor: false,
        }
    }

    /// A warning about something so small that a program need not print it.
    pub(crate) fn minor(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            is_minor: true,
        }
    }

    #[doc(hidden)]
    #[must_use]
    pub fn is_minor(&self) -> bool {
        self.is_minor
    }
}

impl From<&str> for Warning {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// All warnings about the routes.
pub(super) fn of_routes(routes: &[Route]) -> Vec<Warning> {
    let mut warnings = unknown_events(routes);
    warnings.extend(GAPS.iter().filter_map(|gap| gap.warning(routes)));
    warnings.extend(
        OF_ONE_VERSION
            .iter()
            .filter_map(|name| of_one_version(name, routes)),
    );

    for (index, route) in routes.iter().enumerate() {
        if is_unreachable(routes, index) {
            warnings.push(Warning::new(format!(
                "no event reaches {route}, because more specific routes take all of its events"
            )));
        }

        for other in &routes[index + 1..] {
            if route.crosses(other) {
                warnings.push(Warning::new(format!(
                    "some keys match both {route} and {other}"
                )));
            }
        }
    }

    warnings
}

/// The patterns that match no known event, and are probably misspelt.
pub(super) fn unknown_events(routes: &[Route]) -> Vec<Warning> {
    let patterns = routes
        .iter()
        .flat_map(|route| route.patterns().iter().map(move |pattern| (route, pattern)));

    patterns
        .filter(|(_, pattern)| !pattern.is_known())
        .map(|(route, pattern)| {
            let mut text = format!("unknown event `{pattern}` in {route}");
            if let Some(nearest) = nearest_pattern(&pattern.to_string()) {
                text.push_str(&format!("; did you mean `{nearest}`?"));
            }

            Warning::new(text)
        })
        .collect()
}

/// Two events that mean much the same, so that who takes one most likely wants the other.
struct Gap {
    taken: EventName,
    missing: EventName,
    /// The pattern that closes the gap.
    remedy: &'static str,
    /// What a program does not see without it.
    misses: &'static str,
}

/// - `ObjectCreated:CompleteMultipartUpload` includes large copies (UploadPartCopy), and every
///   upload above the threshold of the CLI and the SDKs.
/// - In a versioned bucket, a deletion without a version id puts a delete marker on the object.
/// - A lifecycle rule deletes objects without an `ObjectRemoved` event.
const GAPS: [Gap; 5] = [
    Gap {
        taken: EventName::OBJECT_CREATED_PUT,
        missing: EventName::OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD,
        remedy: "ObjectCreated:CompleteMultipartUpload",
        misses: "large upload",
    },
    Gap {
        taken: EventName::OBJECT_CREATED_COPY,
        missing: EventName::OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD,
        remedy: "ObjectCreated:CompleteMultipartUpload",
        misses: "large copy",
    },
    Gap {
        taken: EventName::OBJECT_REMOVED_DELETE,
        missing: EventName::OBJECT_REMOVED_DELETE_MARKER_CREATED,
        remedy: "ObjectRemoved:DeleteMarkerCreated",
        misses: "deletion that hides an object in a versioned bucket",
    },
    Gap {
        taken: EventName::OBJECT_REMOVED_DELETE,
        missing: EventName::LIFECYCLE_EXPIRATION_DELETE,
        remedy: "LifecycleExpiration:*",
        misses: "deletion by a lifecycle rule",
    },
    Gap {
        taken: EventName::LIFECYCLE_EXPIRATION_DELETE,
        missing: EventName::LIFECYCLE_EXPIRATION_DELETE_MARKER_CREATED,
        remedy: "LifecycleExpiration:DeleteMarkerCreated",
        misses: "expiration that hides an object in a versioned bucket",
    },
];

impl Gap {
    /// The warning about the first route that has this gap.
    fn warning(&self, routes: &[Route]) -> Option<Warning> {
        let takes = |route: &Route, name: &EventName| route.best_pattern(name).is_some();
        let is_closed_for = |route: &Route| {
            routes
                .iter()
                .any(|other| takes(other, &self.missing) && other.filters_cover(route))
        };

        let route = routes
            .iter()
            .find(|route| takes(route, &self.taken) && !is_closed_for(route))?;

        let Self {
            taken,
            remedy,
            misses,
            ..
        } = self;
        let mut text = format!("`{taken}` without `{remedy}` misses every {misses}");

        if routes.iter().any(|route| takes(route, &self.missing)) {
            text.push_str(&format!(" of {route}"));
        }

        Some(Warning::new(text))
    }
}

/// The events that may be about one version, although their names speak of the object.
const OF_ONE_VERSION: [EventName; 2] = [
    EventName::OBJECT_REMOVED_DELETE,
    EventName::LIFECYCLE_EXPIRATION_DELETE,
];

/// The warning about the routes that take this event, except those that take everything, and those
/// whose handlers distinguish versions.
fn of_one_version(name: &EventName, routes: &[Route]) -> Option<Warning> {
    let takes = |route: &&Route| {
        let mut patterns = route.patterns().iter();
        !route.distinguishes_versions()
            && patterns.any(|pattern| *pattern != EventPattern::ANY && pattern.matches(name))
    };

    let takers: Vec<_> = routes.iter().filter(takes).map(Route::to_string).collect();

    (!takers.is_empty()).then(|| {
        Warning::new(format!(
            "`{name}` with a version id does not mean that the object is gone; `Removal` tells \
             what it means, and `Current` what is at the key now, in {}",
            takers.join(", ")
        ))
    })
}

/// Whether every known event of a route goes to a more specific route whose filters are not
/// narrower.
fn is_unreachable(routes: &[Route], index: usize) -> bool {
    let route = &routes[index];
    let selections = route.selections();
    let others: Vec<_> = routes
        .iter()
        .enumerate()
        .filter(|(other, _)| *other != index)
        .map(|(_, other)| (other, other.selections()))
        .collect();

    let is_taken = |own: &Selection, name: &EventName| {
        let rank = route
            .best_pattern(name)
            .map(|best| route.specificity(best, own));
        others.iter().any(|(other, theirs)| {
            let best = other.best_pattern(name);
            other.bucket_covers(route)
                && theirs.iter().any(|their| {
                    best.map(|best| other.specificity(best, their)) > rank && their.covers(own)
                })
        })
    };

    let mut events = EventName::KNOWN
        .iter()
        .filter(|name| route.best_pattern(name).is_some())
        .peekable();

    events.peek().is_some() && events.all(|name| selections.iter().all(|own| is_taken(own, name)))
}
