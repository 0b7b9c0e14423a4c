//! Handlers that would call each other without end, by what they write and delete.

use std::borrow::Cow;

use super::route::{Place, Route, Selection};
use crate::EventName;

/// The events that follow when a handler writes an object. Browsers alone cause
/// `ObjectCreated:Post`.
pub(crate) const OF_WRITES: [EventName; 3] = [
    EventName::OBJECT_CREATED_PUT,
    EventName::OBJECT_CREATED_COPY,
    EventName::OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD,
];

/// The events that follow when a handler deletes an object.
pub(crate) const OF_DELETES: [EventName; 2] = [
    EventName::OBJECT_REMOVED_DELETE,
    EventName::OBJECT_REMOVED_DELETE_MARKER_CREATED,
];

/// A step of a loop: what a handler does, and the route that takes the event.
struct Step {
    from: usize,
    /// `writes to `thumbnails/``
    what: String,
    to: usize,
}

/// Describes the loop through the last route, if there is one. `selections` are those of each
/// route.
///
/// A route that skips own writes is part of no loop.
pub(super) fn through_last(routes: &[Route], selections: &[Vec<Selection>]) -> Option<String> {
    let last = routes.len().checked_sub(1)?;
    let mut steps: Vec<Step> = Vec::new();
    let mut open = vec![last];

    while let Some(from) = open.pop() {
        for (to, taken) in selections.iter().enumerate() {
            let is_known = steps.iter().any(|step| step.to == to);
            if is_known || routes[to].skips_own_writes() || routes[from].skips_own_writes() {
                continue;
            }

            if let Some(what) = sets_off(&routes[from], &selections[from], &routes[to], taken) {
                steps.push(Step { from, what, to });
                open.push(to);
            }
        }
    }

    let is_loop = steps.iter().any(|step| step.to == last);
    is_loop.then(|| description(routes, &steps, last))
}

/// Describes the steps that lead to the last route, beginning with it.
fn description(routes: &[Route], steps: &[Step], last: usize) -> String {
    let mut path = Vec::new();
    let mut place = last;
    while let Some(step) = steps.iter().find(|step| step.to == place) {
        path.push(step);
        place = step.from;
        if place == last {
            break;
        }
    }
    path.reverse();

    let mut text = String::from("handlers would call each other without end: ");
    for (index, Step { from, what, to }) in path.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", and " };
        let taker = if from == to {
            "it takes itself".to_owned()
        } else {
            format!("{} takes", routes[*to])
        };
        text.push_str(&format!("{comma}{} {what}, which {taker}", routes[*from]));
    }

    text.push_str("; write to another prefix, or say `skip_own_writes`");
    text
}

/// What the handler of a route does that another route takes. `None` if there is nothing.
fn sets_off(from: &Route, own: &[Selection], to: &Route, taken: &[Selection]) -> Option<String> {
    let takes = |names: &[EventName]| names.iter().any(|name| to.best_pattern(name).is_some());
    let lands = |place: &&Place| reaches(from, place, to, taken);
    let mut what = Vec::new();

    if takes(&OF_WRITES) {
        let written = from.writes_places().iter().find(lands);
        what.extend(written.map(|place| ("writes to", place.as_str())));
    }

    if takes(&OF_DELETES) {
        let deleted = from.deletes_places().iter().find(lands);
        what.extend(deleted.map(|place| ("deletes from", place.as_str())));

        let shares = own
            .iter()
            .any(|own| taken.iter().any(|taken| own.shares_a_key(taken)));
        if from.deletes_taken_objects() && shares && may_be_one(from.bucket(), to.bucket()) {
            return Some("deletes what it takes".to_owned());
        }
    }

    what.first()
        .map(|(verb, place)| format!("{verb} `{}`", place.escape_debug()))
}

/// Whether a route takes any of the keys in a place.
///
/// A route without a bucket takes the events of a bucket that the program does not name. So what is
/// done to a named bucket is taken by routes that name it.
fn reaches(from: &Route, place: &Place, to: &Route, taken: &[Selection]) -> bool {
    let is_bucket = match place.bucket() {
        Some(named) => to.bucket().or(from.bucket()) == Some(named),
        None => may_be_one(from.bucket(), to.bucket()),
    };
    let keys = Selection::with_prefix(Cow::Owned(place.prefix().to_owned()));

    is_bucket && taken.iter().any(|taken| taken.shares_a_key(&keys))
}

fn may_be_one(left: Option<&str>, right: Option<&str>) -> bool {
    left.is_none() || right.is_none() || left == right
}
