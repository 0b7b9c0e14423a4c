//! Escapes control characters, so that a text from outside cannot forge a line of the log.
//!
//! A key, an error or a panic of a handler may hold a newline or a terminal's escape sequence. So
//! may a value that a handler logs as `%value`. The formats of the logs write them through the
//! functions here.

/// Returns a text on one line, with control characters escaped as in Rust: `\n`, `\u{1b}`.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    push_escaped(&mut escaped, text);

    escaped
}

/// Appends a text as [`escape`] returns it.
pub(super) fn push_escaped(line: &mut String, text: &str) {
    let mut rest = text;

    while let Some(at) = rest.find(is_control) {
        let (before, behind) = rest.split_at(at);
        let mut behind = behind.chars();
        line.push_str(before);
        line.extend(behind.next().into_iter().flat_map(char::escape_default));
        rest = behind.as_str();
    }

    line.push_str(rest);
}

/// Returns whether a character may end a line or control a terminal.
pub(super) fn is_control(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}

/// Returns whether a text can be quoted without escapes, in Rust and in JSON.
///
/// It checks 16 bytes at a time, without branches, so that the compiler can use SIMD. The last ones
/// may be among those before them. Many texts of a line are short, so 8 bytes are enough for it.
pub(super) fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();

    if let Some(last) = bytes.last_chunk::<16>() {
        let (chunks, _) = bytes.as_chunks();
        return chunks.iter().chain([last]).all(has_no_special);
    }

    match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(first), Some(last)) => has_no_special(first) && has_no_special(last),
        _ => !bytes.iter().any(is_special),
    }
}

fn has_no_special<const LEN: usize>(chunk: &[u8; LEN]) -> bool {
    let found = chunk
        .iter()
        .fold(0, |found, byte| found | u8::from(is_special(byte)));

    found == 0
}

fn is_special(byte: &u8) -> bool {
    (*byte < b' ') | (*byte > b'~') | (*byte == b'"') | (*byte == b'\\')
}
