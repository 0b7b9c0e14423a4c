//! The fields of a span or an event, kept as compact values until a line is written.
//!
//! Each record has a span, and most spans log nothing. So a field is copied when it is recorded,
//! and formatted only when it becomes part of a line.

use std::fmt::{self, Debug, Write as _};

use tracing::field::{Field, Visit};

use crate::telemetry::errors::with_causes;

/// A longer text is cut. A line of a log in CloudWatch has at most 1 MB.
const MAX_TEXT: usize = 64 * 1024;

/// What follows a text that was cut.
const CUT: &str = "... (cut)";

/// The memory that is kept for the next span.
const MAX_KEPT: usize = 16 * 1024;

/// Fields with their values, in the order in which they were recorded.
#[derive(Debug, Default)]
pub(super) struct Values {
    fields: Vec<(&'static str, Stored)>,
    /// All texts, one behind the other.
    texts: String,
}

/// A value. Texts are where they begin and end.
#[derive(Debug, Clone, Copy)]
enum Stored {
    Text(usize, usize),
    Shown(usize, usize),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Bool(bool),
}

/// The value of a field.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'v> {
    /// A text that was given as one.
    Text(&'v str),
    /// The text that something else was printed as: `%value`, `?value`, or a message.
    Shown(&'v str),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Bool(bool),
}

impl Values {
    /// Returns the fields with their values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, Value<'_>)> {
        let fields = self.fields.iter();
        fields.map(|(name, stored)| (plain(name), self.value(*stored)))
    }

    /// Returns the names of the fields.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.fields.iter().map(|(name, _)| plain(name))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Returns the text of an event.
    pub(super) fn message(&self) -> Option<Value<'_>> {
        let mut fields = self.iter();
        let (_, message) = fields.find(|(name, _)| *name == MESSAGE)?;

        Some(match message {
            Value::Text(text) => Value::Shown(text),
            other => other,
        })
    }

    /// Takes over these values. They replace those of the same name.
    pub(super) fn merge(&mut self, newer: &Self) {
        let mut merged = Self::default();
        let is_replaced = |name: &str| newer.names().any(|newer| newer == name);
        let kept = self.iter().filter(|(name, _)| !is_replaced(name));

        for (name, value) in kept.chain(newer.iter()) {
            merged.push(name, value);
        }

        *self = merged;
    }

    /// Removes all values, and keeps the memory for the next ones unless it is large.
    pub(super) fn clear(&mut self) {
        self.fields.clear();
        self.texts.clear();
        self.texts.shrink_to(MAX_KEPT);
    }

    /// Returns what writes fields here.
    pub(super) fn recorder(&mut self) -> impl Visit {
        Recorder(self)
    }

    fn value(&self, stored: Stored) -> Value<'_> {
        match stored {
            Stored::Text(begin, end) => Value::Text(&self.texts[begin..end]),
            Stored::Shown(begin, end) => Value::Shown(&self.texts[begin..end]),
            Stored::Signed(number) => Value::Signed(number),
            Stored::Unsigned(number) => Value::Unsigned(number),
            Stored::Float(number) => Value::Float(number),
            Stored::Bool(is_true) => Value::Bool(is_true),
        }
    }

    fn push(&mut self, name: &'static str, value: Value<'_>) {
        let begin = self.texts.len();
        let stored = match value {
            Value::Text(text) => return self.push_text(name, text),
            Value::Shown(text) => {
                self.texts.push_str(text);
                Stored::Shown(begin, self.texts.len())
            }
            Value::Signed(number) => Stored::Signed(number),
            Value::Unsigned(number) => Stored::Unsigned(number),
            Value::Float(number) => Stored::Float(number),
            Value::Bool(is_true) => Stored::Bool(is_true),
        };

        self.fields.push((name, stored));
    }

    /// The usual field of a span, so it takes the shortest way.
    fn push_text(&mut self, name: &'static str, text: &str) {
        let begin = self.texts.len();
        self.texts.push_str(text);
        let stored = Stored::Text(begin, self.texts.len());
        self.fields.push((name, stored));
    }

    /// Writes what a value is printed as, up to the limit.
    fn push_shown(&mut self, name: &'static str, value: fmt::Arguments<'_>) {
        let begin = self.texts.len();
        let mut bounded = Bounded {
            text: &mut self.texts,
            left: MAX_TEXT,
            is_cut: false,
        };

        // An error means that the text is full, or that the value does not want to be printed.
        let _ = bounded.write_fmt(value);
        if bounded.is_cut {
            self.texts.push_str(CUT);
        }

        self.fields
            .push((name, Stored::Shown(begin, self.texts.len())));
    }
}

/// The name of the field that holds the text of an event.
pub(super) const MESSAGE: &str = "message";

struct Recorder<'v>(&'v mut Values);

impl Visit for Recorder<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if value.len() > MAX_TEXT {
            self.0.push_shown(field.name(), format_args!("{value}"));
        } else {
            self.0.push_text(field.name(), value);
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.push(field.name(), Value::Signed(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.push(field.name(), Value::Unsigned(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.push(field.name(), Value::Float(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.push(field.name(), Value::Bool(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.0.push(field.name(), Value::Shown(&with_causes(value)));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.push_shown(field.name(), format_args!("{value:?}"));
    }
}

/// A field may have the name of a keyword, `r#type`.
fn plain(name: &'static str) -> &'static str {
    name.strip_prefix("r#").unwrap_or(name)
}

/// Appends to a text until the limit is reached, and then fails to be written to.
struct Bounded<'t> {
    text: &'t mut String,
    left: usize,
    is_cut: bool,
}

impl fmt::Write for Bounded<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.len() <= self.left {
            self.left -= text.len();
            self.text.push_str(text);
            return Ok(());
        }

        let mut end = self.left;
        while !text.is_char_boundary(end) {
            end -= 1;
        }

        self.text.push_str(&text[..end]);
        self.left = 0;
        self.is_cut = true;
        Err(fmt::Error)
    }
}
