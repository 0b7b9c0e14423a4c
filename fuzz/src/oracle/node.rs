//! A value of a document, and the mistakes in it.

use s3_dispatch_core::ErrorKind;
use serde_json::Value;

use super::document::{Document, Marks};

/// A mistake and its place. If a message has several, the reader under test reports any of them.
#[derive(Debug, Clone)]
pub struct Mistake {
    /// The kind of the error.
    pub kind: ErrorKind,
    /// The path of the value, or for a syntax error the path of its document.
    pub path: String,
    /// Whether the reader under test may accept it, because it is known to differ, or because the
    /// documentation does not say.
    pub is_doubtful: bool,
}

/// A value and its path.
#[derive(Debug, Clone)]
pub(crate) struct Node<'v> {
    pub(crate) value: &'v Value,
    pub(crate) marks: Marks,
    pub(crate) path: String,
}

/// A value as it is written.
pub(crate) enum Kind<'v> {
    Null,
    Bool(bool),
    Number(&'v str),
    /// `None` if it contains a lone surrogate.
    Text(Option<&'v str>),
    Array(&'v [Value]),
    Object,
}

/// The path of a member.
pub(crate) fn member_path(path: &str, name: &str) -> String {
    let is_plain = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if !name.is_empty() && is_plain(name) && !name.as_bytes()[0].is_ascii_digit() {
        format!("{path}.{name}")
    } else {
        format!("{path}[{}]", Value::from(name))
    }
}

impl Mistake {
    pub(crate) fn new(kind: ErrorKind, path: impl Into<String>) -> Self {
        Self {
            kind,
            path: path.into(),
            is_doubtful: false,
        }
    }

    pub(crate) fn doubtful(self) -> Self {
        Self {
            is_doubtful: true,
            ..self
        }
    }
}

impl<'v> Node<'v> {
    pub(crate) fn root(document: &'v Document, path: &str) -> Self {
        let Document { value, marks, .. } = document;
        Self {
            value,
            marks: *marks,
            path: path.to_owned(),
        }
    }

    fn inside(&self, value: &'v Value, path: String) -> Self {
        Self {
            value,
            path,
            ..*self
        }
    }

    pub(crate) fn kind(&self) -> Kind<'v> {
        match self.value {
            Value::Null => Kind::Null,
            Value::Bool(bool) => Kind::Bool(*bool),
            Value::Number(_) => unreachable!("every number was marked"),
            Value::String(text) => match text.strip_prefix(self.marks.number) {
                Some(number) => Kind::Number(number),
                None => Kind::Text(self.readable(text)),
            },
            Value::Array(elements) => Kind::Array(elements),
            Value::Object(_) => Kind::Object,
        }
    }

    /// The text, or `None` if it contains a lone surrogate.
    pub(crate) fn readable<'t>(&self, text: &'t str) -> Option<&'t str> {
        (!text.contains(self.marks.lone)).then_some(text)
    }

    /// A member, or `None` if it is absent or `null`.
    pub(crate) fn get(&self, name: &str) -> Option<Self> {
        let value = self.value.as_object()?.get(name)?;
        (!value.is_null()).then(|| self.inside(value, member_path(&self.path, name)))
    }

    /// Whether the member is this string. A lone surrogate is a mistake, another type is not.
    pub(crate) fn is_text(&self, name: &str, expected: &str) -> Result<bool, Mistake> {
        match self.get(name).map(|member| (member.kind(), member)) {
            Some((Kind::Text(None), member)) => Err(member.mistake(ErrorKind::InvalidJson)),
            Some((Kind::Text(Some(text)), _)) => Ok(text == expected),
            _ => Ok(false),
        }
    }

    pub(crate) fn is_object(&self) -> bool {
        self.value.is_object()
    }

    /// The elements of an array.
    pub(crate) fn elements(&self) -> Option<Vec<Self>> {
        let Kind::Array(elements) = self.kind() else {
            return None;
        };

        let element = |(index, value)| self.inside(value, format!("{}[{index}]", self.path));

        Some(elements.iter().enumerate().map(element).collect())
    }

    pub(crate) fn mistake(&self, kind: ErrorKind) -> Mistake {
        Mistake::new(kind, &*self.path)
    }

    pub(crate) fn missing(&self, name: &str) -> Mistake {
        Mistake::new(ErrorKind::MissingField, member_path(&self.path, name))
    }

    /// A string, or `None` if it is absent, `null` or empty.
    pub(crate) fn text(&self, name: &str, mistakes: &mut Vec<Mistake>) -> Option<String> {
        let member = self.get(name)?;
        match member.kind() {
            Kind::Text(Some("")) => {}
            Kind::Text(Some(text)) => return Some(text.to_owned()),
            Kind::Text(None) => mistakes.push(member.mistake(ErrorKind::InvalidJson)),
            _ => mistakes.push(member.mistake(ErrorKind::InvalidField)),
        }

        None
    }

    /// A string that is required.
    pub(crate) fn required_text(&self, name: &str, mistakes: &mut Vec<Mistake>) -> Option<String> {
        let before = mistakes.len();
        let text = self.text(name, mistakes);

        if text.is_none() && mistakes.len() == before {
            mistakes.push(self.missing(name));
        }

        text
    }

    /// A natural number, written as a number or as a string.
    pub(crate) fn natural(&self, name: &str, mistakes: &mut Vec<Mistake>) -> Option<String> {
        let member = self.get(name)?;
        let text = match member.kind() {
            Kind::Number(text) | Kind::Text(Some(text)) => text,
            Kind::Text(None) => {
                mistakes.push(member.mistake(ErrorKind::InvalidJson));
                return None;
            }
            _ => "not a number",
        };

        match text.parse::<u64>() {
            _ if text.is_empty() => None,
            Ok(number) => Some(number.to_string()),
            Err(_) => {
                mistakes.push(member.mistake(ErrorKind::InvalidField));
                None
            }
        }
    }

    /// A number or a string that has nothing but digits, as it is written.
    pub(crate) fn digits(&self, name: &str) -> Option<String> {
        let member = self.get(name)?;
        let (Kind::Number(text) | Kind::Text(Some(text))) = member.kind() else {
            return None;
        };
        let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());

        is_digits.then(|| text.to_owned())
    }

    /// A string, or a natural number as it is written.
    pub(crate) fn text_or_natural(
        &self,
        name: &str,
        mistakes: &mut Vec<Mistake>,
    ) -> Option<String> {
        match self.get(name)?.kind() {
            Kind::Number(_) => self.natural(name, mistakes),
            _ => self.text(name, mistakes),
        }
    }

    pub(crate) fn bool(&self, name: &str, mistakes: &mut Vec<Mistake>) -> Option<String> {
        let member = self.get(name)?;
        match member.kind() {
            Kind::Bool(bool) => return Some(bool.to_string()),
            Kind::Text(Some("")) => {}
            _ => mistakes.push(member.mistake(ErrorKind::InvalidField)),
        }

        None
    }

    /// An object, or `None` if it is absent or `null`.
    pub(crate) fn object(&self, name: &str, mistakes: &mut Vec<Mistake>) -> Option<Self> {
        let member = self.get(name)?;
        if member.is_object() {
            return Some(member);
        }

        mistakes.push(member.mistake(ErrorKind::InvalidField));
        None
    }
}
