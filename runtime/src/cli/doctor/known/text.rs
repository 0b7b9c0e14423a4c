//! Texts with open places.

use super::answer::Answer;
use super::glob::matches_glob;

/// A text, such as an ARN, of which parts may be open.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Text(Vec<Part>);

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    Literal(String),
    /// An identity (the ARN, the name, the URL) of the resource with this address.
    Of(String),
    Unknown,
}

impl Text {
    pub(crate) fn new(parts: Vec<Part>) -> Self {
        let mut joined: Vec<Part> = Vec::new();
        for part in parts {
            match (joined.last_mut(), part) {
                (_, Part::Literal(text)) if text.is_empty() => {}
                (Some(Part::Literal(last)), Part::Literal(text)) => last.push_str(&text),
                (_, part) => joined.push(part),
            }
        }

        Self(joined)
    }

    pub(crate) fn literal(text: impl Into<String>) -> Self {
        Self::new(vec![Part::Literal(text.into())])
    }

    /// An identity of a resource.
    pub(crate) fn of(address: &str) -> Self {
        Self(vec![Part::Of(address.to_owned())])
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.0
    }

    /// The text, if all of it is known.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.0[..] {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The address of the resource of which the whole text is an identity.
    pub(crate) fn resource(&self) -> Option<&str> {
        match &self.0[..] {
            [Part::Of(address)] => Some(address),
            _ => None,
        }
    }

    /// The text with `*` for each open place.
    pub(crate) fn with_stars(&self) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Literal(text) => text.as_str(),
            Part::Of(_) | Part::Unknown => "*",
        });
        parts.collect()
    }

    /// The bucket and the key of an S3 ARN: what follows `:s3:::`. Any other text as it is.
    pub(crate) fn bucket_and_key(&self) -> Self {
        const SERVICE: &str = ":s3:::";

        for (index, part) in self.0.iter().enumerate() {
            if let Part::Literal(text) = part
                && let Some((_, rest)) = text.split_once(SERVICE)
            {
                let first = Part::Literal(rest.to_owned());
                let others = self.0[index + 1..].iter().cloned();
                return Self::new(std::iter::once(first).chain(others).collect());
            }
        }

        self.clone()
    }

    /// Whether this pattern, in which `*` and `?` are wildcards, matches the other text.
    pub(crate) fn matches(&self, other: &Self) -> Answer {
        match (self.as_str(), other.as_str()) {
            (Some("*"), _) => return Answer::Yes,
            (Some(pattern), Some(text)) => return matches_glob(pattern, text).into(),
            _ => {}
        }

        if let (Some(own), Some(other)) = (self.resource(), other.resource()) {
            return Answer::from(own == other);
        }

        if self.0 == other.0 && !self.0.contains(&Part::Unknown) {
            return Answer::Yes;
        }

        self.matches_tail(other)
    }

    /// Compares texts such as `${Bucket.Arn}/in/*` and `${Bucket.Arn}/in/a.jpg`.
    fn matches_tail(&self, other: &Self) -> Answer {
        let (Some(own_first), Some(other_first)) = (self.0.first(), other.0.first()) else {
            return Answer::Maybe;
        };

        if let (Part::Of(own), Part::Of(theirs)) = (own_first, other_first) {
            let rest = |text: &Self| Self(text.0[1..].to_vec());
            return match own == theirs {
                true => rest(self).matches(&rest(other)),
                false => Answer::No,
            };
        }

        // Both are patterns now, and they have a text in common if their literal ends agree.
        let (own, theirs) = (self.with_stars(), other.with_stars());
        let ends_agree =
            agree(head(&own), head(&theirs)) && agree_at_end(tail(&own), tail(&theirs));
        if ends_agree {
            Answer::Maybe
        } else {
            Answer::No
        }
    }
}

fn head(pattern: &str) -> &str {
    pattern.split(['*', '?']).next().unwrap_or(pattern)
}

fn tail(pattern: &str) -> &str {
    pattern.rsplit(['*', '?']).next().unwrap_or(pattern)
}

fn agree(left: &str, right: &str) -> bool {
    left.starts_with(right) || right.starts_with(left)
}

fn agree_at_end(left: &str, right: &str) -> bool {
    left.ends_with(right) || right.ends_with(left)
}
