//! The operations on multipart uploads.

use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumAlgorithm, ChecksumType,
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CopyPartResult,
    CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag, UploadPartCopyInput,
    UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use crate::aws::digest::hex;
use crate::s3::requests::checksums::{
    claimed_checksums, named_checksums, output_with_checksums, with_checksums,
};
use crate::s3::requests::conditions::source_conditions;
use crate::s3::requests::headers::{
    check_part_number, copy_source, encode, object_headers, parse_copy_range, parse_tags,
};
use crate::s3::service::S3Service;
use crate::s3::store::{
    Buckets, ChecksumKind, ClaimedPart, ObjectChecksum, Preconditions, StoredPart, UploadChecksum,
};

pub(super) async fn create_multipart_upload(
    service: &S3Service,
    request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
    let input = request.input;
    let headers = object_headers!(input);
    let tags = parse_tags(input.tagging.as_deref())?;

    let asked = input.checksum_type.as_ref().map(ChecksumType::as_str);
    let kind = input.checksum_algorithm.as_ref();
    let kind = kind.map(|kind| ChecksumKind::parse(kind.as_str()));
    let checksum = match (kind.transpose()?, asked) {
        (Some(kind), asked) => Some(UploadChecksum::new(kind, asked)?),
        (None, None) => None,
        (None, Some(_)) => {
            return Err(s3_error!(
                InvalidRequest,
                "the checksum type needs a checksum algorithm"
            ));
        }
    };

    let object = (input.bucket.as_str(), input.key.as_str());
    let (id, _) = service
        .buckets
        .change(|transaction| transaction.start_upload(object, headers, tags, checksum))
        .await?;

    Ok(S3Response::new(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(id),
        checksum_algorithm: checksum.map(|sum| ChecksumAlgorithm::from_static(sum.kind.name())),
        checksum_type: checksum.map(UploadChecksum::checksum_type),
        ..CreateMultipartUploadOutput::default()
    }))
}

pub(super) async fn upload_part(
    service: &S3Service,
    mut request: S3Request<UploadPartInput>,
) -> S3Result<S3Response<UploadPartOutput>> {
    let mut claims = claimed_checksums!(request);
    let input = request.input;
    let buckets = &service.buckets;

    check_part_number(input.part_number)?;
    let object = (input.bucket.as_str(), input.key.as_str());
    let upload = check_upload(buckets, object, &input.upload_id)?;
    let kind = upload.map(|sum| sum.kind);
    let algorithm = kind.map(|kind| ChecksumAlgorithm::from_static(kind.name()));
    claims.algorithm = claims.algorithm.or(algorithm);

    let received = claims.receive(buckets.bodies(), input.body).await;
    let checked = buckets.report_failure(received)?;
    let value = kind.and_then(|kind| kind.value(&checked.checksum));
    let part = StoredPart {
        checksum: value.map(str::to_owned),
        ..StoredPart::new(checked.body.clone(), checked.e_tag.clone())
    };

    buckets
        .change_with(&checked.body, |transaction| {
            transaction.insert_part(object, &input.upload_id, input.part_number, part)
        })
        .await?;

    Ok(S3Response::new(output_with_checksums!(
        UploadPartOutput,
        checked
    )))
}

pub(super) async fn upload_part_copy(
    service: &S3Service,
    request: S3Request<UploadPartCopyInput>,
) -> S3Result<S3Response<UploadPartCopyOutput>> {
    let mut input = request.input;
    let buckets = &service.buckets;
    let conditions = source_conditions!(input);

    check_part_number(input.part_number)?;
    let object = (input.bucket.as_str(), input.key.as_str());
    let upload = check_upload(buckets, object, &input.upload_id)?;
    let kind = upload.map(|sum| sum.kind);
    let found = copy_source(buckets, &input.copy_source, &conditions)?;
    let source = found.object;

    let size = source.body.len();
    let range = match &input.copy_source_range {
        Some(range) => parse_copy_range(range, size)?,
        None => 0..size,
    };

    let mut md5 = Md5::new();
    let mut hasher = ChecksumKind::hasher(|other| kind == Some(other));
    let copied = buckets
        .bodies()
        .copy(&source.body, range, |bytes| {
            md5.update(bytes);
            hasher.update(bytes);
        })
        .await;
    let body = buckets.report_failure(copied)?;
    let checksum = hasher.finalize();
    let value = kind.and_then(|kind| kind.value(&checksum));
    let part = StoredPart {
        checksum: value.map(str::to_owned),
        ..StoredPart::new(body.clone(), hex(md5.finalize().as_ref()))
    };

    let result = CopyPartResult {
        e_tag: Some(ETag::Strong(part.e_tag.clone())),
        last_modified: Some(part.last_modified.into()),
        ..with_checksums!(CopyPartResult, checksum)
    };

    buckets
        .change_with(&body, |transaction| {
            transaction.insert_part(object, &input.upload_id, input.part_number, part)
        })
        .await?;

    Ok(S3Response::new(UploadPartCopyOutput {
        copy_part_result: Some(result),
        copy_source_version_id: found.version_id,
        ..UploadPartCopyOutput::default()
    }))
}

pub(super) async fn complete_multipart_upload(
    service: &S3Service,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
    let mut input = request.input;
    let claimed = named_checksums!(input);

    let parts = input.multipart_upload.and_then(|upload| upload.parts);
    let parts = parts.unwrap_or_default().into_iter().map(|mut part| {
        let checksum = named_checksums!(part);
        let e_tag = part.e_tag.map(ETag::into_value);
        part.part_number
            .zip(e_tag)
            .map(|(number, e_tag)| ClaimedPart {
                number,
                e_tag,
                checksum,
            })
            .ok_or_else(|| s3_error!(MalformedXML, "a part needs a number and an entity tag"))
    });
    let parts = parts.collect::<S3Result<Vec<_>>>()?;

    let preconditions = Preconditions {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
    };

    let object = (input.bucket.as_str(), input.key.as_str());
    let (completed, _) = service
        .buckets
        .change(|transaction| {
            transaction.complete_upload(object, &input.upload_id, &parts, &claimed, &preconditions)
        })
        .await?;

    let shown = completed.checksum.as_ref().map(ObjectChecksum::shown);
    let shown = shown.unwrap_or_default();

    Ok(S3Response::new(CompleteMultipartUploadOutput {
        checksum_type: shown.checksum_type.clone(),
        location: Some(format!("/{}/{}", input.bucket, encode(&input.key))),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: Some(ETag::Strong(completed.e_tag)),
        version_id: completed.version_id,
        ..with_checksums!(CompleteMultipartUploadOutput, shown)
    }))
}

pub(super) async fn abort_multipart_upload(
    service: &S3Service,
    request: S3Request<AbortMultipartUploadInput>,
) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
    let input = request.input;
    let id = &input.upload_id;
    service
        .buckets
        .change(|transaction| transaction.abort_upload(&input.bucket, &input.key, id))
        .await?;

    Ok(S3Response::with_status(
        AbortMultipartUploadOutput::default(),
        http::StatusCode::NO_CONTENT,
    ))
}

/// Checks that the upload exists, before its body is received. Returns the checksum that it will
/// have.
fn check_upload(
    buckets: &Buckets,
    (bucket, key): (&str, &str),
    id: &str,
) -> S3Result<Option<UploadChecksum>> {
    buckets.read(|index| index.upload(bucket, key, id).map(|upload| upload.checksum))
}
