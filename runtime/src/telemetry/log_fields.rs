//! Formats the fields of spans and events cheaply.
//!
//! Each record has a span, and `tracing_subscriber` formats its fields when it begins, even if
//! nothing is ever logged in it. The formatters of that crate sort the fields into a tree of
//! `serde_json::Value`s, or check whether each character is printable. That costs more than reading
//! and dispatching the record. Nearly all of these texts need no escaping, so the formatters here
//! copy them as they are, and leave the others to `tracing_subscriber` and `serde_json`.

use std::fmt::{self, Debug};

use tracing::field::{Field, Visit};
use tracing::span::Record;
use tracing_subscriber::field::{RecordFields, VisitOutput};
use tracing_subscriber::fmt::format::{DefaultVisitor, Writer};
use tracing_subscriber::fmt::{FormatFields, FormattedFields};

use crate::telemetry::errors::with_causes;
use crate::telemetry::escaped::Escaped;
use crate::telemetry::panic_hook::while_formatting;

/// Formats fields as `DefaultFields` does, with control characters escaped:
/// `bucket="holiday" size=1024`.
pub(crate) struct TextFields;

/// Formats fields as the `JsonFields` of `tracing_subscriber` does:
/// `{"bucket":"holiday","size":1024}`.
pub(crate) struct JsonFields;

impl<'writer> FormatFields<'writer> for TextFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut visitor = TextVisitor {
            writer,
            is_empty: true,
            result: Ok(()),
        };
        while_formatting(|| fields.record(&mut visitor));

        visitor.result
    }
}

impl<'writer> FormatFields<'writer> for JsonFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        write_members(writer, fields, '{')
    }

    fn add_fields(
        &self,
        current: &'writer mut FormattedFields<Self>,
        fields: &Record<'_>,
    ) -> fmt::Result {
        // Reopens the object that was written before, unless it was empty.
        let before = if current.fields.pop() == Some('}') && current.fields.len() > 1 {
            ','
        } else {
            '{'
        };
        if before == '{' {
            current.fields.clear();
        }

        write_members(current.as_writer(), fields, before)
    }
}

/// Writes each field that it visits as `name=value`, separated by spaces.
struct TextVisitor<'w> {
    writer: Writer<'w>,
    is_empty: bool,
    result: fmt::Result,
}

impl TextVisitor<'_> {
    fn visit_by_default(&mut self, record: impl FnOnce(&mut DefaultVisitor<'_>)) {
        if self.result.is_ok() {
            let mut visitor = DefaultVisitor::new(self.writer.by_ref(), self.is_empty);
            record(&mut visitor);
            self.result = visitor.finish();
            self.is_empty = false;
        }
    }

    fn write_plain(&mut self, name: &str, value: &str) -> fmt::Result {
        if !std::mem::take(&mut self.is_empty) {
            self.writer.write_char(' ')?;
        }

        self.writer.write_str(name)?;
        self.writer.write_str("=\"")?;
        self.writer.write_str(value)?;

        self.writer.write_char('"')
    }
}

impl Visit for TextVisitor<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if self.result.is_ok()
            && is_plain(value)
            && field.name() != "message"
            && !self.writer.has_ansi_escapes()
        {
            self.result = self.write_plain(field.name(), value);
        } else if field.name() == "message" {
            self.record_debug(field, &format_args!("{value}"));
        } else {
            self.record_debug(field, &value);
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.record_debug(field, &format_args!("{}", with_causes(value)));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.visit_by_default(|visitor| visitor.record_debug(field, &Escaped(value)));
    }
}

/// Writes all fields and the closing brace. `before` is the character before the first of them.
fn write_members(writer: Writer<'_>, fields: impl RecordFields, before: char) -> fmt::Result {
    let mut visitor = JsonVisitor {
        writer,
        before,
        result: Ok(()),
    };

    while_formatting(|| fields.record(&mut visitor));
    visitor.result?;

    if visitor.before == '{' {
        visitor.writer.write_char('{')?;
    }

    visitor.writer.write_char('}')
}

/// Writes each field that it visits as a member of a JSON object, without the closing brace.
struct JsonVisitor<'w> {
    writer: Writer<'w>,
    /// The character before the next member: an opening brace or a comma.
    before: char,
    result: fmt::Result,
}

impl JsonVisitor<'_> {
    fn write_member(&mut self, field: &Field, value: impl fmt::Display) {
        if self.result.is_ok() {
            let (before, name) = (std::mem::replace(&mut self.before, ','), field.name());
            let name = name.strip_prefix("r#").unwrap_or(name);
            self.result = write!(self.writer, "{before}\"{name}\":{value}");
        }
    }

    fn write_plain(&mut self, name: &str, value: &str) -> fmt::Result {
        self.writer
            .write_char(std::mem::replace(&mut self.before, ','))?;
        self.writer.write_char('"')?;
        self.writer.write_str(name)?;
        self.writer.write_str("\":\"")?;
        self.writer.write_str(value)?;

        self.writer.write_char('"')
    }
}

impl Visit for JsonVisitor<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if self.result.is_ok() && is_plain(value) && !field.name().starts_with("r#") {
            self.result = self.write_plain(field.name(), value);
        } else {
            self.write_member(field, serde_json::Value::from(value));
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.write_member(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.write_member(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.write_member(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.write_member(field, serde_json::Value::from(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.write_member(field, serde_json::Value::from(format!("{value:?}")));
    }
}

/// Returns whether a text can be quoted without escapes.
///
/// It checks 16 bytes at a time, without branches, so that the compiler can use SIMD.
fn is_plain(text: &str) -> bool {
    text.as_bytes().chunks(16).all(|run| {
        let is_special =
            |byte: &u8| (*byte < b' ') | (*byte > b'~') | (*byte == b'"') | (*byte == b'\\');
        run.iter()
            .fold(0, |found, byte| found | u8::from(is_special(byte)))
            == 0
    })
}
