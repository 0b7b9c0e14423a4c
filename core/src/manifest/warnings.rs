//! What a careful colleague would say of the routes.

use std::fmt;

use crate::{EventName, Route};

/// Something that works and is probably not meant, in one sentence.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Warning(String);

impl Warning {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl From<&str> for Warning {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// All warnings about the routes.
pub(super) fn of_routes(routes: &[Route]) -> Vec<Warning> {
    let mut warnings = missing_multipart_uploads(routes);
    for (index, route) in routes.iter().enumerate() {
        if is_unreachable(routes, index) {
            warnings.push(Warning::new(format!(
                "no event reaches {route}: more specific routes take them all"
            )));
        }

        for other in &routes[index + 1..] {
            if route.crosses(other) {
                warnings.push(Warning::new(format!(
                    "some keys belong to both {route} and {other}"
                )));
            }
        }
    }

    warnings
}

/// `ObjectCreated:CompleteMultipartUpload` includes large copies (UploadPartCopy), and every
/// upload above the threshold of the CLI and the SDKs.
fn missing_multipart_uploads(routes: &[Route]) -> Vec<Warning> {
    let multipart = EventName::OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD;
    let takes = |route: &Route, name: &EventName| route.best_pattern(name).is_some();

    let missed = |route: &Route| {
        !routes
            .iter()
            .any(|other| takes(other, &multipart) && other.filters_cover(route))
    };

    let whats = [
        (EventName::OBJECT_CREATED_PUT, "upload"),
        (EventName::OBJECT_CREATED_COPY, "copy"),
    ];
    let mut warnings = Vec::new();

    for (name, what) in whats {
        let Some(route) = routes
            .iter()
            .find(|route| takes(route, &name) && missed(route))
        else {
            continue;
        };

        // Where some are taken, the route tells which are not.
        let some = routes.iter().any(|route| takes(route, &multipart));

        let of = if some {
            format!(" of {route}")
        } else {
            String::new()
        };

        warnings.push(Warning::new(format!(
            "`{name}` without `{multipart}` misses every large {what}{of}"
        )));
    }

    warnings
}

/// Whether every known event of a route belongs to another one that is more specific and not
/// narrower in its filters.
fn is_unreachable(routes: &[Route], index: usize) -> bool {
    let route = &routes[index];
    let mut events = EventName::KNOWN
        .iter()
        .filter(|name| route.best_pattern(name).is_some())
        .peekable();
    let takes_from = |other: &Route, name: &EventName| {
        let (own, others) = (route.best_pattern(name), other.best_pattern(name));
        others.zip(own).is_some_and(|(others, own)| others > own) && other.filters_cover(route)
    };

    events.peek().is_some()
        && events.all(|name| {
            let mut others = routes
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != index);
            others.any(|(_, other)| takes_from(other, name))
        })
}
