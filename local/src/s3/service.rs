//! The operations of S3 that change or read objects, and the events that they cause.

use std::sync::Arc;

use async_trait::async_trait;
use s3_dispatch::EventName;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::*;
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};

use crate::s3::checksums::{Claims, Received};
use crate::s3::listings::{self as listing, Page, encode};
use crate::s3::store::uploads::Part as StoredPart;
use crate::s3::store::{Buckets, Headers, Object as StoredObject, Precondition, hex};
use crate::{Error, ObjectEvent};

/// Takes the events of the buckets.
#[async_trait]
pub trait ObjectEvents: Send + Sync + 'static {
    /// Takes one: when this returns, it is not lost any more.
    ///
    /// # Errors
    ///
    /// When it was not taken; the client that caused it is told so, and tries again.
    async fn take(&self, event: ObjectEvent) -> Result<(), Error>;

    /// Hears that an object could not be stored, and why: a disk is full, perhaps. The client was
    /// told as well.
    fn cannot_store(&self, reason: &str) {
        let _ = reason;
    }
}

/// Buckets behind the protocol of S3.
pub(crate) struct S3Service {
    buckets: Arc<Buckets>,
    events: Arc<dyn ObjectEvents>,
}

/// A request to put an object, in one of two forms.
struct Put {
    bucket: String,
    key: String,
    body: Option<StreamingBlob>,
    claims: Claims,
    headers: Headers,
    tags: Vec<(String, String)>,
    precondition: Precondition,
}

macro_rules! claims {
    ($request:ident) => {
        Claims {
            md5: $request.input.content_md5.take(),
            checksum: Checksum {
                checksum_crc32: $request.input.checksum_crc32.take(),
                checksum_crc32c: $request.input.checksum_crc32c.take(),
                checksum_crc64nvme: $request.input.checksum_crc64nvme.take(),
                checksum_sha1: $request.input.checksum_sha1.take(),
                checksum_sha256: $request.input.checksum_sha256.take(),
                ..Checksum::default()
            },
            algorithm: $request.input.checksum_algorithm.take(),
            trailers: $request.trailing_headers.take(),
        }
    };
}

macro_rules! headers {
    ($input:ident) => {
        Headers {
            content_type: $input.content_type.clone(),
            content_encoding: $input.content_encoding.clone(),
            content_disposition: $input.content_disposition.clone(),
            content_language: $input.content_language.clone(),
            cache_control: $input.cache_control.clone(),
            metadata: $input.metadata.clone().unwrap_or_default(),
        }
    };
}

macro_rules! put {
    ($request:ident) => {{
        let claims = claims!($request);
        let input = $request.input;
        Put {
            claims,
            headers: headers!(input),
            tags: listing::tags_of_header(input.tagging.as_deref()),
            precondition: Precondition {
                if_match: input.if_match,
                if_none_match: input.if_none_match,
            },
            bucket: input.bucket,
            key: input.key,
            body: input.body,
        }
    }};
}

macro_rules! described {
    ($output:ident, $object:ident, $range:expr) => {
        $output {
            accept_ranges: Some(String::from("bytes")),
            content_length: Some(length($range.end - $range.start)),
            content_type: $object.headers.content_type.clone(),
            content_encoding: $object.headers.content_encoding.clone(),
            content_disposition: $object.headers.content_disposition.clone(),
            content_language: $object.headers.content_language.clone(),
            cache_control: $object.headers.cache_control.clone(),
            metadata: Some($object.headers.metadata.clone())
                .filter(|metadata| !metadata.is_empty()),
            e_tag: Some(ETag::Strong($object.e_tag.clone())),
            last_modified: Some($object.last_modified.into()),
            ..$output::default()
        }
    };
}

impl S3Service {
    pub(crate) fn new(buckets: Arc<Buckets>, events: Arc<dyn ObjectEvents>) -> Self {
        Self { buckets, events }
    }

    async fn put(&self, put: Put, name: EventName) -> S3Result<Received> {
        self.buckets.check(&put.bucket)?;
        let received = self.told(put.claims.receive(self.buckets.bodies(), put.body).await)?;

        let object = StoredObject {
            headers: put.headers,
            tags: put.tags,
            ..StoredObject::new(
                &put.bucket,
                &put.key,
                received.content.clone(),
                received.e_tag.clone(),
            )
        };

        self.publish(self.told(self.buckets.create(object, name, &put.precondition))?)
            .await?;

        Ok(received)
    }

    /// Passes an error on, and tells the pipeline when it is one of the disk.
    fn told<T>(&self, result: S3Result<T>) -> S3Result<T> {
        result.inspect_err(|error| {
            if *error.code() == S3ErrorCode::InternalError {
                self.events
                    .cannot_store(error.message().unwrap_or_default());
            }
        })
    }

    async fn publish(&self, event: ObjectEvent) -> S3Result<()> {
        let taken = self.events.take(event).await;
        taken.map_err(|error| {
            S3Error::with_message(S3ErrorCode::ServiceUnavailable, error.to_string())
        })
    }

    async fn delete(&self, bucket: &str, key: &str) -> S3Result<()> {
        match self.told(self.buckets.delete(bucket, key))? {
            Some(event) => self.publish(event).await,
            None => Ok(()),
        }
    }
}

#[async_trait]
impl S3 for S3Service {
    async fn put_object(
        &self,
        mut request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let Received {
            e_tag, checksum, ..
        } = self
            .put(put!(request), EventName::OBJECT_CREATED_PUT)
            .await?;

        Ok(S3Response::new(PutObjectOutput {
            e_tag: Some(ETag::Strong(e_tag)),
            checksum_crc32: checksum.checksum_crc32,
            checksum_crc32c: checksum.checksum_crc32c,
            checksum_crc64nvme: checksum.checksum_crc64nvme,
            checksum_sha1: checksum.checksum_sha1,
            checksum_sha256: checksum.checksum_sha256,
            ..PutObjectOutput::default()
        }))
    }

    async fn post_object(
        &self,
        mut request: S3Request<PostObjectInput>,
    ) -> S3Result<S3Response<PostObjectOutput>> {
        let Received { e_tag, .. } = self
            .put(put!(request), EventName::OBJECT_CREATED_POST)
            .await?;
        Ok(S3Response::new(PostObjectOutput {
            e_tag: Some(ETag::Strong(e_tag)),
            ..PostObjectOutput::default()
        }))
    }

    async fn copy_object(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        let input = request.input;
        let source = source(&self.buckets, &input.copy_source)?;

        check_source(
            &source,
            input.copy_source_if_match.as_ref(),
            input.copy_source_if_none_match.as_ref(),
        )?;

        self.buckets.check(&input.bucket)?;
        let is_replaced = |directive: Option<&str>| directive == Some("REPLACE");

        let headers = match is_replaced(
            input
                .metadata_directive
                .as_ref()
                .map(MetadataDirective::as_str),
        ) {
            true => headers!(input),
            false => source.headers.clone(),
        };

        let tags = match is_replaced(
            input
                .tagging_directive
                .as_ref()
                .map(TaggingDirective::as_str),
        ) {
            true => listing::tags_of_header(input.tagging.as_deref()),
            false => source.tags.clone(),
        };

        let mut md5 = Md5::new();
        let all = 0..source.content.len();

        let content = self.told(
            self.buckets
                .bodies()
                .copy(&source.content, all, |bytes| md5.update(bytes))
                .await,
        )?;

        // That of the bytes, also when the source was uploaded in parts.
        let e_tag = hex(md5.finalize().as_ref());

        let object = StoredObject {
            headers,
            tags,
            ..StoredObject::new(&input.bucket, &input.key, content, e_tag.clone())
        };

        let last_modified = object.last_modified;

        let event = self.told(self.buckets.create(
            object,
            EventName::OBJECT_CREATED_COPY,
            &Precondition::default(),
        ))?;

        self.publish(event).await?;

        Ok(S3Response::new(CopyObjectOutput {
            copy_object_result: Some(CopyObjectResult {
                e_tag: Some(ETag::Strong(e_tag)),
                last_modified: Some(last_modified.into()),
                ..CopyObjectResult::default()
            }),
            ..CopyObjectOutput::default()
        }))
    }

    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        let object = self.buckets.object(&input.bucket, &input.key)?;

        check_wanted(
            &object,
            input.if_match.as_ref(),
            input.if_none_match.as_ref(),
        )?;

        let size = object.content.len();

        let range = input
            .range
            .as_ref()
            .map(|range| range.check(size))
            .transpose()?;

        let content_range = range
            .as_ref()
            .map(|range| format!("bytes {}-{}/{size}", range.start, range.end - 1));
        let range = range.unwrap_or(0..size);
        let body = StreamingBlob::wrap(self.buckets.bodies().read(&object.content, range.clone()));
        let tag_count = i32::try_from(object.tags.len())
            .ok()
            .filter(|count| *count > 0);
        let output = described!(GetObjectOutput, object, range);

        Ok(S3Response::new(GetObjectOutput {
            body: Some(body),
            content_range,
            tag_count,
            ..output
        }))
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = request.input;
        let object = self.buckets.object(&input.bucket, &input.key)?;

        check_wanted(
            &object,
            input.if_match.as_ref(),
            input.if_none_match.as_ref(),
        )?;

        let range = 0..object.content.len();

        Ok(S3Response::new(described!(HeadObjectOutput, object, range)))
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.delete(&request.input.bucket, &request.input.key)
            .await?;
        Ok(S3Response::with_status(
            DeleteObjectOutput::default(),
            http::StatusCode::NO_CONTENT,
        ))
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let DeleteObjectsInput { bucket, delete, .. } = request.input;
        self.buckets.check(&bucket)?;
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());

        for ObjectIdentifier { key, .. } in delete.objects {
            match self.delete(&bucket, &key).await {
                Ok(()) => deleted.push(DeletedObject {
                    key: Some(key),
                    ..DeletedObject::default()
                }),
                Err(error) => errors.push(s3s::dto::Error {
                    code: Some(error.code().as_str().to_owned()),
                    key: Some(key),
                    message: error.message().map(str::to_owned),
                    version_id: None,
                }),
            }
        }

        let deleted = Some(deleted).filter(|_| delete.quiet != Some(true));
        Ok(S3Response::new(DeleteObjectsOutput {
            deleted,
            errors: Some(errors),
            ..DeleteObjectsOutput::default()
        }))
    }

    async fn put_object_tagging(
        &self,
        request: S3Request<PutObjectTaggingInput>,
    ) -> S3Result<S3Response<PutObjectTaggingOutput>> {
        let PutObjectTaggingInput {
            bucket,
            key,
            tagging,
            ..
        } = request.input;

        let tags = tagging
            .tag_set
            .into_iter()
            .map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default()));
        self.publish(self.told(self.buckets.tag(&bucket, &key, Some(tags.collect())))?)
            .await?;

        Ok(S3Response::new(PutObjectTaggingOutput::default()))
    }

    async fn get_object_tagging(
        &self,
        request: S3Request<GetObjectTaggingInput>,
    ) -> S3Result<S3Response<GetObjectTaggingOutput>> {
        let object = self
            .buckets
            .object(&request.input.bucket, &request.input.key)?;
        let tags = object.tags.iter().map(|(key, value)| Tag {
            key: Some(key.clone()),
            value: Some(value.clone()),
        });

        Ok(S3Response::new(GetObjectTaggingOutput {
            tag_set: tags.collect(),
            version_id: None,
        }))
    }

    async fn delete_object_tagging(
        &self,
        request: S3Request<DeleteObjectTaggingInput>,
    ) -> S3Result<S3Response<DeleteObjectTaggingOutput>> {
        self.publish(
            self.told(
                self.buckets
                    .tag(&request.input.bucket, &request.input.key, None),
            )?,
        )
        .await?;

        Ok(S3Response::with_status(
            DeleteObjectTaggingOutput::default(),
            http::StatusCode::NO_CONTENT,
        ))
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let input = request.input;
        let tags = listing::tags_of_header(input.tagging.as_deref());

        let id =
            self.told(
                self.buckets
                    .start_upload(&input.bucket, &input.key, headers!(input), tags),
            )?;

        Ok(S3Response::new(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(id),
            ..CreateMultipartUploadOutput::default()
        }))
    }

    async fn upload_part(
        &self,
        mut request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let claims = claims!(request);
        let input = request.input;
        check_number(input.part_number)?;
        let upload = self
            .buckets
            .upload(&input.bucket, &input.key, &input.upload_id)?;
        let received = self.told(claims.receive(self.buckets.bodies(), input.body).await)?;
        let part = StoredPart::new(received.content, received.e_tag.clone());
        self.told(self.buckets.insert_part(&upload, input.part_number, part))?;

        Ok(S3Response::new(UploadPartOutput {
            e_tag: Some(ETag::Strong(received.e_tag)),
            checksum_crc32: received.checksum.checksum_crc32,
            checksum_crc32c: received.checksum.checksum_crc32c,
            checksum_crc64nvme: received.checksum.checksum_crc64nvme,
            checksum_sha1: received.checksum.checksum_sha1,
            checksum_sha256: received.checksum.checksum_sha256,
            ..UploadPartOutput::default()
        }))
    }

    async fn upload_part_copy(
        &self,
        request: S3Request<UploadPartCopyInput>,
    ) -> S3Result<S3Response<UploadPartCopyOutput>> {
        let input = request.input;
        check_number(input.part_number)?;
        let upload = self
            .buckets
            .upload(&input.bucket, &input.key, &input.upload_id)?;
        let source = source(&self.buckets, &input.copy_source)?;

        check_source(
            &source,
            input.copy_source_if_match.as_ref(),
            input.copy_source_if_none_match.as_ref(),
        )?;

        let size = source.content.len();
        let range = match &input.copy_source_range {
            Some(range) => listing::range_of_header(range, size)?,
            None => 0..size,
        };
        let mut md5 = Md5::new();

        let content = self.told(
            self.buckets
                .bodies()
                .copy(&source.content, range, |bytes| md5.update(bytes))
                .await,
        )?;

        let part = StoredPart::new(content, hex(md5.finalize().as_ref()));

        let result = CopyPartResult {
            e_tag: Some(ETag::Strong(part.e_tag.clone())),
            last_modified: Some(part.last_modified.into()),
            ..CopyPartResult::default()
        };

        self.told(self.buckets.insert_part(&upload, input.part_number, part))?;

        Ok(S3Response::new(UploadPartCopyOutput {
            copy_part_result: Some(result),
            ..UploadPartCopyOutput::default()
        }))
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = request.input;
        let upload = self
            .buckets
            .upload(&input.bucket, &input.key, &input.upload_id)?;
        let parts = input
            .multipart_upload
            .and_then(|upload| upload.parts)
            .unwrap_or_default();

        let parts = parts.into_iter().map(|part| {
            let e_tag = part.e_tag.map(ETag::into_value);
            part.part_number
                .zip(e_tag)
                .ok_or_else(|| s3_error!(MalformedXML, "a part has a number and an entity tag"))
        });

        let parts = parts.collect::<S3Result<Vec<_>>>()?;
        let precondition = Precondition {
            if_match: input.if_match,
            if_none_match: input.if_none_match,
        };
        let event = self.told(self.buckets.complete_upload(&upload, &parts, &precondition))?;
        let e_tag = event.e_tag.clone().map(ETag::Strong);
        self.publish(event).await?;

        Ok(S3Response::new(CompleteMultipartUploadOutput {
            location: Some(format!("/{}/{}", input.bucket, encode(&input.key))),
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag,
            ..CompleteMultipartUploadOutput::default()
        }))
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let upload = self.buckets.upload(
            &request.input.bucket,
            &request.input.key,
            &request.input.upload_id,
        )?;

        self.buckets.abort_upload(&upload)?;

        Ok(S3Response::with_status(
            AbortMultipartUploadOutput::default(),
            http::StatusCode::NO_CONTENT,
        ))
    }

    async fn list_parts(
        &self,
        request: S3Request<ListPartsInput>,
    ) -> S3Result<S3Response<ListPartsOutput>> {
        let input = request.input;
        let upload = self
            .buckets
            .upload(&input.bucket, &input.key, &input.upload_id)?;

        let parts = upload.parts.iter().map(|(number, part)| Part {
            part_number: Some(*number),
            e_tag: Some(ETag::Strong(part.e_tag.clone())),
            size: Some(length(part.content.len())),
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

    async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let uploads = self.buckets.uploads(&request.input.bucket)?;
        let is_encoded = request.input.encoding_type.is_some();

        let uploads = uploads.into_iter().map(|upload| MultipartUpload {
            key: Some(if is_encoded {
                encode(&upload.key)
            } else {
                upload.key
            }),
            upload_id: Some(upload.id),
            initiated: Some(upload.initiated.into()),
            ..MultipartUpload::default()
        });

        Ok(S3Response::new(ListMultipartUploadsOutput {
            uploads: Some(uploads.collect()),
            bucket: Some(request.input.bucket),
            encoding_type: request.input.encoding_type,
            is_truncated: Some(false),
            ..ListMultipartUploadsOutput::default()
        }))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        let after = input
            .continuation_token
            .as_deref()
            .or(input.start_after.as_deref());
        let is_encoded = input.encoding_type.is_some();
        let (prefix, delimiter) = (input.prefix.as_deref(), input.delimiter.as_deref());

        let page = Page::list(
            &self.buckets,
            &input.bucket,
            prefix,
            delimiter,
            after,
            input.max_keys,
        )?;

        let (contents, common_prefixes) = page.entries(is_encoded);

        Ok(S3Response::new(ListObjectsV2Output {
            key_count: i32::try_from(contents.len() + common_prefixes.len()).ok(),
            contents: Some(contents),
            common_prefixes: Some(common_prefixes),
            is_truncated: Some(page.next.is_some()),
            next_continuation_token: page.next,
            max_keys: Some(page.max_keys),
            name: Some(input.bucket),
            prefix: input
                .prefix
                .map(|prefix| if is_encoded { encode(&prefix) } else { prefix }),
            delimiter: input.delimiter,
            encoding_type: input.encoding_type,
            continuation_token: input.continuation_token,
            start_after: input
                .start_after
                .map(|key| if is_encoded { encode(&key) } else { key }),
            ..ListObjectsV2Output::default()
        }))
    }

    async fn list_objects(
        &self,
        request: S3Request<ListObjectsInput>,
    ) -> S3Result<S3Response<ListObjectsOutput>> {
        let input = request.input;
        let is_encoded = input.encoding_type.is_some();
        let (prefix, delimiter) = (input.prefix.as_deref(), input.delimiter.as_deref());
        let after = input.marker.as_deref();

        let page = Page::list(
            &self.buckets,
            &input.bucket,
            prefix,
            delimiter,
            after,
            input.max_keys,
        )?;

        let (contents, common_prefixes) = page.entries(is_encoded);
        let text = |text: String| if is_encoded { encode(&text) } else { text };

        Ok(S3Response::new(ListObjectsOutput {
            contents: Some(contents),
            common_prefixes: Some(common_prefixes),
            is_truncated: Some(page.next.is_some()),
            next_marker: page.next.map(text),
            max_keys: Some(page.max_keys),
            name: Some(input.bucket),
            prefix: input.prefix.map(text),
            delimiter: input.delimiter,
            encoding_type: input.encoding_type,
            marker: input.marker.map(text),
            ..ListObjectsOutput::default()
        }))
    }

    async fn list_buckets(
        &self,
        _: S3Request<ListBucketsInput>,
    ) -> S3Result<S3Response<ListBucketsOutput>> {
        let buckets = self.buckets.names().into_iter().map(|name| Bucket {
            name: Some(name),
            creation_date: Some(std::time::SystemTime::UNIX_EPOCH.into()),
            ..Bucket::default()
        });

        Ok(S3Response::new(ListBucketsOutput {
            buckets: Some(buckets.collect()),
            ..ListBucketsOutput::default()
        }))
    }

    async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        self.buckets.check(&request.input.bucket)?;
        let bucket_region = Some(String::from("us-east-1"));

        Ok(S3Response::new(HeadBucketOutput {
            bucket_region,
            ..HeadBucketOutput::default()
        }))
    }

    async fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.buckets.check(&request.input.bucket)?;
        Ok(S3Response::new(GetBucketLocationOutput::default()))
    }
}

fn source(buckets: &Buckets, source: &CopySource) -> S3Result<Arc<StoredObject>> {
    match source {
        CopySource::Bucket { bucket, key, .. } => buckets.object(bucket, key),
        _ => Err(s3_error!(NotImplemented, "there are no access points here")),
    }
}

fn check_number(part: i32) -> S3Result<()> {
    match part {
        1..=10_000 => Ok(()),
        _ => Err(s3_error!(
            InvalidArgument,
            "a part's number lies between 1 and 10000"
        )),
    }
}

fn is(object: &StoredObject, condition: &ETagCondition) -> bool {
    condition
        .as_etag()
        .is_none_or(|e_tag| e_tag.value() == object.e_tag)
}

fn check_source(
    object: &StoredObject,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<()> {
    if if_match.is_some_and(|condition| !is(object, condition))
        || if_none_match.is_some_and(|condition| is(object, condition))
    {
        return Err(s3_error!(PreconditionFailed));
    }

    Ok(())
}

fn check_wanted(
    object: &StoredObject,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<()> {
    if if_match.is_some_and(|condition| !is(object, condition)) {
        return Err(s3_error!(PreconditionFailed));
    }

    if if_none_match.is_some_and(|condition| is(object, condition)) {
        return Err(s3_error!(NotModified));
    }

    Ok(())
}

fn length(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
