//! Writes an event as one line of text.

use std::fmt::Write as _;

use tracing::{Level, Metadata};

use super::escaped::{is_plain, push_escaped};
use super::spans::Span;
use super::values::{MESSAGE, Value, Values};

/// How texts look on a terminal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) has_colours: bool,
}

const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const ITALIC: &str = "\u{1b}[3m";
const RESET: &str = "\u{1b}[0m";

impl Style {
    /// Appends the line of an event, in the form of `tracing_subscriber`: ` INFO span{field=1}:
    /// message field=2`.
    pub(super) fn push_line<'v>(
        self,
        line: &mut String,
        metadata: &'static Metadata<'static>,
        values: &'v Values,
        spans: impl Iterator<Item = &'v Span>,
    ) {
        let (colour, level) = shown(*metadata.level());
        self.push_styled(line, colour, level);
        line.push(' ');

        let mut spans: Vec<_> = spans.collect();
        spans.reverse();
        for span in &spans {
            self.push_span(line, span);
        }
        if !spans.is_empty() {
            line.push(' ');
        }

        let message = values.message();
        if let Some(message) = message {
            self.push_value(line, message);
        }

        let fields = values.iter().filter(|(name, _)| *name != MESSAGE);
        for (index, (name, value)) in fields.enumerate() {
            if index > 0 || message.is_some() {
                line.push(' ');
            }
            self.push_field(line, name, value);
        }

        line.push('\n');
    }

    fn push_span(self, line: &mut String, span: &Span) {
        self.push_styled(line, BOLD, span.metadata.name());

        if !span.values.is_empty() {
            self.push_styled(line, BOLD, "{");
            for (index, (name, value)) in span.values.iter().enumerate() {
                if index > 0 {
                    line.push(' ');
                }
                self.push_field(line, name, value);
            }
            self.push_styled(line, BOLD, "}");
        }

        self.push_styled(line, DIM, ":");
    }

    fn push_field(self, line: &mut String, name: &str, value: Value<'_>) {
        self.push_styled(line, ITALIC, name);
        self.push_styled(line, DIM, "=");
        self.push_value(line, value);
    }

    fn push_value(self, line: &mut String, value: Value<'_>) {
        // Writing to a text cannot fail.
        let _ = match value {
            Value::Text(text) if is_plain(text) => {
                line.push('"');
                line.push_str(text);
                line.write_char('"')
            }
            Value::Text(text) => write!(line, "{text:?}"),
            Value::Shown(text) => {
                push_escaped(line, text);
                Ok(())
            }
            Value::Signed(number) => write!(line, "{number}"),
            Value::Unsigned(number) => write!(line, "{number}"),
            Value::Float(number) => write!(line, "{number:?}"),
            Value::Bool(is_true) => write!(line, "{is_true}"),
        };
    }

    fn push_styled(self, line: &mut String, style: &str, text: &str) {
        if self.has_colours {
            line.push_str(style);
            line.push_str(text);
            line.push_str(RESET);
        } else {
            line.push_str(text);
        }
    }
}

/// Returns the colour of a level, and its text in the width of the longest.
fn shown(level: Level) -> (&'static str, &'static str) {
    match level {
        Level::ERROR => ("\u{1b}[31m", "ERROR"),
        Level::WARN => ("\u{1b}[33m", " WARN"),
        Level::INFO => ("\u{1b}[32m", " INFO"),
        Level::DEBUG => ("\u{1b}[34m", "DEBUG"),
        Level::TRACE => ("\u{1b}[35m", "TRACE"),
    }
}
