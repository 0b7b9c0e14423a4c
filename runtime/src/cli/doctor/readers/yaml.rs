//! YAML, with the short forms of CloudFormation's functions in their long form.

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use serde_json::{Map, Number, Value, json};

use super::ReadError;

/// Nested deeper than any template, and not so deep that the reader would run out of stack.
const DEEPEST: usize = 100;

/// More values than these are not copied by aliases: a few lines of them can ask for gigabytes.
const MOST_COPIED: usize = 100_000;

/// Parses the first document. JSON is YAML too.
pub(super) fn parse(text: &str) -> Result<Value, ReadError> {
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        anchors: Vec::new(),
        copied: 0,
    };

    loop {
        match reader.next()? {
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
            Event::StreamEnd | Event::DocumentEnd => return Err("it is empty".to_owned()),
            first => return reader.value(first, 0),
        }
    }
}

struct Reader<'t> {
    parser: Parser<'t, saphyr_parser::StrInput<'t>>,
    anchors: Vec<(usize, Value)>,
    /// How many values aliases have copied.
    copied: usize,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<Event<'t>, ReadError> {
        match self.parser.next_event() {
            Some(Ok((event, _))) => Ok(event),
            Some(Err(error)) => Err(format!("it is not YAML: {error}")),
            None => Ok(Event::StreamEnd),
        }
    }

    fn value(&mut self, event: Event<'t>, depth: usize) -> Result<Value, ReadError> {
        if depth > DEEPEST {
            return Err(format!("it is nested more than {DEEPEST} deep"));
        }

        let (anchor, tag, value) = match event {
            Event::Alias(anchor) => {
                let known = self.anchors.iter().rev().find(|(own, _)| *own == anchor);
                let value = known.map_or(&Value::Null, |(_, value)| value);
                self.copied += count(value);
                if self.copied > MOST_COPIED {
                    return Err("its aliases copy too much".to_owned());
                }
                return Ok(value.clone());
            }
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.as_deref().and_then(function);
                let is_text = style != ScalarStyle::Plain || tag.is_some();
                let value = if is_text { json!(text) } else { scalar(&text) };
                (anchor, tag, value)
            }
            Event::SequenceStart(anchor, tag) => {
                (anchor, tag.as_deref().and_then(function), self.list(depth)?)
            }
            Event::MappingStart(anchor, tag) => {
                (anchor, tag.as_deref().and_then(function), self.map(depth)?)
            }
            _ => return Err("it is not YAML: it ends too early".to_owned()),
        };

        let value = match tag {
            Some(name) => long_form(&name, value),
            None => value,
        };
        if anchor > 0 {
            self.anchors.push((anchor, value.clone()));
        }

        Ok(value)
    }

    fn list(&mut self, depth: usize) -> Result<Value, ReadError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                Event::SequenceEnd => return Ok(Value::Array(items)),
                event => items.push(self.value(event, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, ReadError> {
        let mut members = Map::new();
        loop {
            let name = match self.next()? {
                Event::MappingEnd => return Ok(Value::Object(members)),
                Event::Scalar(name, ..) => name.into_owned(),
                event => self.value(event, depth + 1)?.to_string(),
            };
            let event = self.next()?;
            let value = self.value(event, depth + 1)?;
            members.insert(name, value);
        }
    }
}

/// The number of values in a value.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        _ => 0,
    }
}

/// The name of a function of CloudFormation, such as `Sub` for `!Sub`.
fn function(tag: &Tag) -> Option<String> {
    (tag.handle == "!" && !tag.suffix.is_empty()).then(|| tag.suffix.clone())
}

/// `!Ref a` is `{"Ref": "a"}`, and `!GetAtt a.Arn` is `{"Fn::GetAtt": ["a", "Arn"]}`.
fn long_form(name: &str, value: Value) -> Value {
    match (name, &value) {
        ("Ref" | "Condition", _) => json!({ name: value }),
        ("GetAtt", Value::String(path)) => {
            let (resource, attribute) = path.split_once('.').unwrap_or((path, ""));
            json!({"Fn::GetAtt": [resource, attribute]})
        }
        _ => json!({ format!("Fn::{name}"): value }),
    }
}

/// A plain scalar, by the rules of YAML's core schema.
fn scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }

    if let Ok(whole) = text.parse::<i64>() {
        return json!(whole);
    }
    let is_number = text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first));
    match text
        .parse::<f64>()
        .ok()
        .filter(|_| is_number)
        .and_then(Number::from_f64)
    {
        Some(number) => Value::Number(number),
        None => json!(text),
    }
}
