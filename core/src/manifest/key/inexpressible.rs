//! The options of a route about which filters can say nothing, or not together.

use crate::Route;
use crate::routing::{BeyondEnds, KeyPattern, Selection};

/// The options of a route that make a filter wider than the route, as a message names them.
///
/// `joins_ends` says whether the service can join a prefix and a suffix. An option that changes
/// nothing for this route is not among them.
#[must_use]
pub fn inexpressible_options(route: &Route, joins_ends: bool) -> Vec<&'static str> {
    let selections = route.selections();
    let some = |has: fn(&Selection) -> bool| selections.iter().any(has);
    let both_ends = match route.prefixes().is_empty() {
        true => "`suffix` with `key`",
        false => "`suffix` with `prefix`",
    };

    let options = [
        ("`key`", some(has_form)),
        (both_ends, !joins_ends && some(has_both_ends)),
        ("`ignore_suffix_case`", some(Selection::ignores_case)),
        ("`no_folders`", some(Selection::leaves_folders_out)),
    ];

    let used = options.into_iter().filter(|(_, is_used)| *is_used);
    used.map(|(option, _)| option).collect()
}

/// Whether keys must have a form that is neither one key nor a prefix and a suffix.
fn has_form(selection: &Selection) -> bool {
    let is_one_key = selection
        .pattern()
        .map(KeyPattern::parts)
        .is_some_and(<[_]>::is_empty);

    selection.beyond_ends() == BeyondEnds::Form && !is_one_key
}

fn has_both_ends(selection: &Selection) -> bool {
    selection.beyond_ends() != BeyondEnds::Form
        && !selection.prefix().is_empty()
        && !selection.suffix().is_empty()
}
