//! The fields of spans and events as texts, written at little cost.
//!
//! Each record has a span, whose fields are written when it begins, whether or not anything is
//! logged in it. The formatters of `tracing_subscriber` sort them in a tree of
//! `serde_json::Value`s, or ask each character whether it is printable; that costs more than
//! reading and dispatching the record. Nearly all of these texts are plain.

use std::fmt::{self, Debug};

use tracing::field::{Field, Visit};
use tracing::span::Record;
use tracing_subscriber::field::{RecordFields, VisitOutput};
use tracing_subscriber::fmt::format::{DefaultVisitor, Writer};
use tracing_subscriber::fmt::{FormatFields, FormattedFields};

/// As `DefaultFields`: `bucket="holiday" size=1024`.
pub(crate) struct TextFields;

/// As `JsonFields`: `{"bucket":"holiday","size":1024}`.
pub(crate) struct JsonFields;

impl<'writer> FormatFields<'writer> for TextFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut text = Text {
            writer,
            is_empty: true,
            result: Ok(()),
        };
        fields.record(&mut text);

        text.result
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

struct Text<'w> {
    writer: Writer<'w>,
    is_empty: bool,
    result: fmt::Result,
}

impl Text<'_> {
    fn with_default(&mut self, record: impl FnOnce(&mut DefaultVisitor<'_>)) {
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

impl Visit for Text<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if self.result.is_ok()
            && is_plain(value)
            && field.name() != "message"
            && !self.writer.has_ansi_escapes()
        {
            self.result = self.write_plain(field.name(), value);
        } else {
            self.with_default(|visitor| visitor.record_str(field, value));
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.with_default(|visitor| visitor.record_error(field, value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.with_default(|visitor| visitor.record_debug(field, value));
    }
}

fn write_members(writer: Writer<'_>, fields: impl RecordFields, before: char) -> fmt::Result {
    let mut members = Members {
        writer,
        before,
        result: Ok(()),
    };

    fields.record(&mut members);
    members.result?;

    if members.before == '{' {
        members.writer.write_char('{')?;
    }

    members.writer.write_char('}')
}

struct Members<'w> {
    writer: Writer<'w>,
    /// What stands before the next member.
    before: char,
    result: fmt::Result,
}

impl Members<'_> {
    fn member(&mut self, field: &Field, value: impl fmt::Display) {
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

impl Visit for Members<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if self.result.is_ok() && is_plain(value) && !field.name().starts_with("r#") {
            self.result = self.write_plain(field.name(), value);
        } else {
            self.member(field, serde_json::Value::from(value));
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.member(field, serde_json::Value::from(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.member(field, serde_json::Value::from(format!("{value:?}")));
    }
}

/// Whether a text stands in quotes as it is; of sixteen bytes at a time, which the compiler can
/// look at together.
fn is_plain(text: &str) -> bool {
    text.as_bytes().chunks(16).all(|run| {
        let is_special =
            |byte: &u8| (*byte < b' ') | (*byte > b'~') | (*byte == b'"') | (*byte == b'\\');
        run.iter()
            .fold(0, |found, byte| found | u8::from(is_special(byte)))
            == 0
    })
}
