//! Pages of a bucket's objects, and the small languages of S3's headers.

use std::ops::Range;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use s3s::dto::{CommonPrefix, ETag, Object as ListedObject};
use s3s::{S3Result, s3_error};

use crate::s3::store::Buckets;

/// How many entries a page has, unless less are asked for.
const MAX_KEYS: i32 = 1000;

/// What `encoding-type=url` leaves as it is.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'*');

/// One page of a listing.
pub(crate) struct Page {
    entries: Vec<Entry>,
    /// Where the next page begins; `None` when there is none.
    pub(crate) next: Option<String>,
    pub(crate) max_keys: i32,
}

enum Entry {
    Object(String, Box<ListedObject>),
    /// Keys that go on behind the delimiter.
    Prefix(String),
}

impl Page {
    /// The entries behind `after`, in the order of their UTF-8 bytes.
    pub(crate) fn list(
        buckets: &Buckets,
        bucket: &str,
        prefix: Option<&str>,
        delimiter: Option<&str>,
        after: Option<&str>,
        max_keys: Option<i32>,
    ) -> S3Result<Self> {
        let max_keys = max_keys.unwrap_or(MAX_KEYS).clamp(0, MAX_KEYS);
        let limit = usize::try_from(max_keys).unwrap_or_default();
        let (prefix, delimiter) = (
            prefix.unwrap_or_default(),
            delimiter.filter(|delimiter| !delimiter.is_empty()),
        );
        let (mut entries, mut is_truncated) = (Vec::<Entry>::new(), false);

        buckets.walk(bucket, prefix, |key, object| {
            let folded = delimiter.and_then(|delimiter| {
                let end = key[prefix.len()..].find(delimiter)? + delimiter.len();
                Some(&key[..prefix.len() + end])
            });
            let name = folded.unwrap_or(key);

            if after.is_some_and(|after| name <= after) {
                return true;
            }

            if folded.is_some() && entries.last().is_some_and(|last| last.name() == name) {
                return true;
            }

            if entries.len() == limit {
                is_truncated = limit > 0;
                return false;
            }

            entries.push(match folded {
                Some(prefix) => Entry::Prefix(prefix.to_owned()),
                None => Entry::Object(
                    key.to_owned(),
                    Box::new(ListedObject {
                        e_tag: Some(ETag::Strong(object.e_tag.clone())),
                        size: i64::try_from(object.content.len()).ok(),
                        last_modified: Some(object.last_modified.into()),
                        ..ListedObject::default()
                    }),
                ),
            });

            true
        })?;

        let next = entries
            .last()
            .filter(|_| is_truncated)
            .map(|last| last.name().to_owned());

        Ok(Self {
            entries,
            next,
            max_keys,
        })
    }

    /// The objects and the common prefixes, with their keys in the form that XML can hold if asked
    /// for.
    pub(crate) fn entries(&self, is_encoded: bool) -> (Vec<ListedObject>, Vec<CommonPrefix>) {
        let (mut objects, mut prefixes) = (Vec::new(), Vec::new());
        for entry in &self.entries {
            let name = if is_encoded {
                encode(entry.name())
            } else {
                entry.name().to_owned()
            };

            match entry {
                Entry::Object(_, object) => objects.push(ListedObject {
                    key: Some(name),
                    ..ListedObject::clone(object)
                }),
                Entry::Prefix(_) => prefixes.push(CommonPrefix { prefix: Some(name) }),
            }
        }

        (objects, prefixes)
    }
}

impl Entry {
    fn name(&self) -> &str {
        match self {
            Self::Object(name, _) | Self::Prefix(name) => name,
        }
    }
}

/// A key as `encoding-type=url` asks for it.
pub(crate) fn encode(key: &str) -> String {
    utf8_percent_encode(key, KEPT).to_string()
}

/// The tags of `x-amz-tagging`: `a=1&b=2`.
pub(crate) fn tags_of_header(header: Option<&str>) -> Vec<(String, String)> {
    let text = |text: &str| {
        percent_decode_str(&text.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
    };

    let pairs = header
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty());

    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (text(key), text(value)))
        .collect()
}

/// The bytes of `x-amz-copy-source-range`, whose first and last are both named: `bytes=0-9`.
pub(crate) fn range_of_header(header: &str, size: u64) -> S3Result<Range<u64>> {
    let bounds = header
        .strip_prefix("bytes=")
        .and_then(|bounds| bounds.split_once('-'));
    let bounds = bounds
        .and_then(|(first, last)| Some((first.parse::<u64>().ok()?, last.parse::<u64>().ok()?)));

    match bounds {
        Some((first, last)) if first <= last && last < size => Ok(first..last + 1),
        Some(_) => Err(s3_error!(InvalidRange, "the source has {size} bytes")),
        None => Err(s3_error!(
            InvalidArgument,
            "`x-amz-copy-source-range` is of the form `bytes=first-last`"
        )),
    }
}

/// The standard alphabet, padded, as `Content-MD5` has it.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk
            .iter()
            .fold(0_u32, |group, byte| group << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            let index = group >> (18 - 6 * digit) & 63;
            text.push(if digit > chunk.len() {
                '='
            } else {
                char::from(ALPHABET[index as usize])
            });
        }
    }

    text
}
