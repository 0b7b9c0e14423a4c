//! JSON values before they are written, which may be invalid.

use arbitrary::Result;

use super::Bytes;

pub(super) enum Json {
    Raw(String),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// The character that is written as a lone surrogate.
pub(super) const LONE: char = '\u{f8ff}';

/// Writes the value. The style decides how often characters are escaped and where white space is.
pub(super) fn write(u: Bytes<'_, '_>, json: &Json, style: u8, out: &mut String) -> Result<()> {
    match json {
        Json::Raw(raw) => out.push_str(raw),
        Json::Text(text) => write_text(u, text, style, out)?,
        Json::Array(elements) => {
            out.push('[');
            for (index, element) in elements.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                space(u, style, out)?;
                write(u, element, style, out)?;
            }

            space(u, style, out)?;
            out.push(']');
        }
        Json::Object(members) => {
            out.push('{');
            for (index, (name, value)) in members.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                space(u, style, out)?;
                write_text(u, name, style, out)?;
                space(u, style, out)?;
                out.push(':');
                space(u, style, out)?;
                write(u, value, style, out)?;
            }

            space(u, style, out)?;
            out.push('}');
        }
    }

    Ok(())
}

fn space(u: Bytes<'_, '_>, style: u8, out: &mut String) -> Result<()> {
    if style & 3 == 3 {
        out.push_str(u.choose(&["", " ", "\n", "\t \r\n"])?);
    }
    Ok(())
}

fn write_text(u: Bytes<'_, '_>, text: &str, style: u8, out: &mut String) -> Result<()> {
    out.push('"');
    for char in text.chars() {
        let is_escaped = match style >> 4 {
            0..=9 => false,
            10..=13 => u.ratio(1, 16u8)?,
            14 => u.ratio(1, 2u8)?,
            _ => true,
        };

        match char {
            LONE => {
                out.push_str(u.choose(&[r"\ud800", r"\uDC00", r"\udbff\ud800", r"\udfff\ud83d"])?)
            }
            _ if is_escaped => {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    out.push_str(&if style & 4 == 0 {
                        format!("\\u{unit:04x}")
                    } else {
                        format!("\\u{unit:04X}")
                    });
                }
            }
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '/' if style & 8 == 8 => out.push_str("\\/"),
            control if control < ' ' => out.push_str(&format!("\\u{:04x}", control as u32)),
            other => out.push(other),
        }
    }

    out.push('"');
    Ok(())
}
