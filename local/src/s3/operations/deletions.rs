//! The operations that delete objects.

use s3s::dto::{
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject,
    ETag, ETagCondition, ObjectIdentifier,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use crate::s3::front::xml::is_xml;
use crate::s3::service::S3Service;
use crate::s3::store::{DeleteConditions, Deleted, Transaction};

/// How many objects one request can delete ("DeleteObjects", Amazon S3 API Reference, 2026).
const MAX_DELETIONS: usize = 1000;

pub(super) async fn delete_object(
    service: &S3Service,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<S3Response<DeleteObjectOutput>> {
    let input = request.input;
    let version_id = input.version_id.as_deref();
    let conditions = DeleteConditions {
        e_tag: input.if_match,
        size: input.if_match_size,
        last_modified: input.if_match_last_modified_time,
    };
    let (bucket, key) = (&input.bucket, &input.key);
    let (deleted, _) = service
        .buckets
        .change(|transaction| transaction.delete(bucket, key, version_id, &conditions))
        .await?;

    let output = DeleteObjectOutput {
        delete_marker: deleted.is_delete_marker.then_some(true),
        version_id: deleted.version_id,
        ..DeleteObjectOutput::default()
    };

    Ok(S3Response::with_status(
        output,
        http::StatusCode::NO_CONTENT,
    ))
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

    if batch.objects.is_empty() || batch.objects.len() > MAX_DELETIONS {
        return Err(s3_error!(
            MalformedXML,
            "a request deletes 1 to {MAX_DELETIONS} objects"
        ));
    }

    // `s3s` reads characters that no XML document holds.
    let mut keys = batch.objects.iter().map(|object| object.key.as_str());
    if !keys.all(|key| key.chars().all(is_xml)) {
        return Err(s3_error!(
            MalformedXML,
            "The XML you provided was not well-formed or did not validate against our published \
             schema"
        ));
    }

    let ((deleted, errors), _) = service
        .buckets
        .change(|transaction| {
            transaction.bucket(&bucket)?;
            Ok(delete_each(transaction, &bucket, batch.objects))
        })
        .await?;

    Ok(S3Response::new(DeleteObjectsOutput {
        deleted: Some(deleted).filter(|_| batch.quiet != Some(true)),
        errors: Some(errors),
        ..DeleteObjectsOutput::default()
    }))
}

/// Deletes each object. One that cannot be deleted does not keep the others.
fn delete_each(
    transaction: &mut Transaction<'_>,
    bucket: &str,
    objects: Vec<ObjectIdentifier>,
) -> (Vec<DeletedObject>, Vec<s3s::dto::Error>) {
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());

    for ObjectIdentifier {
        key,
        version_id,
        e_tag,
        size,
        last_modified_time,
    } in objects
    {
        let conditions = DeleteConditions {
            e_tag: e_tag.map(condition),
            size,
            last_modified: last_modified_time,
        };
        match transaction.delete(bucket, &key, version_id.as_deref(), &conditions) {
            Ok(deletion) => deleted.push(entry(key, version_id, deletion)),
            Err(error) => errors.push(s3s::dto::Error {
                code: Some(error.code().as_str().to_owned()),
                key: Some(key),
                message: error.message().map(str::to_owned),
                version_id,
            }),
        }
    }

    (deleted, errors)
}

/// In a batch, `*` stands for any entity tag, as it does in `If-Match`.
fn condition(e_tag: ETag) -> ETagCondition {
    match e_tag.value() {
        "*" => ETagCondition::Any,
        _ => ETagCondition::ETag(e_tag),
    }
}

fn entry(key: String, version_id: Option<String>, deletion: Deleted) -> DeletedObject {
    DeletedObject {
        key: Some(key),
        version_id,
        delete_marker: deletion.is_delete_marker.then_some(true),
        delete_marker_version_id: deletion.version_id.filter(|_| deletion.is_delete_marker),
    }
}
