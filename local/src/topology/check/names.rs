//! Checks of names: whether AWS allows them, and whether each is there once.

use std::collections::HashSet;
use std::net::Ipv4Addr;

use super::part::{CheckedPart, PartKind, Problem};
use crate::topology::Topology;
use crate::topology::queue::is_fifo;

/// Prefixes that S3 keeps for itself. It keeps `amzn-s3-demo-` too, for examples such as ours.
const RESERVED_PREFIXES: [&str; 2] = ["xn--", "sthree-"];

/// Suffixes that S3 keeps for itself.
const RESERVED_SUFFIXES: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

impl Topology {
    pub(super) fn check_names(&self) -> Result<(), Problem> {
        let buckets = self.buckets.iter().map(|bucket| &bucket.name);
        check_names(PartKind::Bucket, "bucket", bucket_name_mistake, buckets)?;

        let topics = self.topics.iter();
        check_names(PartKind::Topic, "topic", topic_name_mistake, topics)?;

        let rules = self.rules.iter().map(|rule| &rule.name);
        check_names(PartKind::Rule, "rule", rule_name_mistake, rules)?;

        let queues = self.queues.iter().map(|queue| &queue.name);
        check_names(PartKind::Queue, "queue", queue_name_mistake, queues)?;

        let functions = self.functions.iter().map(|function| &function.name);
        check_names(
            PartKind::Function,
            "function",
            function_name_mistake,
            functions,
        )
    }
}

fn check_names<'n>(
    kind: PartKind,
    what: &str,
    mistake: impl Fn(&str) -> Option<&'static str>,
    names: impl Iterator<Item = &'n String>,
) -> Result<(), Problem> {
    let mut seen = HashSet::new();

    for (index, name) in names.enumerate() {
        let part = CheckedPart::new(kind, index, name);
        part.require(!name.is_empty(), "name", || format!("a {what} has no name"))?;
        part.require(seen.insert(name), "name", || {
            format!("two {what}s are called `{name}`")
        })?;

        if let Some(mistake) = mistake(name) {
            let text = format!("a {what} cannot be called `{name}`: {mistake}");
            return Err(part.problem("name", text));
        }
    }

    Ok(())
}

/// What S3 has against a name ("General purpose bucket naming rules", Amazon S3 User Guide, 2026).
fn bucket_name_mistake(name: &str) -> Option<&'static str> {
    let is_letter_or_digit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_allowed = |byte: u8| is_letter_or_digit(byte) || matches!(byte, b'-' | b'.');
    let ends = [name.bytes().next(), name.bytes().last()];
    let mut ends = ends.into_iter().flatten();

    let has_reserved_part = RESERVED_PREFIXES.iter().any(|part| name.starts_with(part))
        || RESERVED_SUFFIXES.iter().any(|part| name.ends_with(part));

    first([
        (
            !name.bytes().all(is_allowed),
            "it must consist of lower-case letters, digits, hyphens and full stops",
        ),
        (
            !(3..=63).contains(&name.len()),
            "it must have 3 to 63 characters",
        ),
        (
            !ends.all(is_letter_or_digit),
            "it must begin and end with a letter or a digit",
        ),
        (name.contains(".."), "two full stops cannot stand together"),
        (
            name.parse::<Ipv4Addr>().is_ok(),
            "it must not look like an IP address",
        ),
        (
            has_reserved_part,
            "S3 keeps names with this prefix or suffix for itself",
        ),
    ])
}

/// What SNS has against a name ("CreateTopic", Amazon SNS API Reference, 2026).
fn topic_name_mistake(name: &str) -> Option<&'static str> {
    first([
        (is_fifo(name), "S3 cannot publish to a FIFO topic"),
        (!is_word(name), WORD),
        (name.len() > 256, "it must have 1 to 256 characters"),
    ])
}

/// What EventBridge has against a name ("PutRule", Amazon EventBridge API Reference, 2026).
fn rule_name_mistake(name: &str) -> Option<&'static str> {
    first([
        (
            !is_word(&name.replace('.', "_")),
            "it must consist of letters, digits, hyphens, underscores and full stops",
        ),
        (name.len() > 64, "it must have 1 to 64 characters"),
    ])
}

/// What SQS has against a name ("CreateQueue", Amazon SQS API Reference, 2026).
fn queue_name_mistake(name: &str) -> Option<&'static str> {
    first([
        (!is_word(name.strip_suffix(".fifo").unwrap_or(name)), WORD),
        (name.len() > 80, "it must have 1 to 80 characters"),
    ])
}

/// What Lambda has against a name ("CreateFunction", AWS Lambda API Reference, 2026).
fn function_name_mistake(name: &str) -> Option<&'static str> {
    first([
        (!is_word(name), WORD),
        (name.len() > 64, "it must have 1 to 64 characters"),
    ])
}

const WORD: &str = "it must consist of letters, digits, hyphens and underscores";

fn is_word(name: &str) -> bool {
    let mut bytes = name.bytes();
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');

    !name.is_empty() && bytes.all(is_allowed)
}

/// The text of the first mistake that is made.
fn first(mistakes: impl IntoIterator<Item = (bool, &'static str)>) -> Option<&'static str> {
    let mut made = mistakes.into_iter().filter(|(is_made, _)| *is_made);
    made.next().map(|(_, text)| text)
}
