//! Says which options of the routes a filter cannot express.

use s3_dispatch_core::manifest::Warning;
use s3_dispatch_core::{Manifest, Route};

/// Whether the filter of a service can join conditions: a prefix with a suffix, and an event with a
/// key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joined {
    Never,
    InEventBridge,
}

/// The warning about a filter that lets more through than the routes take.
pub(super) fn wider_than_routes(
    manifest: &Manifest,
    is_exact: bool,
    joined: Joined,
) -> Option<Warning> {
    if is_exact {
        return None;
    }

    let routes = manifest.routes();
    let mut causes: Vec<_> = routes
        .iter()
        .filter_map(|route| {
            let options = inexpressible(route, joined);
            let options = (!options.is_empty()).then(|| options.join(" and "))?;
            Some(format!("{options} of `{}`", route.name()))
        })
        .collect();
    if causes.is_empty() {
        // A pattern of EventBridge has alternatives, so only the other filters take routes apart.
        let is_apart = routes.len() > 1 && joined == Joined::Never;
        causes.push(String::from(if is_apart {
            "which event, bucket and key go together"
        } else {
            "a prefix or suffix as it is"
        }));
    }

    Some(Warning::from(&*format!(
        "the filter lets more through than the routes handle, because it cannot express {}; no \
         event is lost, and the program skips those that no route takes",
        causes.join(", ")
    )))
}

/// The options of a route that no filter, or not this one, can express.
fn inexpressible(route: &Route, joined: Joined) -> Vec<&'static str> {
    let has_both = !route.prefixes().is_empty() && !route.suffixes().is_empty();
    let options = [
        ("`key`", route.key().is_some()),
        (
            "`suffix` with `prefix`",
            has_both && joined == Joined::Never,
        ),
        ("`ignore_suffix_case`", route.ignores_suffix_case()),
        ("`no_folders`", route.has_no_folders()),
    ];

    let used = options.into_iter().filter(|(_, is_used)| *is_used);
    used.map(|(option, _)| option).collect()
}
