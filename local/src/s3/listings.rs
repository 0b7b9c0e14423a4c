//! The operations that list buckets, objects, uploads and parts.

use std::time::SystemTime;

use s3s::dto::{
    Bucket, CommonPrefix, ETag, GetBucketLocationInput, GetBucketLocationOutput, HeadBucketInput,
    HeadBucketOutput, ListBucketsInput, ListBucketsOutput, ListMultipartUploadsInput,
    ListMultipartUploadsOutput, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
    ListObjectsV2Output, ListPartsInput, ListPartsOutput, MultipartUpload, Object, Part,
};
use s3s::{S3Request, S3Response, S3Result};

use super::headers::{content_length, encode};
use super::service::S3Service;
use super::store::{Buckets, StoredObject};
use crate::aws::arn::REGION;

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
    let page_request = PageRequest::new(
        &input.bucket,
        input.prefix.as_deref(),
        input.delimiter.as_deref(),
        token.or(input.start_after.as_deref()),
        input.max_keys,
    );
    let max_keys = page_request.max_keys;
    let page = page_request.page(&service.buckets)?;

    let is_encoded = input.encoding_type.is_some();
    let (contents, common_prefixes) = page.contents(is_encoded);
    let text = |text: String| encode_if(is_encoded, text);

    Ok(S3Response::new(ListObjectsV2Output {
        key_count: i32::try_from(page.entries.len()).ok(),
        contents: Some(contents),
        common_prefixes: Some(common_prefixes),
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next,
        max_keys: Some(max_keys),
        name: Some(input.bucket),
        prefix: input.prefix.map(text),
        delimiter: input.delimiter,
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
        prefix: input.prefix.map(text),
        delimiter: input.delimiter,
        encoding_type: input.encoding_type,
        marker: input.marker.map(text),
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
            max_keys: max_keys.unwrap_or(MAX_KEYS).clamp(0, MAX_KEYS),
        }
    }

    /// Lists the entries in the order of their UTF-8 bytes.
    fn page(&self, buckets: &Buckets) -> S3Result<ListingPage> {
        let limit = usize::try_from(self.max_keys).unwrap_or_default();
        let (mut entries, mut is_truncated) = (Vec::<ListingEntry>::new(), false);

        buckets.walk(self.bucket, self.prefix, |key, object| {
            let common_prefix = self.common_prefix(key);
            let name = common_prefix.unwrap_or(key);

            if self.after.is_some_and(|after| name <= after) {
                return true;
            }

            let last = entries.last().map(ListingEntry::name);
            if common_prefix.is_some() && last == Some(name) {
                return true;
            }

            if entries.len() == limit {
                is_truncated = limit > 0;
                return false;
            }

            entries.push(match common_prefix {
                Some(prefix) => ListingEntry::Prefix(prefix.to_owned()),
                None => ListingEntry::object(key, object),
            });

            true
        })?;

        let last = entries.last().filter(|_| is_truncated);
        let next = last.map(|last| last.name().to_owned());

        Ok(ListingPage { entries, next })
    }

    /// The part of a key up to the first delimiter after the prefix.
    fn common_prefix<'k>(&self, key: &'k str) -> Option<&'k str> {
        let delimiter = self.delimiter?;
        let start = self.prefix.len();
        let end = key[start..].find(delimiter)? + delimiter.len();

        Some(&key[..start + end])
    }
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

fn encode_if(is_encoded: bool, text: String) -> String {
    if is_encoded { encode(&text) } else { text }
}

pub(super) async fn list_parts(
    service: &S3Service,
    request: S3Request<ListPartsInput>,
) -> S3Result<S3Response<ListPartsOutput>> {
    let input = request.input;
    let upload = service
        .buckets
        .upload(&input.bucket, &input.key, &input.upload_id)?;

    let parts = upload.parts.iter().map(|(number, part)| Part {
        part_number: Some(*number),
        e_tag: Some(ETag::Strong(part.e_tag.clone())),
        size: Some(content_length(part.body.len())),
        last_modified: Some(part.last_modified.into()),
        ..Part::default()
    });

    Ok(S3Response::new(ListPartsOutput {
        parts: Some(parts.collect()),
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        is_truncated: Some(false),
        ..ListPartsOutput::default()
    }))
}

pub(super) async fn list_multipart_uploads(
    service: &S3Service,
    request: S3Request<ListMultipartUploadsInput>,
) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
    let input = request.input;
    let uploads = service.buckets.uploads(&input.bucket)?;
    let is_encoded = input.encoding_type.is_some();

    let uploads = uploads.into_iter().map(|upload| MultipartUpload {
        key: Some(encode_if(is_encoded, upload.key)),
        upload_id: Some(upload.id),
        initiated: Some(upload.initiated.into()),
        ..MultipartUpload::default()
    });

    Ok(S3Response::new(ListMultipartUploadsOutput {
        uploads: Some(uploads.collect()),
        bucket: Some(input.bucket),
        encoding_type: input.encoding_type,
        is_truncated: Some(false),
        ..ListMultipartUploadsOutput::default()
    }))
}

pub(super) async fn list_buckets(
    service: &S3Service,
    _: S3Request<ListBucketsInput>,
) -> S3Result<S3Response<ListBucketsOutput>> {
    let buckets = service.buckets.names().into_iter().map(|name| Bucket {
        name: Some(name),
        creation_date: Some(SystemTime::UNIX_EPOCH.into()),
        ..Bucket::default()
    });

    Ok(S3Response::new(ListBucketsOutput {
        buckets: Some(buckets.collect()),
        ..ListBucketsOutput::default()
    }))
}

pub(super) async fn head_bucket(
    service: &S3Service,
    request: S3Request<HeadBucketInput>,
) -> S3Result<S3Response<HeadBucketOutput>> {
    service.buckets.check(&request.input.bucket)?;

    Ok(S3Response::new(HeadBucketOutput {
        bucket_region: Some(String::from(REGION)),
        ..HeadBucketOutput::default()
    }))
}

pub(super) async fn get_bucket_location(
    service: &S3Service,
    request: S3Request<GetBucketLocationInput>,
) -> S3Result<S3Response<GetBucketLocationOutput>> {
    service.buckets.check(&request.input.bucket)?;

    Ok(S3Response::new(GetBucketLocationOutput::default()))
}
