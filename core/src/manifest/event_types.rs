//! The event types of a bucket's configuration.

use crate::{EventName, EventPattern};

/// The event types of all patterns, without those that a category includes.
pub(super) fn of_patterns(patterns: &[EventPattern]) -> Vec<String> {
    let mut events = Vec::new();
    for pattern in patterns {
        for event in event_types(pattern) {
            let category = event.split_inclusive(':').take(2).collect::<String>() + "*";
            if !events.contains(&event) && !events.contains(&category) {
                events.retain(|known: &String| !is_in(known, &event));
                events.push(event);
            }
        }
    }

    events
}

/// Whether an event type such as `s3:ObjectCreated:Put` belongs to that of a category, such as
/// `s3:ObjectCreated:*`.
fn is_in(event: &str, category: &str) -> bool {
    category
        .strip_suffix('*')
        .is_some_and(|category| event.starts_with(category))
}

/// The event types of a pattern. S3 has no type for everything, so `*` becomes all categories.
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

/// The event type of a category: `s3:ObjectCreated:*`, or the one name of a category that has only
/// one, because S3 has no `:*` type for those.
fn category_type(category: &str) -> String {
    let mut known = EventName::KNOWN
        .iter()
        .filter(|name| name.category() == category);

    match (known.next(), known.next()) {
        (Some(only), None) => format!("s3:{only}"),
        _ => format!("s3:{category}:*"),
    }
}
