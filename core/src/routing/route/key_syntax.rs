//! The syntax of key patterns, in `const` functions: the compiler checks the literals of
//! `#[s3_handler]` with them, and `Route` checks what it gets at run time.

use crate::event::CompileError;

/// A piece of a key pattern.
#[derive(Clone, Copy)]
pub(crate) enum Piece<'p> {
    /// A text without braces, or one brace that was written twice.
    Literal(&'p str),
    /// `{name}`, or `{name*}`.
    Part { name: &'p str, is_rest: bool },
    /// A `{` without its `}`.
    Unclosed,
    /// A `}` without its `{`.
    Unopened,
}

/// The piece that starts at this byte, and where the next one starts. `None` at the end.
pub(crate) const fn piece(pattern: &str, start: usize) -> Option<(Piece<'_>, usize)> {
    let bytes = pattern.as_bytes();
    if start >= bytes.len() {
        return None;
    }

    let is_doubled = start + 1 < bytes.len() && bytes[start + 1] == bytes[start];
    let end = match bytes[start] {
        b'{' | b'}' if is_doubled => {
            return Some((Piece::Literal(slice(pattern, start, start + 1)), start + 2));
        }
        b'}' => return Some((Piece::Unopened, start + 1)),
        b'{' => next_brace(bytes, start + 1),
        _ => {
            let end = next_brace(bytes, start);
            return Some((Piece::Literal(slice(pattern, start, end)), end));
        }
    };

    if end == bytes.len() || bytes[end] == b'{' {
        return Some((Piece::Unclosed, end));
    }

    let is_rest = end > start + 1 && bytes[end - 1] == b'*';
    let name_end = if is_rest { end - 1 } else { end };
    let name = slice(pattern, start + 1, name_end);

    Some((Piece::Part { name, is_rest }, end + 1))
}

const fn next_brace(bytes: &[u8], start: usize) -> usize {
    let mut index = start;
    while index < bytes.len() && !matches!(bytes[index], b'{' | b'}') {
        index += 1;
    }

    index
}

const fn slice(text: &str, start: usize, end: usize) -> &str {
    text.split_at(end).0.split_at(start).1
}

/// Fails to compile if the pattern has more than `nth` mistakes, and shows the one with this index.
#[track_caller]
pub(crate) const fn check_key(pattern: &str, nth: usize) {
    if let Some(mistake) = mistake(pattern, nth) {
        mistake.panic()
    }
}

/// The mistake with this index. `None` if there are not so many.
pub(crate) const fn mistake(pattern: &str, nth: usize) -> Option<CompileError> {
    let mut left = nth;
    let mut start = 0;
    // The name of the part that ends where the next piece starts.
    let mut neighbour = None;

    if pattern.is_empty() && nth == 0 {
        let message = "`key` cannot be empty: leave it out to match everything";
        return Some(CompileError::new().push(message));
    }

    while let Some((found, end)) = piece(pattern, start) {
        let mut rule = 0;
        while rule < RULES {
            if let Some(message) = broken_rule(pattern, start, neighbour, rule) {
                if left == 0 {
                    return Some(message);
                }
                left -= 1;
            }
            rule += 1;
        }

        neighbour = match found {
            Piece::Part { name, .. } => Some(name),
            _ => None,
        };
        start = end;
    }

    None
}

const RULES: usize = 4;

/// The message about the piece at this place, if it breaks the rule with this number.
const fn broken_rule(
    pattern: &str,
    start: usize,
    neighbour: Option<&str>,
    rule: usize,
) -> Option<CompileError> {
    let text = CompileError::new();
    let Some((found, end)) = piece(pattern, start) else {
        return None;
    };

    let (name, is_rest) = match (found, rule) {
        (Piece::Part { name, is_rest }, _) => (name, is_rest),
        (Piece::Unclosed, 0) => {
            let advice = "`{` is not closed: write `{name}` for a part, or `{{` for a brace";
            return Some(text.push(advice));
        }
        (Piece::Unopened, 0) => {
            return Some(text.push("`}` is not opened: write `}}` for a brace"));
        }
        _ => return None,
    };

    let text = text.push("`").push(slice(pattern, start, end));
    match (rule, neighbour) {
        (0, _) => wrong_name(name, text),
        (1, _) if !name.is_empty() && is_earlier_part(pattern, start, name) => {
            Some(text.push("` has the name of another part: give each its own"))
        }
        (2, Some(neighbour)) => Some(
            text.push("` follows `{")
                .push(neighbour)
                .push("}` at once: put text between them, such as `/`"),
        ),
        (3, _) if is_rest && end < pattern.len() => {
            Some(text.push("` takes all that is left of the key: move it to the end"))
        }
        _ => None,
    }
}

const fn wrong_name(name: &str, text: CompileError) -> Option<CompileError> {
    match name.as_bytes() {
        [] => Some(text.push("` has no name: write one, such as `{tenant}`")),
        [b'*', ..] => {
            let name = slice(name, 1, name.len());
            let text = text.push("` has the `*` in front: write `{");
            Some(text.push(name).push("*}`"))
        }
        bytes if !is_identifier(bytes) => Some(
            text.push("` is not a name of ASCII letters, digits and `_` that starts with a letter"),
        ),
        _ => None,
    }
}

const fn is_identifier(bytes: &[u8]) -> bool {
    let mut index = 0;
    while index < bytes.len() {
        let byte = bytes[index];
        if !byte.is_ascii_alphabetic() && byte != b'_' && (index == 0 || !byte.is_ascii_digit()) {
            return false;
        }
        index += 1;
    }

    true
}

const fn is_earlier_part(pattern: &str, limit: usize, wanted: &str) -> bool {
    let mut start = 0;
    while start < limit
        && let Some((found, end)) = piece(pattern, start)
    {
        if let Piece::Part { name, .. } = found
            && is_equal(name.as_bytes(), wanted.as_bytes())
        {
            return true;
        }
        start = end;
    }

    false
}

const fn is_equal(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len() && starts_alike(left, right)
}

/// Whether both texts are the same as far as the shorter one goes.
const fn starts_alike(left: &[u8], right: &[u8]) -> bool {
    let mut index = 0;
    while index < left.len() && index < right.len() {
        if left[index] != right[index] {
            return false;
        }
        index += 1;
    }

    true
}

/// Fails to compile if no key can have both the prefix and what the pattern starts with.
#[track_caller]
pub(crate) const fn check_key_prefix(prefix: &str, pattern: &str) {
    let (mut start, mut compared) = (0, 0);
    let wanted = prefix.as_bytes();

    while compared < wanted.len() {
        let (_, rest) = wanted.split_at(compared);
        match piece(pattern, start) {
            Some((Piece::Literal(text), end)) if starts_alike(text.as_bytes(), rest) => {
                compared += text.len();
                start = end;
            }
            Some((Piece::Literal(_), _)) | None => {
                return panic_contradiction("prefix", prefix, pattern);
            }
            Some(_) => return,
        }
    }
}

/// Fails to compile if no key can have both the suffix and what the pattern ends with.
#[track_caller]
pub(crate) const fn check_key_suffix(suffix: &str, pattern: &str, ignores_case: bool) {
    let (wanted, bytes) = (suffix.as_bytes(), pattern.as_bytes());
    let (literal, has_part) = last_literal(pattern);
    let (mut left, mut end) = (wanted.len(), bytes.len());

    while left > 0 && end > literal {
        let (one, other) = (wanted[left - 1], bytes[end - 1]);
        let is_same = one == other || (ignores_case && one.eq_ignore_ascii_case(&other));
        if !is_same {
            return panic_contradiction("suffix", suffix, pattern);
        }

        left -= 1;
        // A brace is written twice.
        end -= if matches!(other, b'{' | b'}') { 2 } else { 1 };
    }

    if left > 0 && !has_part {
        panic_contradiction("suffix", suffix, pattern)
    }
}

/// Where the text behind the last part starts, and whether there is a part.
const fn last_literal(pattern: &str) -> (usize, bool) {
    let (mut start, mut last) = (0, (0, false));
    while let Some((found, end)) = piece(pattern, start) {
        if !matches!(found, Piece::Literal(_)) {
            last = (end, true);
        }
        start = end;
    }

    last
}

#[track_caller]
const fn panic_contradiction(option: &str, text: &str, pattern: &str) {
    CompileError::new()
        .push("no key has both the ")
        .push(option)
        .push(" `")
        .push(text)
        .push("` and the form `")
        .push(pattern)
        .push("`: remove one of them")
        .panic()
}
