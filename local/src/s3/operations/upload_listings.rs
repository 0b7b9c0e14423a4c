//! The operations that list unfinished uploads and their parts.

use s3s::dto::{
    ChecksumAlgorithm, ETag, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput,
    ListPartsOutput, MultipartUpload, Part, StorageClass,
};
use s3s::{S3Request, S3Response, S3Result};

use super::buckets::access::{initiator, owner};
use super::listings::encode_if;
use crate::s3::requests::checksums::with_checksums;
use crate::s3::requests::headers::content_length;
use crate::s3::service::S3Service;
use crate::s3::store::UploadChecksum;

pub(super) async fn list_parts(
    service: &S3Service,
    request: S3Request<ListPartsInput>,
) -> S3Result<S3Response<ListPartsOutput>> {
    let input = request.input;
    let parts = service.buckets.read(|index| -> S3Result<_> {
        let upload = index.upload(&input.bucket, &input.key, &input.upload_id)?;
        let parts = upload.parts.iter().map(|(number, part)| Part {
            part_number: Some(*number),
            e_tag: Some(ETag::Strong(part.e_tag.clone())),
            size: Some(content_length(part.body.len())),
            last_modified: Some(part.last_modified.into()),
            ..with_checksums!(Part, {
                let sum = upload.checksum.zip(part.checksum.as_deref());
                sum.map(|(sum, value)| sum.kind.with_value(value))
                    .unwrap_or_default()
            })
        });

        Ok((parts.collect(), upload.checksum))
    });
    let (parts, checksum) = parts?;

    Ok(S3Response::new(ListPartsOutput {
        parts: Some(parts),
        checksum_algorithm: checksum.map(|sum| ChecksumAlgorithm::from_static(sum.kind.name())),
        checksum_type: checksum.map(UploadChecksum::checksum_type),
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        is_truncated: Some(false),
        initiator: Some(initiator()),
        owner: Some(owner()),
        storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
        ..ListPartsOutput::default()
    }))
}

pub(super) async fn list_multipart_uploads(
    service: &S3Service,
    request: S3Request<ListMultipartUploadsInput>,
) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
    let input = request.input;
    let is_encoded = input.encoding_type.is_some();

    let uploads = service.buckets.read(|index| -> S3Result<_> {
        index.bucket(&input.bucket)?;
        let uploads = index.uploads(&input.bucket).into_iter();
        let uploads = uploads.map(|(id, upload)| MultipartUpload {
            key: Some(encode_if(is_encoded, upload.key.clone())),
            upload_id: Some(id.to_owned()),
            initiated: Some(upload.initiated.into()),
            initiator: Some(initiator()),
            owner: Some(owner()),
            storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
            ..MultipartUpload::default()
        });

        Ok(uploads.collect())
    });

    Ok(S3Response::new(ListMultipartUploadsOutput {
        uploads: Some(uploads?),
        bucket: Some(input.bucket),
        encoding_type: input.encoding_type,
        is_truncated: Some(false),
        ..ListMultipartUploadsOutput::default()
    }))
}
