//! Handlers that call each other without end, as this deployment connects them.
//!
//! `Routes` refuses the loops that the program alone shows. Here the names of the buckets are known
//! too, and whether the events come through EventBridge, which does not say who wrote.

use s3_dispatch_core::{EventName, Route};

use super::super::known::Answer;
use super::super::model::{Resource, Source};
use super::super::witness::Witness;
use super::stages::passages;
use super::{Case, Fault};

/// What a handler does to a place, and the events that follow.
struct Effect<'r> {
    verb: &'static str,
    /// `prefix`, or `s3://bucket/prefix`.
    place: &'r str,
    events: &'static [EventName],
}

const OF_WRITES: &[EventName] = &[
    EventName::OBJECT_CREATED_PUT,
    EventName::OBJECT_CREATED_COPY,
    EventName::OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD,
];
const OF_DELETES: &[EventName] = &[
    EventName::OBJECT_REMOVED_DELETE,
    EventName::OBJECT_REMOVED_DELETE_MARKER_CREATED,
];

pub(super) fn recursion<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let routes = case.routes();
    let mut edges: Vec<(usize, usize, String)> = Vec::new();
    for (from, route) in routes.iter().enumerate() {
        for (to, taker) in routes.iter().enumerate() {
            edges.extend(sets_off(case, route, taker).map(|what| (from, to, what)));
        }
    }

    let in_loop = (0..routes.len()).find(|start| reaches(&edges, *start, *start));
    let Some(start) = in_loop else {
        return Vec::new();
    };
    let Some((_, to, what)) = edges
        .iter()
        .find(|(from, to, _)| *from == start && (*to == start || reaches(&edges, *to, start)))
    else {
        return Vec::new();
    };

    let head = case
        .path
        .function
        .or_else(|| case.path.queues.first().map(|one| one.queue));
    let what = format!(
        "`{}` {what}, which `{}` takes",
        routes[start].name(),
        routes[*to].name()
    );
    let change = "write to a place that no handler takes; `skip_own_writes` helps if SNS brings \
                  the events";
    head.map(|head| Fault::new(head, what, change))
        .into_iter()
        .collect()
}

/// Whether one or more edges lead from one route to another.
fn reaches(edges: &[(usize, usize, String)], from: usize, to: usize) -> bool {
    let mut open = vec![from];
    let mut seen = Vec::new();
    while let Some(route) = open.pop() {
        for (_, next, _) in edges.iter().filter(|(start, _, _)| *start == route) {
            if *next == to {
                return true;
            }
            if !seen.contains(next) {
                seen.push(*next);
                open.push(*next);
            }
        }
    }

    false
}

/// What one handler does that the other one is called for.
fn sets_off(case: &Case<'_>, from: &Route, to: &Route) -> Option<String> {
    let written = from.written().map(|place| Effect {
        verb: "writes to",
        place,
        events: OF_WRITES,
    });
    let deleted = from.deleted().map(|place| Effect {
        verb: "deletes from",
        place,
        events: OF_DELETES,
    });
    let skips = from.skips_own_writes() || to.skips_own_writes();

    let mut effects = written.chain(deleted);
    let caught = effects.find(|effect| arrives(case, effect, from, to, skips))?;
    Some(format!("{} `{}`", caught.verb, caught.place.escape_debug()))
}

fn arrives(case: &Case<'_>, effect: &Effect<'_>, from: &Route, to: &Route, skips: bool) -> bool {
    let (named, prefix) = split(effect.place);
    case.buckets().into_iter().any(|bucket| {
        let name = bucket.get("BucketName").as_str();
        let is_place = match named.or(from.bucket()) {
            Some(named) => name == Some(named),
            // The bucket of the event.
            None => true,
        };
        let hints = [prefix.to_owned()];
        let mut witnesses = Witness::of_route(to, Some(bucket), &hints).into_iter();

        is_place
            && witnesses.any(|witness| {
                witness.key.starts_with(prefix)
                    && effect.events.contains(&witness.event)
                    && is_delivered(case, &witness, bucket, skips)
            })
    })
}

/// Whether some feed surely brings the event, and the handler does not skip it as its own.
fn is_delivered(case: &Case<'_>, witness: &Witness<'_>, bucket: &Resource, skips: bool) -> bool {
    passages(case, witness, Some(bucket))
        .into_iter()
        .any(|(feed, passage)| {
            let by_rule = matches!(feed.source, Source::Rule { .. });
            passage.whole() == Answer::Yes && (by_rule || !skips)
        })
}

/// The bucket, if one is named, and the prefix.
fn split(place: &str) -> (Option<&str>, &str) {
    match place.strip_prefix("s3://") {
        Some(rest) => {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            (Some(bucket), prefix)
        }
        None => (None, place),
    }
}
