//! The operations on multipart uploads.

use std::ops::Range;

use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, Checksum, ChecksumAlgorithm,
    ChecksumType, CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CompletedPart,
    CopyPartResult, CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag,
    UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use crate::aws::digest::hex;
use crate::s3::requests::checksums::{claimed_checksums, named_checksums, with_checksums};
use crate::s3::requests::conditions::source_conditions;
use crate::s3::requests::headers::{
    check_part_number, copy_source, encode, encryption, object_headers, parse_copy_range,
    parse_tags,
};
use crate::s3::service::S3Service;
use crate::s3::store::{
    Buckets, ChecksumKind, ClaimedPart, ClaimedUpload, ObjectChecksum, Pin, Preconditions,
    StoredBody, StoredPart, UploadChecksum,
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
        (Some(kind), asked) => UploadChecksum::new(kind, asked)?,
        (None, None) => UploadChecksum::unnamed(),
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
        .change(|transaction| transaction.start_upload(object, headers, tags, Some(checksum)))
        .await?;
    let checksum = checksum.named();

    Ok(S3Response::new(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(id),
        checksum_algorithm: checksum.map(|sum| ChecksumAlgorithm::from_static(sum.kind.name())),
        checksum_type: checksum.map(UploadChecksum::checksum_type),
        server_side_encryption: encryption(),
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
    let object = (input.bucket.as_str(), input.key.as_str());
    let upload = check_upload(buckets, object, &input.upload_id)?;
    let sent = claims.kind();
    upload.map_or(Ok(()), |upload| upload.check_part(sent))?;

    let kind = upload.map(|upload| upload.kind);
    let received = claims.receive(buckets.bodies(), input.body, kind).await;
    let checked = buckets.report_failure(received)?;
    let value = |kind: ChecksumKind| kind.value(&checked.checksum).map(str::to_owned);
    let part = StoredPart {
        checksum: kind.and_then(value),
        claimed: sent
            .filter(|sent| Some(*sent) != kind)
            .and_then(|sent| Some((sent, value(sent)?))),
        ..StoredPart::new(checked.body.clone(), checked.e_tag.clone())
    };

    buckets
        .change_with(&checked.body, |transaction| {
            transaction.insert_part(object, &input.upload_id, input.part_number, part)
        })
        .await?;

    // The default checksum is S3's own affair.
    let named = upload.and_then(UploadChecksum::named);
    let shown = sent.or(named.map(|named| named.kind));
    let shown = shown.and_then(|kind| Some(kind.with_value(kind.value(&checked.checksum)?)));

    Ok(S3Response::new(UploadPartOutput {
        e_tag: Some(ETag::Strong(checked.e_tag)),
        server_side_encryption: encryption(),
        ..with_checksums!(UploadPartOutput, shown.unwrap_or_default())
    }))
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
    let (found, pin) = copy_source(buckets, &input.copy_source, &conditions)?;
    let source = found.object;

    let size = source.body.len();
    let range = match &input.copy_source_range {
        Some(range) => parse_copy_range(range, size)?,
        None => 0..size,
    };

    buckets
        .bodies()
        .check_copy_length(range.end - range.start)?;

    let copied = copied_part(buckets, &source.body, (range, pin), kind).await;
    let (part, checksum) = buckets.report_failure(copied)?;
    let body = part.body.clone();

    let is_named = upload.and_then(UploadChecksum::named).is_some();
    let shown = Some(checksum).filter(|_| is_named).unwrap_or_default();
    let result = CopyPartResult {
        e_tag: Some(ETag::Strong(part.e_tag.clone())),
        last_modified: Some(part.last_modified.into()),
        ..with_checksums!(CopyPartResult, shown)
    };

    buckets
        .change_with(&body, |transaction| {
            transaction.insert_part(object, &input.upload_id, input.part_number, part)
        })
        .await?;

    Ok(S3Response::new(UploadPartCopyOutput {
        copy_part_result: Some(result),
        copy_source_version_id: found.version_id,
        server_side_encryption: encryption(),
        ..UploadPartCopyOutput::default()
    }))
}

/// A part that is a range of another object, and its checksum of this kind.
async fn copied_part(
    buckets: &Buckets,
    source: &StoredBody,
    (range, pin): (Range<u64>, Pin),
    kind: Option<ChecksumKind>,
) -> S3Result<(StoredPart, Checksum)> {
    let mut md5 = Md5::new();
    let mut hasher = ChecksumKind::hasher(|other| kind == Some(other));
    let copied = buckets.bodies().copy(source, range, pin, |bytes| {
        md5.update(bytes);
        hasher.update(bytes);
    });
    let body = copied.await?;

    let checksum = hasher.finalize();
    let value = kind.and_then(|kind| kind.value(&checksum));
    let part = StoredPart {
        checksum: value.map(str::to_owned),
        ..StoredPart::new(body, hex(md5.finalize().as_ref()))
    };

    Ok((part, checksum))
}

pub(super) async fn complete_multipart_upload(
    service: &S3Service,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
    let mut input = request.input;
    let checksum = named_checksums!(input);
    let parts = input.multipart_upload.and_then(|upload| upload.parts);
    let parts = parts.unwrap_or_default().into_iter().map(claimed_part);

    let claim = ClaimedUpload {
        parts: parts.collect::<S3Result<Vec<_>>>()?,
        checksum,
        checksum_type: input.checksum_type,
        size: input.mpu_object_size,
    };
    let preconditions = Preconditions {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
    };

    let object = (input.bucket.as_str(), input.key.as_str());
    let (completed, _) = service
        .buckets
        .change(|transaction| {
            transaction.complete_upload(object, &input.upload_id, &claim, &preconditions)
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
        server_side_encryption: encryption(),
        ..with_checksums!(CompleteMultipartUploadOutput, shown)
    }))
}

/// A part as the client names it.
fn claimed_part(mut part: CompletedPart) -> S3Result<ClaimedPart> {
    let checksum = named_checksums!(part);
    let e_tag = part.e_tag.map(ETag::into_value);
    let named = part.part_number.zip(e_tag);
    let (number, e_tag) =
        named.ok_or_else(|| s3_error!(MalformedXML, "a part needs a number and an entity tag"))?;

    Ok(ClaimedPart {
        number,
        e_tag,
        checksum,
    })
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
