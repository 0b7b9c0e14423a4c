//! Says which options of the routes a filter cannot express.

use s3_dispatch_core::__private::inexpressible_options;
use s3_dispatch_core::Manifest;
use s3_dispatch_core::manifest::Warning;

/// Whether the filter of a service can join conditions: a prefix with a suffix, and an event with a
/// key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joined {
    Never,
    InEventBridge,
}

/// The warning about a filter that lets more through than the routes take. `is_close` says that
/// there is nothing to warn about.
pub(super) fn wider_than_routes(
    manifest: &Manifest,
    is_close: bool,
    joined: Joined,
) -> Option<Warning> {
    if is_close {
        return None;
    }

    let routes = manifest.routes();
    let mut causes: Vec<_> = routes
        .iter()
        .filter_map(|route| {
            let options = inexpressible_options(route, joined == Joined::InEventBridge);
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
