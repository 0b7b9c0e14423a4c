//! What a handler does to buckets, and what it knows of their versions.

use std::borrow::Cow;

/// What the handler of a route does and knows, as far as it says so.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Effects {
    pub(super) reads: bool,
    pub(super) writes: Vec<Place>,
    pub(super) deletes: Vec<Place>,
    /// Whether it deletes the objects that the events are about.
    pub(super) deletes_taken: bool,
    pub(super) skips_own_writes: bool,
    pub(super) distinguishes_versions: bool,
}

/// The keys with a prefix, in the bucket of the record or in another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    text: Cow<'static, str>,
    /// How many bytes of the text are `s3://bucket/`. 0 for the bucket of the record.
    bucket_len: usize,
}

const SCHEME: &str = "s3://";

impl Place {
    /// Reads `thumbnails/`, or `s3://bucket/thumbnails/`.
    pub(super) fn new(text: Cow<'static, str>) -> Self {
        let bucket_len = text.strip_prefix(SCHEME).map_or(0, |rest| {
            let name = rest.find('/').map_or(rest.len(), |slash| slash + 1);
            SCHEME.len() + name
        });

        Self { text, bucket_len }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The bucket, if it is not that of the record.
    pub(crate) fn bucket(&self) -> Option<&str> {
        let named = self.text[..self.bucket_len].strip_prefix(SCHEME)?;
        Some(named.strip_suffix('/').unwrap_or(named))
    }

    /// What the keys start with. Empty for each key of a named bucket.
    pub(crate) fn prefix(&self) -> &str {
        &self.text[self.bucket_len..]
    }

    fn covers(&self, other: &Self) -> bool {
        self.bucket() == other.bucket() && other.prefix().starts_with(self.prefix())
    }
}

impl Effects {
    /// All mistakes, each as a clause.
    pub(super) fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        for (what, places) in [("writes", &self.writes), ("deletes", &self.deletes)] {
            for (index, place) in places.iter().enumerate() {
                let shown = place.as_str().escape_debug();
                if place.bucket() == Some("") {
                    mistakes.push(format!(
                        "`{shown}` in `{what}` has no bucket: write `s3://bucket/prefix`"
                    ));
                } else if place.as_str().is_empty() {
                    mistakes.push(format!(
                        "an empty prefix in `{what}` is the whole bucket: name a part of it, such \
                         as `thumbnails/`"
                    ));
                } else {
                    let earlier = places[..index]
                        .iter()
                        .filter(|one| !one.as_str().is_empty());
                    mistakes.extend(earlier.filter_map(|one| repeated(what, one, place)));
                }
            }
        }

        mistakes
    }
}

/// The mistake of two places of which one is in the other.
fn repeated(what: &str, earlier: &Place, later: &Place) -> Option<String> {
    let (first, second) = (
        earlier.as_str().escape_debug(),
        later.as_str().escape_debug(),
    );

    if earlier == later {
        Some(format!("`{first}` is listed twice in `{what}`: remove one"))
    } else if earlier.covers(later) {
        Some(format!(
            "`{first}` covers `{second}` in `{what}`: remove the longer one"
        ))
    } else if later.covers(earlier) {
        Some(format!(
            "`{second}` covers `{first}` in `{what}`: remove the longer one"
        ))
    } else {
        None
    }
}
