//! The operations that list objects.

use s3s::dto::{
    CommonPrefix, ETag, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
    ListObjectsV2Output, Object, ObjectStorageClass,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::buckets::access::owner;
use crate::aws::digest::{base64, from_base64};
use crate::s3::requests::headers::{content_length, encode};
use crate::s3::service::S3Service;
use crate::s3::store::{Bucket, Buckets, StoredObject};

/// How many entries a page has, unless the client asks for fewer.
const MAX_KEYS: i32 = 1000;

/// Which page of a bucket's objects a client asks for.
struct PageRequest<'r> {
    bucket: &'r str,
    prefix: &'r str,
    delimiter: Option<&'r str>,
    /// The page starts after this key or common prefix.
    after: Option<&'r str>,
    max_keys: i32,
}

/// One page of a bucket's objects.
struct ListingPage {
    entries: Vec<ListingEntry>,
    /// The last entry, after which the next page starts; `None` on the last page.
    next: Option<String>,
}

enum ListingEntry {
    Object(String, Box<Object>),
    /// The common prefix of keys that contain the delimiter.
    Prefix(String),
}

pub(super) async fn list_objects_v2(
    service: &S3Service,
    request: S3Request<ListObjectsV2Input>,
) -> S3Result<S3Response<ListObjectsV2Output>> {
    let input = request.input;
    let token = input.continuation_token.as_deref();
    let token = token.filter(|token| !token.is_empty());
    let token = token.map(after_token).transpose()?;
    let page_request = PageRequest::new(
        &input.bucket,
        input.prefix.as_deref(),
        input.delimiter.as_deref(),
        token.as_deref().or(input.start_after.as_deref()),
        input.max_keys,
    );
    let max_keys = page_request.max_keys;
    let page = page_request.page(&service.buckets)?;

    let is_encoded = input.encoding_type.is_some();
    let (mut contents, common_prefixes) = page.contents(is_encoded);
    if input.fetch_owner != Some(true) {
        contents.iter_mut().for_each(|object| object.owner = None);
    }
    let text = |text: String| encode_if(is_encoded, text);

    Ok(S3Response::new(ListObjectsV2Output {
        key_count: i32::try_from(page.entries.len()).ok(),
        contents: Some(contents),
        common_prefixes: Some(common_prefixes),
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next.as_deref().map(token_after),
        max_keys: Some(max_keys),
        name: Some(input.bucket),
        prefix: input.prefix.map(text),
        delimiter: shown(input.delimiter).map(text),
        encoding_type: input.encoding_type,
        continuation_token: input.continuation_token,
        start_after: input.start_after.map(text),
        ..ListObjectsV2Output::default()
    }))
}

pub(super) async fn list_objects(
    service: &S3Service,
    request: S3Request<ListObjectsInput>,
) -> S3Result<S3Response<ListObjectsOutput>> {
    let input = request.input;
    let page_request = PageRequest::new(
        &input.bucket,
        input.prefix.as_deref(),
        input.delimiter.as_deref(),
        input.marker.as_deref(),
        input.max_keys,
    );
    let max_keys = page_request.max_keys;
    let page = page_request.page(&service.buckets)?;

    let is_encoded = input.encoding_type.is_some();
    let (contents, common_prefixes) = page.contents(is_encoded);
    let text = |text: String| encode_if(is_encoded, text);

    Ok(S3Response::new(ListObjectsOutput {
        contents: Some(contents),
        common_prefixes: Some(common_prefixes),
        is_truncated: Some(page.next.is_some()),
        next_marker: page.next.map(text),
        max_keys: Some(max_keys),
        name: Some(input.bucket),
        prefix: Some(text(input.prefix.unwrap_or_default())),
        delimiter: shown(input.delimiter).map(text),
        encoding_type: input.encoding_type,
        marker: Some(text(input.marker.unwrap_or_default())),
        ..ListObjectsOutput::default()
    }))
}

impl<'r> PageRequest<'r> {
    fn new(
        bucket: &'r str,
        prefix: Option<&'r str>,
        delimiter: Option<&'r str>,
        after: Option<&'r str>,
        max_keys: Option<i32>,
    ) -> Self {
        Self {
            bucket,
            prefix: prefix.unwrap_or_default(),
            delimiter: delimiter.filter(|delimiter| !delimiter.is_empty()),
            after,
            max_keys: page_size(max_keys),
        }
    }

    /// Lists the entries in the order of their UTF-8 bytes.
    fn page(&self, buckets: &Buckets) -> S3Result<ListingPage> {
        buckets.read(|index| Ok(self.page_of(index.bucket(self.bucket)?)))
    }

    fn page_of(&self, bucket: &Bucket) -> ListingPage {
        let limit = usize::try_from(self.max_keys).unwrap_or_default();
        let (mut entries, mut is_truncated) = (Vec::<ListingEntry>::new(), false);

        for (key, versions) in bucket.keys(self.prefix) {
            let Some(object) = versions.current().object() else {
                continue;
            };

            let common_prefix = common_prefix(self.prefix, self.delimiter, key);
            let name = common_prefix.unwrap_or(key);
            let last = entries.last().map(ListingEntry::name);
            let is_listed = common_prefix.is_some() && last == Some(name);

            if is_listed || self.after.is_some_and(|after| name <= after) {
                continue;
            }

            if entries.len() == limit {
                is_truncated = limit > 0;
                break;
            }

            entries.push(match common_prefix {
                Some(prefix) => ListingEntry::Prefix(prefix.to_owned()),
                None => ListingEntry::object(key, object),
            });
        }

        let last = entries.last().filter(|_| is_truncated);
        let next = last.map(|last| last.name().to_owned());

        ListingPage { entries, next }
    }
}

/// The part of a key up to the first delimiter after the prefix.
pub(super) fn common_prefix<'k>(
    prefix: &str,
    delimiter: Option<&str>,
    key: &'k str,
) -> Option<&'k str> {
    let delimiter = delimiter?;
    let start = prefix.len();
    let end = key[start..].find(delimiter)? + delimiter.len();

    Some(&key[..start + end])
}

/// How many entries a page has.
pub(super) fn page_size(max_keys: Option<i32>) -> i32 {
    max_keys.unwrap_or(MAX_KEYS).clamp(0, MAX_KEYS)
}

impl ListingPage {
    /// The objects and the common prefixes, with URL-encoded keys if the client asks for that.
    fn contents(&self, is_encoded: bool) -> (Vec<Object>, Vec<CommonPrefix>) {
        let (mut objects, mut prefixes) = (Vec::new(), Vec::new());

        for entry in &self.entries {
            let name = Some(encode_if(is_encoded, entry.name().to_owned()));
            match entry {
                ListingEntry::Object(_, object) => objects.push(Object {
                    key: name,
                    ..Object::clone(object)
                }),
                ListingEntry::Prefix(_) => prefixes.push(CommonPrefix { prefix: name }),
            }
        }

        (objects, prefixes)
    }
}

impl ListingEntry {
    fn object(key: &str, object: &StoredObject) -> Self {
        let listed = Object {
            e_tag: Some(ETag::Strong(object.e_tag.clone())),
            size: Some(content_length(object.body.len())),
            last_modified: Some(object.last_modified.into()),
            owner: Some(owner()),
            storage_class: Some(ObjectStorageClass::from(object.storage_class().to_owned())),
            ..Object::default()
        };

        Self::Object(key.to_owned(), Box::new(listed))
    }

    fn name(&self) -> &str {
        match self {
            Self::Object(name, _) | Self::Prefix(name) => name,
        }
    }
}

/// The token for the page after this key or common prefix. It shows no key, which XML might not be
/// able to hold.
fn token_after(last: &str) -> String {
    base64(last.as_bytes())
}

/// The key or common prefix in a token.
fn after_token(token: &str) -> S3Result<String> {
    let bytes = from_base64(token).filter(|bytes| !bytes.is_empty());
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| {
            s3_error!(
                InvalidArgument,
                "The continuation token provided is incorrect"
            )
        })
}

/// A delimiter as listings repeat it: an empty one is none.
pub(super) fn shown(delimiter: Option<String>) -> Option<String> {
    delimiter.filter(|delimiter| !delimiter.is_empty())
}

pub(super) fn encode_if(is_encoded: bool, text: String) -> String {
    if is_encoded { encode(&text) } else { text }
}
