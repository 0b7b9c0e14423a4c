//! The operations on multipart uploads.

use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CopyPartResult, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, ETag, UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput,
    UploadPartOutput,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::checksums::{claimed_checksums, output_with_checksums};
use super::headers::{copy_source, encode, object_headers, parse_copy_range, parse_tags};
use super::service::S3Service;
use super::store::{Preconditions, StoredPart};
use crate::aws::digest::hex;

pub(super) async fn create_multipart_upload(
    service: &S3Service,
    request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
    let input = request.input;
    let headers = object_headers!(input);
    let tags = parse_tags(input.tagging.as_deref());

    let started = service
        .buckets
        .start_upload(&input.bucket, &input.key, headers, tags);
    let id = service.report_storage_error(started)?;

    Ok(S3Response::new(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(id),
        ..CreateMultipartUploadOutput::default()
    }))
}

pub(super) async fn upload_part(
    service: &S3Service,
    mut request: S3Request<UploadPartInput>,
) -> S3Result<S3Response<UploadPartOutput>> {
    let claims = claimed_checksums!(request);
    let input = request.input;
    let buckets = &service.buckets;

    check_part_number(input.part_number)?;
    let upload = buckets.upload(&input.bucket, &input.key, &input.upload_id)?;

    let received = claims.receive(buckets.bodies(), input.body).await;
    let checked = service.report_storage_error(received)?;
    let part = StoredPart::new(checked.body, checked.e_tag.clone());

    let inserted = buckets.insert_part(&upload, input.part_number, part);
    service.report_storage_error(inserted)?;

    Ok(S3Response::new(output_with_checksums!(
        UploadPartOutput,
        checked
    )))
}

pub(super) async fn upload_part_copy(
    service: &S3Service,
    request: S3Request<UploadPartCopyInput>,
) -> S3Result<S3Response<UploadPartCopyOutput>> {
    let input = request.input;
    let buckets = &service.buckets;

    check_part_number(input.part_number)?;
    let upload = buckets.upload(&input.bucket, &input.key, &input.upload_id)?;
    let source = copy_source(
        buckets,
        &input.copy_source,
        input.copy_source_if_match.as_ref(),
        input.copy_source_if_none_match.as_ref(),
    )?;

    let size = source.body.len();
    let range = match &input.copy_source_range {
        Some(range) => parse_copy_range(range, size)?,
        None => 0..size,
    };

    let mut md5 = Md5::new();
    let copied = buckets
        .bodies()
        .copy(&source.body, range, |bytes| md5.update(bytes))
        .await;
    let body = service.report_storage_error(copied)?;
    let part = StoredPart::new(body, hex(md5.finalize().as_ref()));

    let result = CopyPartResult {
        e_tag: Some(ETag::Strong(part.e_tag.clone())),
        last_modified: Some(part.last_modified.into()),
        ..CopyPartResult::default()
    };

    let inserted = buckets.insert_part(&upload, input.part_number, part);
    service.report_storage_error(inserted)?;

    Ok(S3Response::new(UploadPartCopyOutput {
        copy_part_result: Some(result),
        ..UploadPartCopyOutput::default()
    }))
}

pub(super) async fn complete_multipart_upload(
    service: &S3Service,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
    let input = request.input;
    let buckets = &service.buckets;
    let upload = buckets.upload(&input.bucket, &input.key, &input.upload_id)?;

    let parts = input.multipart_upload.and_then(|upload| upload.parts);
    let parts = parts.unwrap_or_default().into_iter().map(|part| {
        let e_tag = part.e_tag.map(ETag::into_value);
        part.part_number
            .zip(e_tag)
            .ok_or_else(|| s3_error!(MalformedXML, "a part needs a number and an entity tag"))
    });
    let parts = parts.collect::<S3Result<Vec<_>>>()?;

    let preconditions = Preconditions {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
    };

    let completed = buckets.complete_upload(&upload, &parts, &preconditions);
    let event = service.report_storage_error(completed)?;
    let e_tag = event.e_tag.clone().map(ETag::Strong);
    service.publish(event).await?;

    Ok(S3Response::new(CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", input.bucket, encode(&input.key))),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag,
        ..CompleteMultipartUploadOutput::default()
    }))
}

pub(super) async fn abort_multipart_upload(
    service: &S3Service,
    request: S3Request<AbortMultipartUploadInput>,
) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
    let input = request.input;
    let buckets = &service.buckets;
    let upload = buckets.upload(&input.bucket, &input.key, &input.upload_id)?;

    buckets.abort_upload(&upload)?;

    Ok(S3Response::with_status(
        AbortMultipartUploadOutput::default(),
        http::StatusCode::NO_CONTENT,
    ))
}

fn check_part_number(number: i32) -> S3Result<()> {
    match number {
        1..=10_000 => Ok(()),
        _ => Err(s3_error!(
            InvalidArgument,
            "a part number must be 1 to 10000"
        )),
    }
}
