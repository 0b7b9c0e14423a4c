//! JSON that is scanned whole and interpreted piece by piece.
//!
//! A document is checked for syntax and depth once. Then each object is opened into its named
//! members, the last of duplicates winning, and only the members that are asked for are
//! interpreted. So a value that nobody needs can be of any type, and every complaint knows its
//! path.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::reading::json_error::{syntax_error, write_name};
use crate::text::{Source, Text};
use crate::{Error, ErrorKind};

/// Deeper JSON is refused. AWS's events are less than ten deep.
pub(crate) const MAX_DEPTH: usize = 128;

/// Where a value stands: a list of steps that lives on the stack of the reader.
#[derive(Clone, Copy)]
pub(crate) enum Path<'p> {
    Root,
    Member(&'p Path<'p>, &'static str),
    Index(&'p Path<'p>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => f.write_str("$"),
            Path::Member(parent, name) => {
                parent.fmt(f)?;
                write_name(f, name)
            }
            Path::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// A JSON value whose syntax is right, at its place.
#[derive(Clone, Copy)]
pub(crate) struct Node<'d, 'p> {
    pub(crate) source: &'d Source,
    text: &'d str,
    pub(crate) path: &'p Path<'p>,
}

/// The members of an object that were asked for; `null` counts as absent.
pub(crate) struct Members<'d, 'p, const N: usize> {
    source: &'d Source,
    names: [&'static str; N],
    values: [Option<&'d RawValue>; N],
    path: &'p Path<'p>,
}

/// Checks the syntax and the depth of a whole document.
pub(crate) fn check(source: &Source, path: &Path<'_>) -> Result<(), Error> {
    let text = source.as_str();
    check_depth(text, path)?;

    serde_json::from_str::<IgnoredAny>(text)
        .map(drop)
        .map_err(|error| syntax_error(text, path, &error))
}

impl<'d, 'p> Node<'d, 'p> {
    /// The root of a document that [`check`] accepted.
    pub(crate) fn root(source: &'d Source, path: &'p Path<'p>) -> Self {
        Self {
            source,
            text: source.as_str().trim_ascii(),
            path,
        }
    }

    /// A value of a checked document.
    pub(crate) fn part(source: &'d Source, text: &'d str, path: &'p Path<'p>) -> Self {
        Self { source, text, path }
    }

    pub(crate) fn is_object(&self) -> bool {
        self.text.starts_with('{')
    }

    pub(crate) fn is_array(&self) -> bool {
        self.text.starts_with('[')
    }

    pub(crate) fn is_string(&self) -> bool {
        self.text.starts_with('"')
    }

    /// The value as it stands in its document.
    pub(crate) fn raw(&self) -> Text {
        self.source.text(self.text)
    }

    pub(crate) fn error(&self, kind: ErrorKind, message: &str) -> Error {
        Error::new(kind, message).at(self.path)
    }

    pub(crate) fn members<const N: usize>(
        &self,
        names: [&'static str; N],
    ) -> Result<Members<'d, 'p, N>, Error> {
        if !self.is_object() {
            return Err(self.error(ErrorKind::InvalidField, "expected an object"));
        }

        let mut deserializer = serde_json::Deserializer::from_str(self.text);
        let values = Deserializer::deserialize_map(
            &mut deserializer,
            Open {
                names: &names,
                values: [None; N],
            },
        )
        .map_err(|error| syntax_error(self.text, self.path, &error))?;

        Ok(Members {
            source: self.source,
            names,
            values,
            path: self.path,
        })
    }

    /// Hands each member to `take`, duplicates and all, in the order of the document.
    pub(crate) fn each_member(
        &self,
        take: impl FnMut(Cow<'d, str>, Node<'d, '_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if !self.is_object() {
            return Err(self.error(ErrorKind::InvalidField, "expected an object"));
        }

        self.visit(EachMember {
            source: self.source,
            path: self.path,
            take,
        })
    }

    /// Hands each element to `take`, in order.
    pub(crate) fn each_element(
        &self,
        take: impl FnMut(usize, Node<'d, '_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if !self.is_array() {
            return Err(self.error(ErrorKind::InvalidField, "expected an array"));
        }

        self.visit(EachElement {
            source: self.source,
            path: self.path,
            take,
        })
    }

    /// How many elements or members there are, to make room for exactly so many.
    pub(crate) fn count(&self) -> Result<usize, Error> {
        let mut count = 0;
        if self.is_array() {
            self.each_element(|_, _| {
                count += 1;
                Ok(())
            })?;
        } else {
            self.each_member(|_, _| {
                count += 1;
                Ok(())
            })?;
        }

        Ok(count)
    }

    fn visit(&self, visitor: impl Visitor<'d, Value = Result<(), Error>>) -> Result<(), Error> {
        let mut deserializer = serde_json::Deserializer::from_str(self.text);
        let visited = Deserializer::deserialize_any(&mut deserializer, visitor);
        visited.unwrap_or_else(|error| Err(syntax_error(self.text, self.path, &error)))
    }

    /// A string; borrowed from the document unless it has escapes.
    pub(crate) fn str(&self) -> Result<Cow<'d, str>, Error> {
        if !self.is_string() {
            return Err(self.error(ErrorKind::InvalidField, "expected a string"));
        }

        let quoted = &self.text[1..self.text.len() - 1];
        if !quoted.contains('\\') {
            return Ok(Cow::Borrowed(quoted));
        }

        let unescaped = serde_json::from_str(self.text);
        unescaped
            .map(Cow::Owned)
            .map_err(|_| self.error(ErrorKind::InvalidJson, "a string holds a lone surrogate"))
    }

    /// `None` of `null`.
    pub(crate) fn nullable<T>(
        &self,
        read: impl FnOnce(Self) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        if self.text == "null" {
            Ok(None)
        } else {
            read(*self).map(Some)
        }
    }

    pub(crate) fn text(&self) -> Result<Text, Error> {
        Ok(match self.str()? {
            Cow::Borrowed(text) => self.source.text(text),
            Cow::Owned(text) => Text::from(text),
        })
    }

    /// A whole number, or the text of one; Ceph's documentation and Scality write the latter.
    pub(crate) fn u64(&self) -> Result<u64, Error> {
        let digits = if self.is_string() {
            self.str()?
        } else {
            Cow::Borrowed(self.text)
        };

        digits
            .parse()
            .map_err(|_| self.error(ErrorKind::InvalidField, "expected a whole number"))
    }

    /// As [`u64`](Self::u64), as written.
    pub(crate) fn digits(&self) -> Result<Text, Error> {
        if self.is_string() {
            self.text()
        } else {
            self.u64().map(|_| self.raw())
        }
    }

    /// A flag; `None` when it is empty.
    pub(crate) fn bool(&self) -> Result<Option<bool>, Error> {
        match self.text {
            "true" => Ok(Some(true)),
            "false" => Ok(Some(false)),
            "\"\"" => Ok(None),
            _ => Err(self.error(ErrorKind::InvalidField, "expected true or false")),
        }
    }
}

impl<'d, 'p, const N: usize> Members<'d, 'p, N> {
    /// What `read` makes of the member at its place; `None` when it is absent or `null`.
    pub(crate) fn get<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(Node<'d, '_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let value = self
            .names
            .iter()
            .position(|known| *known == name)
            .and_then(|index| self.values[index]);

        let path = Path::Member(self.path, name);

        value
            .map(|value| {
                read(Node {
                    source: self.source,
                    text: value.get(),
                    path: &path,
                })
            })
            .transpose()
    }

    /// The member as a text; `None` when it is absent, `null` or empty.
    pub(crate) fn text<T>(
        &self,
        name: &'static str,
        make: impl FnOnce(Text) -> T,
    ) -> Result<Option<T>, Error> {
        let text = self.get(name, |node| node.text())?;
        Ok(text.filter(|text| !text.as_str().is_empty()).map(make))
    }

    /// As [`text`](Self::text), where absence is an error.
    pub(crate) fn required_text<T>(
        &self,
        name: &'static str,
        make: impl FnOnce(Text) -> T,
    ) -> Result<T, Error> {
        self.text(name, make)?.ok_or_else(|| self.missing(name))
    }

    pub(crate) fn u64(&self, name: &'static str) -> Result<Option<u64>, Error> {
        let value = self.get(name, |node| {
            if node.text == "\"\"" {
                Ok(None)
            } else {
                node.u64().map(Some)
            }
        })?;

        Ok(value.flatten())
    }

    pub(crate) fn has(&self, name: &'static str) -> bool {
        self.names
            .iter()
            .position(|known| *known == name)
            .is_some_and(|index| self.values[index].is_some())
    }

    pub(crate) fn missing(&self, name: &'static str) -> Error {
        Error::new(
            ErrorKind::MissingField,
            "a required field is absent or empty",
        )
        .at(Path::Member(self.path, name))
    }
}

/// Opens one object.
struct Open<'n, 'd, const N: usize> {
    names: &'n [&'static str; N],
    values: [Option<&'d RawValue>; N],
}

impl<'d, const N: usize> Visitor<'d> for Open<'_, 'd, N> {
    type Value = [Option<&'d RawValue>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'d>>(mut self, mut map: A) -> Result<Self::Value, A::Error> {
        while let Some(name) = map.next_key::<Name<'d>>()? {
            match self.names.iter().position(|known| *known == name.0) {
                Some(index) => {
                    let value: &RawValue = map.next_value()?;
                    self.values[index] = (value.get() != "null").then_some(value);
                }
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }

        Ok(self.values)
    }
}

/// Opens one object, of whatever members.
struct EachMember<'d, 'p, F> {
    source: &'d Source,
    path: &'p Path<'p>,
    take: F,
}

impl<'d, F: FnMut(Cow<'d, str>, Node<'d, '_>) -> Result<(), Error>> Visitor<'d>
    for EachMember<'d, '_, F>
{
    type Value = Result<(), Error>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'d>>(mut self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut taken = Ok(());
        while let Some((name, value)) = map.next_entry::<Name<'d>, &RawValue>()? {
            // The rest is passed over: a visitor must come to the end.
            if taken.is_ok() {
                taken = (self.take)(
                    name.0,
                    Node {
                        source: self.source,
                        text: value.get(),
                        path: self.path,
                    },
                );
            }
        }

        Ok(taken)
    }
}

/// Opens one array.
struct EachElement<'d, 'p, F> {
    source: &'d Source,
    path: &'p Path<'p>,
    take: F,
}

impl<'d, F: FnMut(usize, Node<'d, '_>) -> Result<(), Error>> Visitor<'d>
    for EachElement<'d, '_, F>
{
    type Value = Result<(), Error>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'d>>(mut self, mut seq: A) -> Result<Self::Value, A::Error> {
        let (mut taken, mut index) = (Ok(()), 0);
        while let Some(value) = seq.next_element::<&RawValue>()? {
            if taken.is_ok() {
                let path = Path::Index(self.path, index);
                taken = (self.take)(
                    index,
                    Node {
                        source: self.source,
                        text: value.get(),
                        path: &path,
                    },
                );
            }

            index += 1;
        }

        Ok(taken)
    }
}

/// The name of a member, borrowed unless it has escapes.
pub(crate) struct Name<'d>(pub(crate) Cow<'d, str>);

impl<'d> Deserialize<'d> for Name<'d> {
    fn deserialize<D: Deserializer<'d>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl<'d> Visitor<'d> for NameVisitor {
            type Value = Name<'d>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'d str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }

        deserializer.deserialize_str(NameVisitor)
    }
}

/// Counts brackets outside of strings, which needs neither recursion nor memory.
fn check_depth(text: &str, path: &Path<'_>) -> Result<(), Error> {
    // A piece is as long as can be counted in a byte, so that many bytes are compared at once.
    let count = |piece: &[u8]| {
        piece
            .iter()
            .map(|byte| u8::from(matches!(byte, b'{' | b'[')))
            .sum::<u8>()
    };

    let open: usize = text
        .as_bytes()
        .chunks(u8::MAX.into())
        .map(|piece| usize::from(count(piece)))
        .sum();

    if open <= MAX_DEPTH {
        return Ok(());
    }

    let mut depth = 0usize;
    let mut bytes = text.bytes();

    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(Error::new(ErrorKind::TooDeep, "the JSON nests too deep").at(path));
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => loop {
                match bytes.next() {
                    Some(b'\\') => drop(bytes.next()),
                    Some(b'"') | None => break,
                    Some(_) => {}
                }
            },
            _ => {}
        }
    }

    Ok(())
}
