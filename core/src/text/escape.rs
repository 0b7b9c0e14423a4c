//! Removes the escapes from JSON strings.

use crate::text::search::{RUN, plain_len_of_run};

/// Unescapes the content of a JSON string up to its closing quote, and returns its escaped length.
/// `None` when an escape is malformed or a lone surrogate.
pub(crate) fn unescape_string<const LEVEL: usize>(string: &[u8]) -> Option<(String, usize)> {
    // `string` may be the rest of a payload.
    const USUAL: usize = 1024;

    let mut text = Vec::with_capacity(string.len().min(USUAL));
    let len = unescape_into::<LEVEL>(&mut text, string)?;
    Some((String::from_utf8(text).ok()?, len))
}

/// Unescapes the content of a JSON string.
pub(crate) fn unescape(content: &str) -> Option<String> {
    unescape_string::<0>(content.as_bytes()).map(|(text, _)| text)
}

/// Appends the unescaped content of a JSON string up to its closing quote, and returns its escaped
/// length. `LEVEL` is 1 when the string is written inside another one, with each backslash and
/// quote escaped once more. If the result is `None`, the appended text is incomplete.
pub(crate) fn unescape_into<const LEVEL: usize>(
    text: &mut Vec<u8>,
    string: &[u8],
) -> Option<usize> {
    let mut rest = string;
    loop {
        // Escapes often follow each other.
        while rest.first() != Some(&b'\\')
            && let Some(run) = rest.first_chunk::<RUN>()
        {
            // Copying the whole run takes one instruction.
            text.extend_from_slice(run);
            let plain = plain_len_of_run(run);
            text.truncate(text.len() - RUN + plain);
            rest = &rest[plain..];

            if plain < RUN {
                break;
            }
        }

        rest = match (LEVEL, rest) {
            (_, [] | [b'"', ..]) | (1, [b'\\', b'"', ..]) => {
                return Some(string.len() - rest.len());
            }
            (_, [0..0x20, ..]) => return None,
            (0, [b'\\', b'u', ..]) | (1, [b'\\', b'\\', b'u', ..]) => {
                unescape_character::<LEVEL>(text, rest)?
            }
            (1, [b'\\', b'\\', b'\\', escaped, rest @ ..]) => {
                text.push(Some(*escaped).filter(|escaped| matches!(escaped, b'"' | b'\\'))?);
                rest
            }
            (1, [b'\\', b'\\', b'"', ..]) => return None,
            (0, [b'\\', escaped, rest @ ..]) | (1, [b'\\', b'\\', escaped, rest @ ..]) => {
                text.push(unescape_byte(*escaped)?);
                rest
            }
            (_, [b'\\', ..]) => return None,
            (_, [plain, rest @ ..]) => {
                text.push(*plain);
                rest
            }
        };
    }
}

fn unescape_byte(escaped: u8) -> Option<u8> {
    Some(match escaped {
        b'"' | b'\\' | b'/' => escaped,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        _ => return None,
    })
}

/// Takes the `\uXXXX` at the start, and the next one if the two are a surrogate pair.
fn unescape_character<'s, const LEVEL: usize>(
    text: &mut Vec<u8>,
    escapes: &'s [u8],
) -> Option<&'s [u8]> {
    let (unit, mut rest) = code_unit::<LEVEL>(escapes)?;
    let char = match char::from_u32(unit.into()) {
        Some(char) => char,
        None => {
            let low;
            (low, rest) = code_unit::<LEVEL>(rest)?;
            char::decode_utf16([unit, low]).next()?.ok()?
        }
    };

    if char.is_ascii() {
        text.push(char as u8);
    } else {
        text.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
    }

    Some(rest)
}

fn code_unit<const LEVEL: usize>(escapes: &[u8]) -> Option<(u16, &[u8])> {
    let escape = if LEVEL == 0 {
        escapes
    } else {
        escapes.strip_prefix(br"\")?
    };

    let [b'\\', b'u', first, second, third, fourth, rest @ ..] = escape else {
        return None;
    };

    Some((hexadecimal([*first, *second, *third, *fourth])?, rest))
}

/// Parses up to four hexadecimal digits.
pub(crate) fn hexadecimal<const DIGITS: usize>(digits: [u8; DIGITS]) -> Option<u16> {
    const NONE: u8 = 16;
    const VALUES: [u8; 256] = {
        let mut values = [NONE; 256];
        let mut byte = 0;
        while byte < values.len() {
            if let Some(value) = char::to_digit(byte as u8 as char, 16) {
                values[byte] = value as u8;
            }
            byte += 1;
        }

        values
    };

    let values = digits.map(|digit| VALUES[usize::from(digit)]);
    let is_number = values.iter().fold(0, |all, value| all | value) < NONE;
    is_number.then(|| {
        values
            .iter()
            .fold(0, |number, value| number << 4 | u16::from(*value))
    })
}
