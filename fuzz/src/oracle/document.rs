//! A JSON document as a `serde_json::Value`.
//!
//! A `Value` rejects lone surrogates and numbers beyond `f64`, and does not keep how a number was
//! written. The reader under test rejects a lone surrogate only in a string that it reads, and
//! keeps numbers as sent. So the text is marked first: each lone surrogate becomes a character that
//! the document does not contain, and each number a string that starts with another such
//! character. Nothing else changes, so invalid JSON stays invalid.

use s3_dispatch_core::ErrorKind;
use serde::Deserialize;
use serde_json::Value;

/// The two characters that mark one document.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Marks {
    pub(super) lone: char,
    pub(super) number: char,
}

/// The deepest nesting that is allowed.
const MAX_DEPTH: usize = 128;

/// A valid JSON document.
pub(crate) struct Document {
    pub(crate) value: Value,
    pub(crate) marks: Marks,
    /// Whether the name of a member contains a lone surrogate.
    pub(crate) has_lone_name: bool,
}

impl Marks {
    /// Two characters that the document does not contain, or `None` if it contains every
    /// candidate.
    pub(crate) fn absent_from(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let is_absent =
            |mark: &char| !text.contains(*mark) && !lower.contains(&format!("{:x}", *mark as u32));
        let mut candidates = ('\u{fdd0}'..='\u{fdef}').filter(is_absent);

        Some(Self {
            lone: candidates.next()?,
            number: candidates.next()?,
        })
    }
}

/// Parses a document. The error is one of the kinds.
pub(crate) fn open(text: &str, marks: Marks) -> Result<Document, &'static [ErrorKind]> {
    let marked = marked(text, marks);
    let mut deserializer = serde_json::Deserializer::from_str(&marked.text);
    // `marked` limits the depth.
    deserializer.disable_recursion_limit();
    let value =
        Value::deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));

    match value {
        Ok(value) => {
            let has_lone_name = has_lone_name(&value, marks);
            Ok(Document {
                value,
                marks,
                has_lone_name,
            })
        }
        Err(error) if marked.is_cut && error.is_eof() => Err(&[ErrorKind::TooDeep]),
        // It is both, and the documentation does not say which error comes first.
        Err(_) if marked.is_cut => Err(&[ErrorKind::TooDeep, ErrorKind::InvalidJson]),
        Err(_) => Err(&[ErrorKind::InvalidJson]),
    }
}

/// Whether the name of any member contains a lone surrogate.
fn has_lone_name(value: &Value, marks: Marks) -> bool {
    match value {
        Value::Array(elements) => elements.iter().any(|element| has_lone_name(element, marks)),
        Value::Object(members) => members
            .iter()
            .any(|(name, value)| name.contains(marks.lone) || has_lone_name(value, marks)),
        _ => false,
    }
}

struct Marked {
    text: String,
    /// Whether the text ends where it nests too deeply.
    is_cut: bool,
}

fn marked(text: &str, marks: Marks) -> Marked {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let (mut at, mut copied, mut in_text) = (0, 0, false);
    let mut depth = 0;

    while at < bytes.len() {
        let length = match bytes[at] {
            b'"' => {
                in_text = !in_text;
                at += 1;
                continue;
            }
            b'\\' if in_text => match lone_surrogate(&bytes[at..]) {
                Escape::Lone => {
                    out.push_str(&text[copied..at]);
                    out.push(marks.lone);
                    copied = at + 6;
                    6
                }
                Escape::Other(length) => length,
            },
            b'[' | b'{' if !in_text => {
                depth += 1;
                if depth > MAX_DEPTH {
                    out.push_str(&text[copied..=at]);
                    return Marked {
                        text: out,
                        is_cut: true,
                    };
                }

                1
            }
            b']' | b'}' if !in_text => {
                depth = usize::saturating_sub(depth, 1);
                1
            }
            b'-' | b'0'..=b'9' if !in_text => {
                let length = number(&bytes[at..]);
                let is_name = bytes[at + length..]
                    .iter()
                    .find(|byte| !byte.is_ascii_whitespace())
                    == Some(&b':');

                if length > 0 && !is_name {
                    out.push_str(&text[copied..at]);
                    out.extend(['"', marks.number]);
                    out.push_str(&text[at..at + length]);
                    out.push('"');
                    copied = at + length;
                }

                length.max(1)
            }
            _ => 1,
        };

        at += length;
    }

    out.push_str(text.get(copied..).unwrap_or_default());
    Marked {
        text: out,
        is_cut: false,
    }
}

enum Escape {
    Lone,
    Other(usize),
}

/// The escape at the start, with its length in bytes unless it is a lone surrogate.
fn lone_surrogate(bytes: &[u8]) -> Escape {
    match unit(bytes) {
        Some(0xD800..=0xDBFF) => match bytes.get(6..).and_then(unit) {
            Some(0xDC00..=0xDFFF) => Escape::Other(12),
            _ => Escape::Lone,
        },
        Some(0xDC00..=0xDFFF) => Escape::Lone,
        Some(_) => Escape::Other(6),
        // The byte after the backslash belongs to the escape, unless that splits a character.
        None => Escape::Other(if bytes.get(1).is_some_and(u8::is_ascii) {
            2
        } else {
            1
        }),
    }
}

fn unit(bytes: &[u8]) -> Option<u16> {
    let [b'\\', b'u', digits @ ..] = bytes else {
        return None;
    };

    let digits = std::str::from_utf8(digits.get(..4)?).ok()?;

    digits
        .bytes()
        .all(|digit| digit.is_ascii_hexdigit())
        .then(|| u16::from_str_radix(digits, 16).ok())?
}

/// The length of the number at the start, or 0 if there is none.
fn number(bytes: &[u8]) -> usize {
    let digits = |from: usize| {
        bytes[from..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };

    let sign = usize::from(bytes.first() == Some(&b'-'));

    let mut at = match bytes.get(sign) {
        Some(b'0') => sign + 1,
        Some(b'1'..=b'9') => sign + digits(sign),
        _ => return 0,
    };

    if bytes.get(at) == Some(&b'.') && digits(at + 1) > 0 {
        at += 1 + digits(at + 1);
    }

    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        if bytes.len() > at + 1 + sign && digits(at + 1 + sign) > 0 {
            at += 1 + sign + digits(at + 1 + sign);
        }
    }

    at
}
