//! The operation that returns the attributes of an object without its body.

use s3s::dto::{
    ETag, GetObjectAttributesInput, GetObjectAttributesOutput, GetObjectAttributesParts,
    ObjectPart, StorageClass,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::listings::page_size;
use crate::s3::requests::checksums::with_checksums;
use crate::s3::requests::headers::content_length;
use crate::s3::service::S3Service;
use crate::s3::store::{ObjectChecksum, StoredObject};

/// The attributes that a client can ask for ("GetObjectAttributes", Amazon S3 API Reference, 2026).
const ATTRIBUTES: [&str; 5] = [
    "ETag",
    "Checksum",
    "ObjectParts",
    "StorageClass",
    "ObjectSize",
];

pub(super) async fn get_object_attributes(
    service: &S3Service,
    request: S3Request<GetObjectAttributesInput>,
) -> S3Result<S3Response<GetObjectAttributesOutput>> {
    let input = request.input;
    // Clients send one header with a list, or one header for each attribute.
    let asked: Vec<_> = input
        .object_attributes
        .iter()
        .flat_map(|header| header.as_str().split(','))
        .map(str::trim)
        .collect();
    let is_known = asked.iter().all(|name| ATTRIBUTES.contains(name));

    if asked.is_empty() || !is_known {
        return Err(s3_error!(
            InvalidArgument,
            "`x-amz-object-attributes` must name some of {}",
            ATTRIBUTES.join(", ")
        ));
    }

    let version_id = input.version_id.as_deref();
    let found = service
        .buckets
        .find(&input.bucket, &input.key, version_id)?;
    let object = &found.object;
    let is_asked = |name| asked.contains(&name);
    let page = PartsPage {
        after: input.part_number_marker.unwrap_or_default(),
        size: page_size(input.max_parts),
    };

    Ok(S3Response::new(GetObjectAttributesOutput {
        checksum: object
            .checksum
            .as_ref()
            .filter(|_| is_asked("Checksum"))
            .map(ObjectChecksum::attribute),
        e_tag: is_asked("ETag").then(|| ETag::Strong(object.e_tag.clone())),
        object_size: is_asked("ObjectSize").then(|| content_length(object.body.len())),
        storage_class: is_asked("StorageClass")
            .then(|| StorageClass::from(object.storage_class().to_owned())),
        object_parts: parts(object, &page).filter(|_| is_asked("ObjectParts")),
        last_modified: Some(object.last_modified.into()),
        version_id: found.version_id,
        ..GetObjectAttributesOutput::default()
    }))
}

/// Which parts a client asks for.
struct PartsPage {
    /// The number of the part before the first one.
    after: i32,
    size: i32,
}

/// The parts that an object was uploaded in; `None` if it was put as a whole. Without a composite
/// checksum S3 only counts them ("GetObjectAttributes", Amazon S3 API Reference, 2026).
fn parts(object: &StoredObject, page: &PartsPage) -> Option<GetObjectAttributesParts> {
    if !object.is_multipart() {
        return None;
    }

    let checksum = object.checksum.as_ref();
    let checksums = checksum.map(|checksum| checksum.shown_parts().collect::<Vec<_>>());
    let checksums = checksums.unwrap_or_default();
    let count = GetObjectAttributesParts {
        total_parts_count: i32::try_from(object.body.pieces().len()).ok(),
        ..GetObjectAttributesParts::default()
    };
    if checksums.is_empty() {
        return Some(count);
    }

    let all = (1..).zip(object.body.pieces().zip(checksums));
    let mut after = all.filter(|(number, _)| *number > page.after).peekable();
    let size = usize::try_from(page.size).unwrap_or_default();
    let listed: Vec<_> = after
        .by_ref()
        .take(size)
        .map(|(number, (length, checksum))| ObjectPart {
            part_number: Some(number),
            size: Some(content_length(length)),
            ..with_checksums!(ObjectPart, checksum)
        })
        .collect();

    let last = listed.last().and_then(|part| part.part_number);
    Some(GetObjectAttributesParts {
        is_truncated: Some(after.peek().is_some() && page.size > 0),
        max_parts: Some(page.size),
        part_number_marker: Some(page.after),
        next_part_number_marker: last.or(Some(page.after)),
        parts: Some(listed),
        ..count
    })
}
