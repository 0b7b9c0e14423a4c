//! The content of JSON strings.

use crate::plain::{RUN, plain_len};

/// What the content of a JSON string says, whose escapes are known to be well formed. `None` when one is a lone surrogate.
pub(crate) fn unescape(content: &str) -> Option<String> {
    let mut text = Vec::with_capacity(content.len() + RUN);
    let mut rest = content.as_bytes();
    loop {
        // Escapes often follow each other.
        while rest.first() != Some(&b'\\')
            && let Some(run) = rest.first_chunk::<RUN>()
        {
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
            [b'\\', b'u', ..] => unescape_code_unit(&mut text, rest)?,
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

/// Takes the `\uXXXX` that stands here, and the next if only both are one character.
fn unescape_code_unit<'c>(text: &mut Vec<u8>, escapes: &'c [u8]) -> Option<&'c [u8]> {
    let (unit, rest) = code_unit(escapes)?;
    if let Some(char) = char::from_u32(unit.into()) {
        text.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
        return Some(rest);
    }
    let (low, rest) = code_unit(rest)?;
    let char = char::decode_utf16([unit, low]).next()?.ok()?;
    text.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
    Some(rest)
}

fn code_unit(escapes: &[u8]) -> Option<(u16, &[u8])> {
    let (escape, rest) = escapes.split_first_chunk::<6>()?;
    let [b'\\', b'u', digits @ ..] = escape else { return None };
    let mut unit = 0;
    for digit in digits {
        unit = unit << 4 | char::from(*digit).to_digit(16)?;
    }
    Some((unit as u16, rest))
}
