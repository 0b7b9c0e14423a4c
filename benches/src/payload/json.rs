//! JSON that keeps the order of members, and duplicates.

use std::fmt::{self, Write};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A JSON value.
#[derive(Debug, Clone)]
pub(crate) enum Json {
    Object(Vec<(String, Json)>),
    Array(Vec<Json>),
    Text(String),
    /// A number, a boolean or null.
    Word(String),
}

/// The way JSON is written.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Style {
    pub(crate) spaced: bool,
    pub(crate) escapes: Escapes,
}

/// The characters of names and strings that are escaped.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Escapes {
    /// Only those that must be.
    #[default]
    Needed,
    /// Also `/` as `\/`, and capital letters as `\u0041`.
    More,
    /// Quotation marks as `\u0022` instead of `\"`.
    Quotes,
    /// Every character, as `\u0041`.
    All,
}

impl Json {
    /// Reads the JSON of a builder.
    pub(crate) fn read(text: &str) -> Self {
        serde_json::from_str(text).expect("a builder writes JSON")
    }

    pub(crate) fn write(&self, style: Style) -> String {
        let mut out = String::new();
        self.write_to(&mut out, style, 0);
        out
    }

    fn write_to(&self, out: &mut String, style: Style, depth: usize) {
        match self {
            Self::Object(members) => list(
                out,
                style,
                depth,
                ['{', '}'],
                members,
                |out, (name, value)| {
                    text(out, name, style.escapes);
                    out.push_str(if style.spaced { " : " } else { ":" });
                    value.write_to(out, style, depth + 1);
                },
            ),
            Self::Array(items) => {
                list(out, style, depth, ['[', ']'], items, |out, item| {
                    item.write_to(out, style, depth + 1)
                });
            }
            Self::Text(value) => text(out, value, style.escapes),
            Self::Word(word) => out.push_str(word),
        }
    }
}

fn list<T>(
    out: &mut String,
    style: Style,
    depth: usize,
    [open, close]: [char; 2],
    items: &[T],
    mut write: impl FnMut(&mut String, &T),
) {
    let line = |out: &mut String, depth: usize| {
        if style.spaced {
            out.push_str("\r\n");
            out.push_str(&"    ".repeat(depth));
        }
    };

    out.push(open);

    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }

        line(out, depth + 1);
        write(out, item);
    }

    line(out, depth);
    out.push(close);
}

fn text(out: &mut String, text: &str, escapes: Escapes) {
    out.push('"');
    for character in text.chars() {
        let by_number = match escapes {
            Escapes::Needed => false,
            Escapes::More => character.is_ascii_uppercase(),
            Escapes::Quotes => character == '"',
            Escapes::All => true,
        };

        if by_number {
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}").expect("writing to a string cannot fail");
            }
            continue;
        }

        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\r' => out.push_str("\\r"),
            '\n' => out.push_str("\\n"),
            '/' if matches!(escapes, Escapes::More) => out.push_str("\\/"),
            other => out.push(other),
        }
    }

    out.push('"');
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyJson;

        impl<'de> Visitor<'de> for AnyJson {
            type Value = Json;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }

                Ok(Json::Object(members))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
                let mut array = Vec::new();
                while let Some(item) = items.next_element()? {
                    array.push(item);
                }

                Ok(Json::Array(array))
            }

            fn visit_str<E>(self, text: &str) -> Result<Json, E> {
                Ok(Json::Text(text.to_owned()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
                Ok(Json::Word(number.to_string()))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
                Ok(Json::Word(value.to_string()))
            }

            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json::Word("null".to_owned()))
            }
        }

        deserializer.deserialize_any(AnyJson)
    }
}
