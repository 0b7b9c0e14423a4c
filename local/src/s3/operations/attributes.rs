//! The operation that returns the attributes of an object without its body.

use s3s::dto::{
    ETag, GetObjectAttributesInput, GetObjectAttributesOutput, GetObjectAttributesParts,
    StorageClass,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

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

    Ok(S3Response::new(GetObjectAttributesOutput {
        checksum: object
            .checksum
            .as_ref()
            .filter(|_| is_asked("Checksum"))
            .map(ObjectChecksum::shown),
        e_tag: is_asked("ETag").then(|| ETag::Strong(object.e_tag.clone())),
        object_size: is_asked("ObjectSize").then(|| content_length(object.body.len())),
        storage_class: is_asked("StorageClass")
            .then(|| StorageClass::from(object.storage_class().to_owned())),
        object_parts: parts(object).filter(|_| is_asked("ObjectParts")),
        last_modified: Some(object.last_modified.into()),
        version_id: found.version_id,
        ..GetObjectAttributesOutput::default()
    }))
}

/// How many parts an object was uploaded in; `None` if it was put as a whole.
fn parts(object: &StoredObject) -> Option<GetObjectAttributesParts> {
    object.is_multipart().then(|| GetObjectAttributesParts {
        total_parts_count: i32::try_from(object.body.pieces().len()).ok(),
        ..GetObjectAttributesParts::default()
    })
}
