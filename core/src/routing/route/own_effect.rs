//! Whether a handler takes what it writes itself, in `const` functions: the compiler checks the
//! literals of `#[s3_handler]` with them.
//!
//! They see prefixes only. `Routes` looks at patterns of keys as well, and at other handlers.

use crate::event::{CompileError, Known, Literal};

/// Fails to compile if an event of the list follows from what the handler does to the place, and
/// one of the prefixes lets it through. No prefixes let all keys through. Without a place, the
/// handler deletes what it takes.
#[track_caller]
pub(crate) const fn check_own_effect(
    events: &[&str],
    bucket: Option<&str>,
    prefixes: &[&str],
    place: &str,
    deletes: bool,
) {
    let Some(prefix) = prefix_in_own_bucket(place, bucket) else {
        return;
    };
    if !any_overlaps(prefixes, prefix) {
        return;
    }

    let mut index = 0;
    while index < events.len() {
        if follows(events[index], deletes) {
            return panic_own_effect(events[index], place, deletes);
        }
        index += 1;
    }
}

#[track_caller]
const fn panic_own_effect(event: &str, place: &str, deletes: bool) {
    let text = CompileError::new()
        .push("the handler takes what it ")
        .push(match (place.is_empty(), deletes) {
            (true, _) => "deletes",
            (false, true) => "deletes from `",
            (false, false) => "writes to `",
        })
        .push(place)
        .push(if place.is_empty() { "" } else { "`" })
        .push(", because `")
        .push(event)
        .push("` follows from it: it would call itself without end; ");

    let advice = if place.is_empty() {
        "take other events"
    } else {
        "use another prefix"
    };
    text.push(advice).push(", or add `skip_own_writes`").panic()
}

/// Whether the literal matches an event that follows from a write or a deletion.
const fn follows(event: &str, deletes: bool) -> bool {
    // If it is none, the check of the literal itself reports the mistake.
    match Literal::parse(event) {
        Some(event) if deletes => {
            event.covers(Known::ObjectRemovedDelete)
                || event.covers(Known::ObjectRemovedDeleteMarkerCreated)
        }
        Some(event) => {
            event.covers(Known::ObjectCreatedPut)
                || event.covers(Known::ObjectCreatedCopy)
                || event.covers(Known::ObjectCreatedCompleteMultipartUpload)
        }
        None => false,
    }
}

/// The prefix of the place, if it is in the bucket whose events the handler takes.
const fn prefix_in_own_bucket<'p>(place: &'p str, bucket: Option<&str>) -> Option<&'p str> {
    let Some(named) = after(place, "s3://") else {
        return Some(place);
    };
    let Some(bucket) = bucket else {
        return None;
    };

    match after(named, bucket) {
        Some(rest) if rest.is_empty() => Some(rest),
        Some(rest) => after(rest, "/"),
        None => None,
    }
}

const fn any_overlaps(prefixes: &[&str], other: &str) -> bool {
    let mut index = 0;
    while index < prefixes.len() {
        if after(prefixes[index], other).is_some() || after(other, prefixes[index]).is_some() {
            return true;
        }
        index += 1;
    }

    prefixes.is_empty()
}

/// What follows the start of a text, if it starts with that.
const fn after<'t>(text: &'t str, start: &str) -> Option<&'t str> {
    let (bytes, wanted) = (text.as_bytes(), start.as_bytes());
    if bytes.len() < wanted.len() {
        return None;
    }

    let mut index = 0;
    while index < wanted.len() {
        if bytes[index] != wanted[index] {
            return None;
        }
        index += 1;
    }

    Some(text.split_at(wanted.len()).1)
}
