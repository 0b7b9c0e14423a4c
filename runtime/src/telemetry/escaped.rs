//! Escapes control characters, so that a text from outside cannot forge a line of the log.
//!
//! A key, an error or a panic of a handler may hold a newline or a terminal's escape sequence. So
//! may a value that a handler logs as `%value`. The formats of the logs write them through the
//! types here.

use std::fmt::{self, Debug, Write as _};
use std::io;

/// Writes the value as `Debug` does, with control characters escaped as in Rust: `\n`, `\u{1b}`.
pub(crate) struct Escaped<'v>(pub(crate) &'v dyn Debug);

impl Debug for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(EscapedText(f), "{:?}", self.0)
    }
}

/// Writes texts with control characters escaped as in Rust.
struct EscapedText<W>(W);

impl<W: fmt::Write> fmt::Write for EscapedText<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;

        while let Some(at) = rest.find(is_control) {
            let (before, behind) = rest.split_at(at);
            let mut behind = behind.chars();
            self.0.write_str(before)?;

            if let Some(character) = behind.next() {
                write!(self.0, "{}", character.escape_default())?;
            }

            rest = behind.as_str();
        }

        self.0.write_str(rest)
    }
}

/// Returns a text on one line, with control characters escaped as in Rust.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    EscapedText(&mut escaped)
        .write_str(text)
        .expect("writing to a string cannot fail");

    escaped
}

/// Writes lines of JSON, with the control characters escaped that JSON allows unescaped: DEL, C1
/// (U+0080 to U+009F) and the separators of lines and paragraphs.
///
/// Each call of `write` must hold whole characters, as those of `tracing_subscriber` do: it writes
/// each event at once.
pub(crate) struct EscapedJson<W>(pub(crate) W);

impl<W: io::Write> io::Write for EscapedJson<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Nearly all lines are ASCII, of which JSON leaves only DEL unescaped.
        if bytes.iter().all(|byte| *byte < 0x7f) {
            self.0.write_all(bytes)?;
            return Ok(bytes.len());
        }

        let line = String::from_utf8_lossy(bytes);
        let mut escaped = String::with_capacity(line.len());

        for character in line.chars() {
            if character >= '\u{7f}' && is_control(character) {
                write!(escaped, "\\u{:04x}", u32::from(character)).map_err(io::Error::other)?;
            } else {
                escaped.push(character);
            }
        }

        self.0.write_all(escaped.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Returns whether a character may end a line or control a terminal.
fn is_control(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}
