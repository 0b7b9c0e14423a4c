//! The operations that put, copy and get objects.

use std::sync::Arc;

use s3_dispatch::EventName;
use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, ETag, MetadataDirective,
    PutObjectInput, PutObjectOutput, StreamingBlob, TaggingDirective,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use crate::s3::forms::FromForm;
use crate::s3::requests::checksums::{ClaimedChecksums, claimed_checksums, with_checksums};
use crate::s3::requests::conditions::{preconditions, source_conditions};
use crate::s3::requests::headers::{
    copy_source, encryption, object_headers, parse_tags, storage_class,
};
use crate::s3::service::S3Service;
use crate::s3::store::{ChecksumKind, ObjectChecksum, ObjectHeaders, Preconditions, StoredObject};

/// A request to put an object.
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
            tags: parse_tags(input.tagging.as_deref())?,
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

pub(super) async fn put_object(
    service: &S3Service,
    mut request: S3Request<PutObjectInput>,
) -> S3Result<S3Response<PutObjectOutput>> {
    let event_name = match request.extensions.get::<FromForm>() {
        Some(FromForm) => EventName::OBJECT_CREATED_POST,
        None => EventName::OBJECT_CREATED_PUT,
    };
    let request = put_request!(request);
    let object = put(service, request, event_name).await?;
    let shown = object.checksum.as_ref().map(ObjectChecksum::shown);
    let shown = shown.unwrap_or_default();

    Ok(S3Response::new(PutObjectOutput {
        e_tag: Some(ETag::Strong(object.e_tag.clone())),
        version_id: object.version_id.clone(),
        checksum_type: shown.checksum_type.clone(),
        server_side_encryption: encryption(),
        ..with_checksums!(PutObjectOutput, shown)
    }))
}

/// Puts an object, and returns it.
async fn put(
    service: &S3Service,
    request: PutRequest,
    event_name: EventName,
) -> S3Result<Arc<StoredObject>> {
    let buckets = &service.buckets;
    buckets.check(&request.bucket)?;

    let kind = request.claims.kind().unwrap_or_default();
    let received = request
        .claims
        .receive(buckets.bodies(), request.body, Some(kind))
        .await;
    let checked = buckets.report_failure(received)?;

    let object = StoredObject {
        headers: request.headers,
        tags: request.tags,
        checksum: ObjectChecksum::whole(kind, &checked.checksum),
        ..StoredObject::new(checked.body, checked.e_tag)
    };

    let to = (request.bucket.as_str(), request.key.as_str());
    let created = buckets.create(to, object, event_name, &request.preconditions);
    let (object, _) = created.await?;

    Ok(object)
}

pub(super) async fn copy_object(
    service: &S3Service,
    request: S3Request<CopyObjectInput>,
) -> S3Result<S3Response<CopyObjectOutput>> {
    let preconditions = preconditions(&request.headers)?;
    let mut input = request.input;
    let buckets = &service.buckets;
    let conditions = source_conditions!(input);
    let (found, pin) = copy_source(buckets, &input.copy_source, &conditions)?;
    let source = found.object;
    buckets.check(&input.bucket)?;

    check_changes_something(&input)?;
    buckets.bodies().check_copy_length(source.body.len())?;

    let headers = copied_headers(&input, &source)?;
    let tagging_directive = input.tagging_directive.as_ref();
    let tags = match tagging_directive.map(TaggingDirective::as_str) {
        Some("REPLACE") => parse_tags(input.tagging.as_deref())?,
        _ => source.tags.clone(),
    };

    let kind = match &input.checksum_algorithm {
        Some(algorithm) => Some(ChecksumKind::parse(algorithm.as_str())?),
        None => None,
    };
    let copied = buckets.copied(&source, pin, kind).await;
    let object = StoredObject {
        headers,
        tags,
        ..buckets.report_failure(copied)?
    };

    let to = (input.bucket.as_str(), input.key.as_str());
    let event_name = EventName::OBJECT_CREATED_COPY;
    let (object, _) = buckets
        .create(to, object, event_name, &preconditions)
        .await?;

    let shown = object.checksum.as_ref().map(ObjectChecksum::shown);
    let shown = shown.unwrap_or_default();

    Ok(S3Response::new(CopyObjectOutput {
        copy_object_result: Some(CopyObjectResult {
            e_tag: Some(ETag::Strong(object.e_tag.clone())),
            last_modified: Some(object.last_modified.into()),
            checksum_type: shown.checksum_type.clone(),
            ..with_checksums!(CopyObjectResult, shown)
        }),
        copy_source_version_id: found.version_id,
        version_id: object.version_id.clone(),
        server_side_encryption: encryption(),
        ..CopyObjectOutput::default()
    }))
}

/// The headers of a copy: those of the source, or new ones. The storage class and the redirect
/// location are always those of the request.
fn copied_headers(input: &CopyObjectInput, source: &StoredObject) -> S3Result<ObjectHeaders> {
    let directive = input.metadata_directive.as_ref();
    if directive.map(MetadataDirective::as_str) == Some(MetadataDirective::REPLACE) {
        return Ok(object_headers!(input));
    }

    Ok(ObjectHeaders {
        storage_class: storage_class(input.storage_class.as_ref())?,
        website_redirect_location: input.website_redirect_location.clone(),
        ..source.headers.clone()
    })
}

/// Checks that a copy has another place than its source, or other properties.
fn check_changes_something(input: &CopyObjectInput) -> S3Result<()> {
    let is_same_place = match &input.copy_source {
        CopySource::Bucket {
            bucket,
            key,
            version_id,
        } => **bucket == *input.bucket && **key == *input.key && version_id.is_none(),
        _ => false,
    };
    let directive = input.metadata_directive.as_ref();

    let changes_something = !is_same_place
        || directive.is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE)
        || input.storage_class.is_some()
        || input.website_redirect_location.is_some()
        || input.server_side_encryption.is_some();

    if changes_something {
        return Ok(());
    }

    Err(s3_error!(
        InvalidRequest,
        "This copy request is illegal because it is trying to copy an object to itself without \
         changing the object's metadata, storage class, website redirect location or encryption \
         attributes."
    ))
}
