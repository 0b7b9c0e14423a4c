//! Writes values as YAML, in the block style that people edit.

use serde_json::{Map, Value};

/// Returns the lines of a value, without a newline at the end. `{"Ref": "Topic"}` and the functions
/// `Fn::Sub` and `Fn::Join` are written in their short form.
pub(super) fn block(value: &Value) -> String {
    if let Some(text) = inline(value) {
        return text;
    }

    let lines: Vec<_> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| member(name, value))
            .collect(),
        Value::Array(items) => items.iter().map(item).collect(),
        _ => Vec::new(),
    };

    lines.join("\n")
}

/// Returns a text as YAML writes it on one line.
pub(super) fn scalar(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }

    // YAML forbids some characters that JSON allows, or takes them for the end of a line.
    let mut quoted = String::new();
    for character in Value::from(text).to_string().chars() {
        match character {
            '\u{7f}'..='\u{9f}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            other => quoted.push(other),
        }
    }

    quoted
}

fn member(name: &str, value: &Value) -> String {
    match inline(value) {
        Some(text) => format!("{}: {text}", scalar(name)),
        None => format!("{}:\n{}", scalar(name), indent(&block(value), "  ", "  ")),
    }
}

fn item(value: &Value) -> String {
    indent(&block(value), "- ", "  ")
}

/// A value that fits on one line.
fn inline(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(scalar(text)),
        Value::Array(items) if items.is_empty() => Some(String::from("[]")),
        Value::Object(members) if members.is_empty() => Some(String::from("{}")),
        Value::Object(members) => function(members),
        Value::Array(_) => None,
        other => Some(other.to_string()),
    }
}

fn function(members: &Map<String, Value>) -> Option<String> {
    let mut members = members.iter();
    let (Some((name, argument)), None) = (members.next(), members.next()) else {
        return None;
    };

    match (&**name, argument) {
        ("Ref", Value::String(text)) => Some(format!("!Ref {}", scalar(text))),
        ("Fn::Sub", Value::String(text)) => Some(format!("!Sub {}", quote(text))),
        ("Fn::Join", Value::Array(arguments)) => Some(format!("!Join {}", flow(arguments))),
        _ => None,
    }
}

/// A list on one line.
fn flow(items: &[Value]) -> String {
    let items: Vec<_> = items
        .iter()
        .map(|item| match item {
            Value::Array(items) => flow(items),
            Value::String(text) => quote(text),
            other => block(other),
        })
        .collect();

    format!("[{}]", items.join(", "))
}

fn quote(text: &str) -> String {
    let written = scalar(text);
    if written.starts_with('"') {
        written
    } else {
        format!("\"{written}\"")
    }
}

/// Whether the text needs no quotes, and nobody reads it as something other than a text.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 8] = ["true", "false", "yes", "no", "on", "off", "null", "y"];

    let is_word = WORDS.iter().any(|word| word.eq_ignore_ascii_case(text));
    let is_safe =
        |character: char| character.is_ascii_alphanumeric() || "_:./-*".contains(character);

    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(is_safe)
        && !text.ends_with(':')
        && !is_word
        && !text.eq_ignore_ascii_case("n")
}

fn indent(lines: &str, first: &str, other: &str) -> String {
    let lines = lines.lines().enumerate();
    let lines = lines.map(|(index, line)| match index {
        0 => format!("{first}{line}"),
        _ => format!("{other}{line}"),
    });

    lines.collect::<Vec<_>>().join("\n")
}
