//! The content of JSON strings.

use crate::plain::{RUN, plain_len};

/// What the content of a JSON string says, whose escapes are known to be well formed. `None` when one is a lone surrogate.
pub(crate) fn unescape(content: &str) -> Option<String> {
    let mut text = Vec::with_capacity(content.len() + RUN);
    let mut rest = content.as_bytes();
    loop {
        while let Some(run) = rest.first_chunk::<RUN>() {
            // Copied whole, since that is one instruction.
            text.extend_from_slice(run);
            let plain = plain_len(run);
            text.truncate(text.len() - RUN + plain);
            rest = &rest[plain..];
            if plain < RUN {
                break;
            }
        }
        rest = match rest {
            [] => return String::from_utf8(text).ok(),
            [b'\\', b'u', ..] => unescape_code_units(&mut text, rest)?,
            [b'\\', escaped, rest @ ..] => {
                text.push(match escaped {
                    b'b' => 0x08,
                    b'f' => 0x0c,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    quoted => *quoted,
                });
                rest
            }
            [plain, rest @ ..] => {
                text.push(*plain);
                rest
            }
        };
    }
}

/// Takes the `\uXXXX` that follow each other here, of which two may be one character.
fn unescape_code_units<'c>(text: &mut Vec<u8>, escapes: &'c [u8]) -> Option<&'c [u8]> {
    const LEN: usize = r"\uXXXX".len();
    let mut rest = escapes;
    let mut units = Vec::new();
    while let Some((escape, behind)) = rest.split_first_chunk::<LEN>()
        && let Some(digits) = escape.strip_prefix(br"\u")
    {
        units.push(u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = behind;
    }
    text.extend_from_slice(String::from_utf16(&units).ok()?.as_bytes());
    Some(rest)
}
