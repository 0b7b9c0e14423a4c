//! Warnings about routes and filters.

use std::fmt;

use crate::{EventName, Route};

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

/// Finds routes that miss large files.
///
/// `ObjectCreated:CompleteMultipartUpload` includes large copies (UploadPartCopy), and every upload
/// above the threshold of the CLI and the SDKs.
fn missing_multipart_uploads(routes: &[Route]) -> Vec<Warning> {
    let multipart = EventName::OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD;
    let takes = |route: &Route, name: &EventName| route.best_pattern(name).is_some();
    let takes_some_multiparts = routes.iter().any(|route| takes(route, &multipart));

    let misses_multiparts = |route: &Route| {
        !routes
            .iter()
            .any(|other| takes(other, &multipart) && other.filters_cover(route))
    };

    let mut warnings = Vec::new();
    for (name, what) in [
        (EventName::OBJECT_CREATED_PUT, "upload"),
        (EventName::OBJECT_CREATED_COPY, "copy"),
    ] {
        let route = routes
            .iter()
            .find(|route| takes(route, &name) && misses_multiparts(route));
        let Some(route) = route else {
            continue;
        };

        let mut text = format!("`{name}` without `{multipart}` misses every large {what}");
        if takes_some_multiparts {
            text.push_str(&format!(" of {route}"));
        }

        warnings.push(Warning::new(text));
    }

    warnings
}

/// Whether every known event of a route goes to a more specific route whose filters are not
/// narrower.
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
