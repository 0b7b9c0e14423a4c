//! Writes an event as one flat JSON object.

use std::fmt::Write as _;
use std::time::SystemTime;

use tracing::Metadata;

use super::escaped::{is_control, is_plain};
use super::spans::Span;
use super::time;
use super::values::{MESSAGE, Value, Values};

/// Fields from one place: an event or a span.
#[derive(Clone, Copy)]
struct Fields<'v> {
    metadata: &'static Metadata<'static>,
    values: &'v Values,
}

/// Appends the line of an event.
///
/// The fields of the event come first, then those of the spans around it, the innermost first. Of
/// several fields with the same name, only the first is written.
pub(super) fn push_line<'v>(
    line: &mut String,
    metadata: &'static Metadata<'static>,
    values: &'v Values,
    spans: impl Iterator<Item = &'v Span> + Clone,
) {
    line.push_str("{\"timestamp\":\"");
    time::push(line, SystemTime::now());
    line.push_str("\",\"level\":\"");
    line.push_str(metadata.level().as_str());
    line.push_str("\",\"message\":");
    push_value(line, values.message().unwrap_or(Value::Shown("")));

    let of_spans = spans.clone().map(|span| Fields {
        metadata: span.metadata,
        values: &span.values,
    });
    let all = std::iter::once(Fields { metadata, values }).chain(of_spans);

    for (depth, fields) in all.clone().enumerate() {
        for (index, (name, value)) in fields.values.iter().enumerate() {
            let Some(name) = fields.member(name) else {
                continue;
            };
            let is_written = all.clone().take(depth).any(|inner| inner.has(name, 0));

            if !is_written && !fields.has(name, index + 1) {
                push_name(line, name);
                push_value(line, value);
            }
        }
    }

    push_name(line, "target");
    push_text(line, metadata.target());
    if let Some(span) = spans.clone().next() {
        push_name(line, "span");
        push_text(line, span.metadata.name());
    }

    line.push_str("}\n");
}

impl Fields<'_> {
    /// Returns whether one of the fields from this index on has this name in a line.
    fn has(self, member: &str, from: usize) -> bool {
        let mut names = self.values.names().skip(from);
        // In a line, a name has the first letter that it has in the code.
        let begins_alike = |name: &str| name.bytes().next() == member.bytes().next();

        names.any(|name| begins_alike(name) && self.member(name) == Some(member))
    }

    /// Returns the name of a field in a line. One that every line has itself gets an underscore at
    /// its end. `None` for the text of the event, which is no field there.
    fn member(self, name: &'static str) -> Option<&'static str> {
        Some(match name {
            MESSAGE if self.metadata.is_event() => return None,
            // The name of the invocation's id in Lambda's own lines.
            "request_id" if is_ours(self.metadata.target()) => "requestId",
            "timestamp" => "timestamp_",
            "level" => "level_",
            MESSAGE => "message_",
            "target" => "target_",
            "span" => "span_",
            _ => name,
        })
    }
}

/// Returns whether a line is by this crate and not by a handler.
fn is_ours(target: &str) -> bool {
    let rest = target.strip_prefix(env!("CARGO_CRATE_NAME"));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn push_name(line: &mut String, name: &str) {
    line.push(',');
    push_text(line, name);
    line.push(':');
}

fn push_value(line: &mut String, value: Value<'_>) {
    // Writing to a text cannot fail.
    let _ = match value {
        Value::Text(text) | Value::Shown(text) => {
            push_text(line, text);
            Ok(())
        }
        Value::Signed(number) => write!(line, "{number}"),
        Value::Unsigned(number) => write!(line, "{number}"),
        Value::Float(number) if number.is_finite() => write!(line, "{number:?}"),
        Value::Float(_) => line.write_str("null"),
        Value::Bool(is_true) => write!(line, "{is_true}"),
    };
}

/// Appends a JSON string. All control characters are escaped, also those that JSON allows.
fn push_text(line: &mut String, text: &str) {
    line.push('"');

    if is_plain(text) {
        line.push_str(text);
    } else {
        text.chars()
            .for_each(|character| push_character(line, character));
    }

    line.push('"');
}

fn push_character(line: &mut String, character: char) {
    match character {
        '"' => line.push_str("\\\""),
        '\\' => line.push_str("\\\\"),
        '\n' => line.push_str("\\n"),
        '\r' => line.push_str("\\r"),
        '\t' => line.push_str("\\t"),
        _ if is_control(character) => {
            // Writing to a text cannot fail.
            let _ = write!(line, "\\u{:04x}", u32::from(character));
        }
        _ => line.push(character),
    }
}
