//! What S3 has against the notification configurations of a bucket, whether a file has them or a
//! client puts them.

use std::fmt;

use s3_dispatch::__private::nearest_pattern;
use s3_dispatch::{EventName, EventPattern};

use crate::topology::queue::is_fifo;
use crate::topology::{Destination, NotificationSpec};

/// The longest prefix or suffix, in bytes, as it is written ("FilterRule", Amazon S3 API Reference,
/// 2026).
const MAX_FILTER_BYTES: usize = 1024;

/// A mistake in the notification configurations of a bucket.
#[derive(Debug, Clone, Copy)]
pub(crate) enum NotificationMistake<'n> {
    /// It has no events.
    NoEvents { index: usize },
    /// S3 knows no event that the pattern matches.
    UnknownEvent {
        index: usize,
        /// The position of the pattern.
        element: usize,
        pattern: &'n EventPattern,
    },
    /// S3 cannot publish to a FIFO queue.
    FifoQueue { index: usize, queue: &'n str },
    /// The prefix or the suffix is too long.
    LongFilter {
        index: usize,
        /// `prefix` or `suffix`.
        field: &'static str,
    },
    /// An earlier configuration has the same id.
    SameId { index: usize, id: &'n str },
    /// This configuration and an earlier one could both publish one event of one key ("Configuring
    /// event notifications using object key name filtering", Amazon S3 User Guide, 2026).
    Overlap {
        index: usize,
        earlier: &'n NotificationSpec,
        later: &'n NotificationSpec,
        event: &'static EventName,
    },
}

impl<'n> NotificationMistake<'n> {
    /// The first mistake, if there is one.
    pub(crate) fn find(notifications: &'n [NotificationSpec]) -> Option<Self> {
        let mut indexed = notifications.iter().enumerate();
        let alone = indexed.find_map(|(index, spec)| find_alone(index, spec));

        alone.or_else(|| {
            let mut indexed = notifications.iter().enumerate();
            indexed.find_map(|(index, spec)| find_beside(&notifications[..index], index, spec))
        })
    }

    /// The position of the configuration that has the mistake.
    pub(crate) fn index(&self) -> usize {
        match self {
            Self::NoEvents { index }
            | Self::UnknownEvent { index, .. }
            | Self::FifoQueue { index, .. }
            | Self::LongFilter { index, .. }
            | Self::SameId { index, .. }
            | Self::Overlap { index, .. } => *index,
        }
    }
}

impl fmt::Display for NotificationMistake<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoEvents { .. } => f.write_str("a notification needs at least one event"),
            Self::UnknownEvent { pattern, .. } => {
                write!(f, "unknown event `s3:{pattern}`")?;
                match nearest_pattern(&pattern.to_string()) {
                    Some(nearest) => write!(f, "; did you mean `s3:{nearest}`?"),
                    None => Ok(()),
                }
            }
            Self::FifoQueue { queue, .. } => {
                write!(f, "S3 cannot publish to the FIFO queue `{queue}`")
            }
            Self::LongFilter { field, .. } => {
                write!(f, "the {field} is longer than {MAX_FILTER_BYTES} bytes")
            }
            Self::SameId { id, .. } => write!(f, "two notifications have the id `{id}`"),
            Self::Overlap {
                earlier,
                later,
                event,
                ..
            } => write!(
                f,
                "two notifications overlap: both publish `{event}` of {}",
                describe_keys(earlier, later)
            ),
        }
    }
}

/// A mistake in one configuration.
fn find_alone(index: usize, spec: &NotificationSpec) -> Option<NotificationMistake<'_>> {
    if spec.events.is_empty() {
        return Some(NotificationMistake::NoEvents { index });
    }

    for (element, pattern) in spec.events.iter().enumerate() {
        if !EventName::KNOWN.iter().any(|name| pattern.matches(name)) {
            return Some(NotificationMistake::UnknownEvent {
                index,
                element,
                pattern,
            });
        }
    }

    match &spec.destination {
        Destination::Queue(queue) if is_fifo(queue) => {
            return Some(NotificationMistake::FifoQueue { index, queue });
        }
        Destination::Queue(_) | Destination::Topic(_) => {}
    }

    let written = &spec.written;
    let filters = [
        ("prefix", written.prefix.as_ref().unwrap_or(&spec.prefix)),
        ("suffix", written.suffix.as_ref().unwrap_or(&spec.suffix)),
    ];
    let mut long = filters
        .into_iter()
        .filter(|(_, value)| value.len() > MAX_FILTER_BYTES);

    long.next()
        .map(|(field, _)| NotificationMistake::LongFilter { index, field })
}

/// A mistake in one configuration beside earlier ones.
fn find_beside<'n>(
    others: &'n [NotificationSpec],
    index: usize,
    later: &'n NotificationSpec,
) -> Option<NotificationMistake<'n>> {
    let id = later.id.as_str();
    if !id.is_empty() && others.iter().any(|other| other.id == id) {
        return Some(NotificationMistake::SameId { index, id });
    }

    others.iter().find_map(|earlier| {
        shared_event(earlier, later).map(|event| NotificationMistake::Overlap {
            index,
            earlier,
            later,
            event,
        })
    })
}

/// An event that both configurations publish of the same keys.
fn shared_event(one: &NotificationSpec, other: &NotificationSpec) -> Option<&'static EventName> {
    let (prefix, suffix) = (&one.prefix, &one.suffix);
    let prefixes_overlap = prefix.starts_with(&other.prefix) || other.prefix.starts_with(prefix);
    let suffixes_overlap = suffix.ends_with(&other.suffix) || other.suffix.ends_with(suffix);
    if !prefixes_overlap || !suffixes_overlap {
        return None;
    }

    let publishes = |spec: &NotificationSpec, name: &EventName| {
        spec.events.iter().any(|pattern| pattern.matches(name))
    };
    let mut known = EventName::KNOWN.iter();

    known.find(|name| publishes(one, name) && publishes(other, name))
}

fn describe_keys(one: &NotificationSpec, other: &NotificationSpec) -> String {
    let longer = |one: &str, other: &str| match one.len() > other.len() {
        true => one.to_owned(),
        false => other.to_owned(),
    };
    let prefix = longer(&one.prefix, &other.prefix);
    let suffix = longer(&one.suffix, &other.suffix);

    match (prefix.is_empty(), suffix.is_empty()) {
        (true, true) => String::from("every key"),
        _ => format!("the keys `{prefix}*{suffix}`"),
    }
}
