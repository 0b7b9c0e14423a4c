//! The operations on single objects.

use s3_dispatch::EventName;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, DeleteObjectInput, DeleteObjectOutput,
    DeleteObjectTaggingInput, DeleteObjectTaggingOutput, DeleteObjectsInput, DeleteObjectsOutput,
    DeletedObject, ETag, GetObjectInput, GetObjectOutput, GetObjectTaggingInput,
    GetObjectTaggingOutput, HeadObjectInput, HeadObjectOutput, MetadataDirective, ObjectIdentifier,
    PostObjectInput, PostObjectOutput, PutObjectInput, PutObjectOutput, PutObjectTaggingInput,
    PutObjectTaggingOutput, StreamingBlob, Tag, TaggingDirective,
};
use s3s::{S3Request, S3Response, S3Result};

use super::checksums::{CheckedBody, ClaimedChecksums, claimed_checksums, output_with_checksums};
use super::headers::{check_read, content_length, copy_source, object_headers, parse_tags};
use super::service::S3Service;
use super::store::{ObjectHeaders, Preconditions, StoredObject};
use crate::aws::digest::hex;

/// A request to put an object, whether by `PUT` or by `POST`.
struct PutRequest {
    bucket: String,
    key: String,
    body: Option<StreamingBlob>,
    claims: ClaimedChecksums,
    headers: ObjectHeaders,
    tags: Vec<(String, String)>,
    preconditions: Preconditions,
}

macro_rules! put_request {
    ($request:ident) => {{
        let claims = claimed_checksums!($request);
        let input = $request.input;
        PutRequest {
            claims,
            headers: object_headers!(input),
            tags: parse_tags(input.tagging.as_deref()),
            preconditions: Preconditions {
                if_match: input.if_match,
                if_none_match: input.if_none_match,
            },
            bucket: input.bucket,
            key: input.key,
            body: input.body,
        }
    }};
}

/// Makes a response of this type with the headers of an object.
macro_rules! output_with_headers {
    ($output:ident, $object:ident, $length:expr) => {
        $output {
            accept_ranges: Some(String::from("bytes")),
            content_length: Some(content_length($length)),
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

pub(super) async fn put_object(
    service: &S3Service,
    mut request: S3Request<PutObjectInput>,
) -> S3Result<S3Response<PutObjectOutput>> {
    let request = put_request!(request);
    let checked = put(service, request, EventName::OBJECT_CREATED_PUT).await?;

    Ok(S3Response::new(output_with_checksums!(
        PutObjectOutput,
        checked
    )))
}

pub(super) async fn post_object(
    service: &S3Service,
    mut request: S3Request<PostObjectInput>,
) -> S3Result<S3Response<PostObjectOutput>> {
    let request = put_request!(request);
    let checked = put(service, request, EventName::OBJECT_CREATED_POST).await?;

    Ok(S3Response::new(PostObjectOutput {
        e_tag: Some(ETag::Strong(checked.e_tag)),
        ..PostObjectOutput::default()
    }))
}

async fn put(
    service: &S3Service,
    request: PutRequest,
    event_name: EventName,
) -> S3Result<CheckedBody> {
    let buckets = &service.buckets;
    buckets.check(&request.bucket)?;

    let received = request.claims.receive(buckets.bodies(), request.body).await;
    let checked = service.report_storage_error(received)?;

    let object = StoredObject {
        headers: request.headers,
        tags: request.tags,
        ..StoredObject::new(
            &request.bucket,
            &request.key,
            checked.body.clone(),
            checked.e_tag.clone(),
        )
    };

    let created = buckets.create(object, event_name, &request.preconditions);
    let event = service.report_storage_error(created)?;
    service.publish(event).await?;

    Ok(checked)
}

pub(super) async fn copy_object(
    service: &S3Service,
    request: S3Request<CopyObjectInput>,
) -> S3Result<S3Response<CopyObjectOutput>> {
    let input = request.input;
    let buckets = &service.buckets;
    let source = copy_source(
        buckets,
        &input.copy_source,
        input.copy_source_if_match.as_ref(),
        input.copy_source_if_none_match.as_ref(),
    )?;
    buckets.check(&input.bucket)?;

    let metadata_directive = input.metadata_directive.as_ref();
    let headers = match metadata_directive.map(MetadataDirective::as_str) {
        Some("REPLACE") => object_headers!(input),
        _ => source.headers.clone(),
    };

    let tagging_directive = input.tagging_directive.as_ref();
    let tags = match tagging_directive.map(TaggingDirective::as_str) {
        Some("REPLACE") => parse_tags(input.tagging.as_deref()),
        _ => source.tags.clone(),
    };

    let mut md5 = Md5::new();
    let copied = buckets
        .bodies()
        .copy(&source.body, 0..source.body.len(), |bytes| {
            md5.update(bytes);
        })
        .await;
    let body = service.report_storage_error(copied)?;

    // The digest of the bytes, even if the source was uploaded in parts.
    let e_tag = hex(md5.finalize().as_ref());
    let object = StoredObject {
        headers,
        tags,
        ..StoredObject::new(&input.bucket, &input.key, body, e_tag.clone())
    };
    let last_modified = object.last_modified;

    let event_name = EventName::OBJECT_CREATED_COPY;
    let created = buckets.create(object, event_name, &Preconditions::default());
    service
        .publish(service.report_storage_error(created)?)
        .await?;

    Ok(S3Response::new(CopyObjectOutput {
        copy_object_result: Some(CopyObjectResult {
            e_tag: Some(ETag::Strong(e_tag)),
            last_modified: Some(last_modified.into()),
            ..CopyObjectResult::default()
        }),
        ..CopyObjectOutput::default()
    }))
}

pub(super) async fn get_object(
    service: &S3Service,
    request: S3Request<GetObjectInput>,
) -> S3Result<S3Response<GetObjectOutput>> {
    let input = request.input;
    let object = service.buckets.object(&input.bucket, &input.key)?;
    check_read(
        &object,
        input.if_match.as_ref(),
        input.if_none_match.as_ref(),
    )?;

    let size = object.body.len();
    let range = input.range.map(|range| range.check(size)).transpose()?;
    let content_range = range
        .as_ref()
        .map(|range| format!("bytes {}-{}/{size}", range.start, range.end - 1));

    let range = range.unwrap_or(0..size);
    let length = range.end - range.start;
    let body = service.buckets.bodies().read(&object.body, range);

    let tag_count = i32::try_from(object.tags.len())
        .ok()
        .filter(|count| *count > 0);

    Ok(S3Response::new(GetObjectOutput {
        body: Some(StreamingBlob::wrap(body)),
        content_range,
        tag_count,
        ..output_with_headers!(GetObjectOutput, object, length)
    }))
}

pub(super) async fn head_object(
    service: &S3Service,
    request: S3Request<HeadObjectInput>,
) -> S3Result<S3Response<HeadObjectOutput>> {
    let input = request.input;
    let object = service.buckets.object(&input.bucket, &input.key)?;
    check_read(
        &object,
        input.if_match.as_ref(),
        input.if_none_match.as_ref(),
    )?;

    let length = object.body.len();
    Ok(S3Response::new(output_with_headers!(
        HeadObjectOutput,
        object,
        length
    )))
}

pub(super) async fn delete_object(
    service: &S3Service,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<S3Response<DeleteObjectOutput>> {
    delete(service, &request.input.bucket, &request.input.key).await?;

    Ok(S3Response::with_status(
        DeleteObjectOutput::default(),
        http::StatusCode::NO_CONTENT,
    ))
}

async fn delete(service: &S3Service, bucket: &str, key: &str) -> S3Result<()> {
    let deleted = service.buckets.delete(bucket, key);
    match service.report_storage_error(deleted)? {
        Some(event) => service.publish(event).await,
        None => Ok(()),
    }
}

pub(super) async fn delete_objects(
    service: &S3Service,
    request: S3Request<DeleteObjectsInput>,
) -> S3Result<S3Response<DeleteObjectsOutput>> {
    let DeleteObjectsInput {
        bucket,
        delete: batch,
        ..
    } = request.input;

    service.buckets.check(&bucket)?;
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());

    for ObjectIdentifier { key, .. } in batch.objects {
        match delete(service, &bucket, &key).await {
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

    Ok(S3Response::new(DeleteObjectsOutput {
        deleted: Some(deleted).filter(|_| batch.quiet != Some(true)),
        errors: Some(errors),
        ..DeleteObjectsOutput::default()
    }))
}

pub(super) async fn put_object_tagging(
    service: &S3Service,
    request: S3Request<PutObjectTaggingInput>,
) -> S3Result<S3Response<PutObjectTaggingOutput>> {
    let input = request.input;
    let tags = input.tagging.tag_set.into_iter();
    let tags = tags.map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default()));

    set_tags(service, &input.bucket, &input.key, Some(tags.collect())).await?;

    Ok(S3Response::new(PutObjectTaggingOutput::default()))
}

pub(super) async fn delete_object_tagging(
    service: &S3Service,
    request: S3Request<DeleteObjectTaggingInput>,
) -> S3Result<S3Response<DeleteObjectTaggingOutput>> {
    set_tags(service, &request.input.bucket, &request.input.key, None).await?;

    Ok(S3Response::with_status(
        DeleteObjectTaggingOutput::default(),
        http::StatusCode::NO_CONTENT,
    ))
}

async fn set_tags(
    service: &S3Service,
    bucket: &str,
    key: &str,
    tags: Option<Vec<(String, String)>>,
) -> S3Result<()> {
    let tagged = service.buckets.set_tags(bucket, key, tags);
    service.publish(service.report_storage_error(tagged)?).await
}

pub(super) async fn get_object_tagging(
    service: &S3Service,
    request: S3Request<GetObjectTaggingInput>,
) -> S3Result<S3Response<GetObjectTaggingOutput>> {
    let input = request.input;
    let object = service.buckets.object(&input.bucket, &input.key)?;
    let tags = object.tags.iter().map(|(key, value)| Tag {
        key: Some(key.clone()),
        value: Some(value.clone()),
    });

    Ok(S3Response::new(GetObjectTaggingOutput {
        tag_set: tags.collect(),
        version_id: None,
    }))
}
