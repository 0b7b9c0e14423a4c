//! The operations that list unfinished uploads and their parts.

use s3s::dto::{
    ChecksumAlgorithm, CommonPrefix, ETag, ListMultipartUploadsInput, ListMultipartUploadsOutput,
    ListPartsInput, ListPartsOutput, MultipartUpload, Part, StorageClass,
};
use s3s::{S3Request, S3Response, S3Result};

use super::buckets::access::{initiator, owner};
use super::listings::{common_prefix, encode_if, page_size, shown};
use crate::s3::requests::checksums::with_checksums;
use crate::s3::requests::headers::content_length;
use crate::s3::service::S3Service;
use crate::s3::store::{StoredPart, Upload, UploadChecksum};

pub(super) async fn list_parts(
    service: &S3Service,
    request: S3Request<ListPartsInput>,
) -> S3Result<S3Response<ListPartsOutput>> {
    let input = request.input;
    let max_parts = page_size(input.max_parts);
    let marker = input.part_number_marker.unwrap_or_default();
    let limit = usize::try_from(max_parts).unwrap_or_default();

    let page = service.buckets.read(|index| -> S3Result<_> {
        let upload = index.upload(&input.bucket, &input.key, &input.upload_id)?;
        let mut after = upload.parts.iter().filter(|(number, _)| **number > marker);
        let parts = after.by_ref().take(limit);
        let parts: Vec<_> = parts
            .map(|(number, part)| listed_part(*number, part, upload.checksum))
            .collect();
        let is_truncated = limit > 0 && after.next().is_some();

        let class = StorageClass::from(upload.storage_class().to_owned());
        Ok((parts, is_truncated, upload.checksum, class))
    });
    let (parts, is_truncated, checksum, class) = page?;
    let checksum = checksum.and_then(UploadChecksum::named);
    let last = parts.last().and_then(|part| part.part_number);

    Ok(S3Response::new(ListPartsOutput {
        next_part_number_marker: last.or(Some(marker)),
        parts: Some(parts),
        checksum_algorithm: checksum.map(|sum| ChecksumAlgorithm::from_static(sum.kind.name())),
        checksum_type: checksum.map(UploadChecksum::checksum_type),
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        part_number_marker: Some(marker),
        max_parts: Some(max_parts),
        is_truncated: Some(is_truncated),
        initiator: Some(initiator()),
        owner: Some(owner()),
        storage_class: Some(class),
        ..ListPartsOutput::default()
    }))
}

fn listed_part(number: i32, part: &StoredPart, upload: Option<UploadChecksum>) -> Part {
    let named = upload.and_then(UploadChecksum::named);
    let kept = named.zip(part.checksum.as_deref());
    let kept = kept.map(|(sum, value)| sum.kind.with_value(value));

    Part {
        part_number: Some(number),
        e_tag: Some(ETag::Strong(part.e_tag.clone())),
        size: Some(content_length(part.body.len())),
        last_modified: Some(part.last_modified.into()),
        ..with_checksums!(Part, kept.unwrap_or_default())
    }
}

pub(super) async fn list_multipart_uploads(
    service: &S3Service,
    request: S3Request<ListMultipartUploadsInput>,
) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
    let input = request.input;
    let is_encoded = input.encoding_type.is_some();
    let max_uploads = page_size(input.max_uploads);
    let mut page = UploadPage {
        prefix: input.prefix.as_deref().unwrap_or_default(),
        delimiter: input.delimiter.as_deref().filter(|it| !it.is_empty()),
        key_marker: input.key_marker.as_deref().filter(|it| !it.is_empty()),
        id_marker: input.upload_id_marker.as_deref(),
        limit: usize::try_from(max_uploads).unwrap_or_default(),
        is_encoded,
        uploads: Vec::new(),
        common_prefixes: Vec::new(),
        last: None,
        is_truncated: false,
    };
    service.buckets.read(|index| -> S3Result<_> {
        index.bucket(&input.bucket)?;
        page.fill(index.uploads(&input.bucket));
        Ok(())
    })?;

    let text = |text: String| encode_if(is_encoded, text);
    let (next_key, next_id) = page.last.filter(|_| page.is_truncated).unzip();

    Ok(S3Response::new(ListMultipartUploadsOutput {
        uploads: Some(page.uploads),
        common_prefixes: Some(page.common_prefixes),
        is_truncated: Some(page.is_truncated),
        next_key_marker: next_key.map(text),
        next_upload_id_marker: next_id,
        bucket: Some(input.bucket),
        prefix: input.prefix.map(text),
        delimiter: shown(input.delimiter).map(text),
        key_marker: Some(text(input.key_marker.unwrap_or_default())),
        upload_id_marker: Some(input.upload_id_marker.unwrap_or_default()),
        max_uploads: Some(max_uploads),
        encoding_type: input.encoding_type,
        ..ListMultipartUploadsOutput::default()
    }))
}

/// One page of the uploads in a bucket.
struct UploadPage<'p> {
    prefix: &'p str,
    delimiter: Option<&'p str>,
    /// The page starts after this key, or after an upload of it.
    key_marker: Option<&'p str>,
    /// The upload after which the page starts. Without a key S3 ignores it.
    id_marker: Option<&'p str>,
    limit: usize,
    is_encoded: bool,
    uploads: Vec<MultipartUpload>,
    common_prefixes: Vec<CommonPrefix>,
    /// The last entry, a key and an id; a common prefix has an empty id.
    last: Option<(String, String)>,
    is_truncated: bool,
}

impl UploadPage<'_> {
    /// Lists uploads, which are in the order of their keys and starts.
    fn fill(&mut self, uploads: Vec<(&str, &Upload)>) {
        for (id, upload) in uploads {
            let key = upload.key.as_str();
            if !key.starts_with(self.prefix) {
                continue;
            }

            let prefix = common_prefix(self.prefix, self.delimiter, key);
            let name = prefix.unwrap_or(key);
            let last = self.last.as_ref().map(|(name, _)| name.as_str());
            if self.is_before(name, id, prefix.is_some()) || prefix.is_some() && last == prefix {
                continue;
            }

            if self.uploads.len() + self.common_prefixes.len() == self.limit {
                self.is_truncated = self.limit > 0;
                return;
            }

            let shown = encode_if(self.is_encoded, name.to_owned());
            match prefix {
                Some(_) => self.common_prefixes.push(CommonPrefix {
                    prefix: Some(shown),
                }),
                None => self.uploads.push(listed_upload(shown, id, upload)),
            }

            let id = if prefix.is_some() { "" } else { id };
            self.last = Some((name.to_owned(), id.to_owned()));
        }
    }

    /// Whether an upload or a common prefix is on an earlier page.
    fn is_before(&self, name: &str, id: &str, is_prefix: bool) -> bool {
        let Some(marker) = self.key_marker else {
            return false;
        };

        match self.id_marker.filter(|id| !id.is_empty() && !is_prefix) {
            Some(after) => (name, id) <= (marker, after),
            None => name <= marker,
        }
    }
}

fn listed_upload(key: String, id: &str, upload: &Upload) -> MultipartUpload {
    let checksum = upload.checksum.and_then(UploadChecksum::named);

    MultipartUpload {
        key: Some(key),
        upload_id: Some(id.to_owned()),
        initiated: Some(upload.initiated.into()),
        initiator: Some(initiator()),
        owner: Some(owner()),
        storage_class: Some(StorageClass::from(upload.storage_class().to_owned())),
        checksum_algorithm: checksum.map(|sum| ChecksumAlgorithm::from_static(sum.kind.name())),
        checksum_type: checksum.map(UploadChecksum::checksum_type),
    }
}
