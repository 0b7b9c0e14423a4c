//! The pattern of a key, matched in one pass.

use std::borrow::Cow;
use std::fmt;

use super::key_syntax::{Piece, mistake, piece};

/// The pattern of a decoded key, such as `tenants/{tenant}/photos/{photo}.jpg`.
///
/// Two patterns are equal if they are written alike.
#[derive(Clone)]
pub(crate) struct KeyPattern {
    source: Cow<'static, str>,
    /// The text before the first part, or the whole key if there is no part.
    first: String,
    parts: Vec<Part>,
}

/// A named part of the key, and the text that follows it.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) name: String,
    extent: Extent,
    /// Empty only for the last part.
    pub(crate) text: String,
    /// How much of the text belongs to the same segment: all that is in front of its first `/`.
    in_segment: usize,
}

/// Where a part ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// At the first place in the segment where the text follows, because another part comes behind.
    FirstPlace,
    /// Where the segment ends, without the text that belongs to it.
    Segment,
    /// Where the key ends.
    Rest,
}

impl KeyPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// Returns all mistakes, at least one.
    pub(crate) fn parse(source: Cow<'static, str>) -> Result<Self, Vec<String>> {
        let mistakes: Vec<_> = (0..)
            .map_while(|nth| mistake(&source, nth))
            .map(|mistake| mistake.as_str().to_owned())
            .collect();
        if !mistakes.is_empty() {
            return Err(mistakes);
        }

        let mut pattern = Self {
            source: Cow::Borrowed(""),
            first: String::new(),
            parts: Vec::new(),
        };
        let mut start = 0;

        while let Some((found, end)) = piece(&source, start) {
            match found {
                Piece::Part { name, is_rest } => pattern.parts.push(Part::new(name, is_rest)),
                Piece::Literal(text) => match pattern.parts.last_mut() {
                    Some(part) => part.text.push_str(text),
                    None => pattern.first.push_str(text),
                },
                Piece::Unclosed | Piece::Unopened => {}
            }
            start = end;
        }

        pattern.find_ends();
        pattern.source = source;
        Ok(pattern)
    }

    fn find_ends(&mut self) {
        let last = self.parts.len().saturating_sub(1);
        for (index, part) in self.parts.iter_mut().enumerate() {
            let slash = part.text.find('/');
            part.in_segment = slash.unwrap_or(part.text.len());
            if part.extent != Extent::Rest && (slash.is_some() || index == last) {
                part.extent = Extent::Segment;
            }
        }
    }

    /// The pattern as it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.source
    }

    /// The parts, in the order of the key.
    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// What each key that matches starts with.
    pub(crate) fn literal_prefix(&self) -> &str {
        &self.first
    }

    /// What each key that matches ends with.
    pub(crate) fn literal_suffix(&self) -> &str {
        self.parts.last().map_or(&*self.first, |part| &*part.text)
    }

    /// Whether the key matches.
    pub(crate) fn matches(&self, key: &str) -> bool {
        self.read(key, |_| {})
    }

    /// Matches the key, and gives the parts in order. If it does not match, the first few parts may
    /// have been given.
    ///
    /// It reads the key once. No part that was found is looked for again: a part that ends at the
    /// first place where its text follows leaves the most for the parts behind it, so no other
    /// choice can match if this one does not. Text is looked for by `str::find`, which takes linear
    /// time. It allocates nothing.
    pub(crate) fn read<'k>(&self, key: &'k str, mut give: impl FnMut(&'k str)) -> bool {
        let Some(mut rest) = key.strip_prefix(&*self.first) else {
            return false;
        };
        let mut segment = segment_len(rest);

        for part in &self.parts {
            let (in_segment, behind) = part.text.split_at(part.in_segment);
            let value = match part.extent {
                Extent::Rest => rest,
                Extent::Segment => match rest[..segment].strip_suffix(in_segment) {
                    Some(value) => value,
                    None => return false,
                },
                Extent::FirstPlace => match first_place(&rest[..segment], in_segment) {
                    Some(value) => value,
                    None => return false,
                },
            };
            if value.is_empty() {
                return false;
            }

            give(value);
            let end = value.len() + in_segment.len();
            let Some(left) = rest[end..].strip_prefix(behind) else {
                return false;
            };

            rest = left;
            segment = match part.extent {
                Extent::FirstPlace => segment - end,
                Extent::Segment => segment_len(rest),
                Extent::Rest => 0,
            };
        }

        rest.is_empty()
    }
}

impl Part {
    fn new(name: &str, is_rest: bool) -> Self {
        Self {
            name: name.to_owned(),
            extent: if is_rest {
                Extent::Rest
            } else {
                Extent::FirstPlace
            },
            text: String::new(),
            in_segment: 0,
        }
    }

    /// Whether the part may have a `/`.
    pub(crate) fn is_rest(&self) -> bool {
        self.extent == Extent::Rest
    }
}

fn segment_len(rest: &str) -> usize {
    rest.find('/').unwrap_or(rest.len())
}

/// What is in front of the text, at least one character.
fn first_place<'k>(segment: &'k str, text: &str) -> Option<&'k str> {
    let first = segment.chars().next()?.len_utf8();
    let found = segment[first..].find(text)?;

    Some(&segment[..first + found])
}

impl PartialEq for KeyPattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for KeyPattern {}

impl fmt::Debug for KeyPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPattern({:?})", self.source)
    }
}
