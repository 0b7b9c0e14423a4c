//! The operations on the tags of objects.

use s3s::dto::{
    DeleteObjectTaggingInput, DeleteObjectTaggingOutput, GetObjectTaggingInput,
    GetObjectTaggingOutput, PutObjectTaggingInput, PutObjectTaggingOutput, Tag,
};
use s3s::{S3Request, S3Response, S3Result};

use crate::s3::requests::tags::check_tags;
use crate::s3::service::S3Service;

pub(super) async fn put_object_tagging(
    service: &S3Service,
    request: S3Request<PutObjectTaggingInput>,
) -> S3Result<S3Response<PutObjectTaggingOutput>> {
    let input = request.input;
    let tags = input.tagging.tag_set.into_iter();
    let tags = tags.map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default()));
    let tags = Some(check_tags(tags.collect())?);

    let version_id = input.version_id.as_deref();
    let (version_id, _) = service
        .buckets
        .change(|transaction| transaction.set_tags(&input.bucket, &input.key, version_id, tags))
        .await?;

    Ok(S3Response::new(PutObjectTaggingOutput { version_id }))
}

pub(super) async fn delete_object_tagging(
    service: &S3Service,
    request: S3Request<DeleteObjectTaggingInput>,
) -> S3Result<S3Response<DeleteObjectTaggingOutput>> {
    let input = request.input;
    let version_id = input.version_id.as_deref();
    let (version_id, _) = service
        .buckets
        .change(|transaction| transaction.set_tags(&input.bucket, &input.key, version_id, None))
        .await?;

    Ok(S3Response::with_status(
        DeleteObjectTaggingOutput { version_id },
        http::StatusCode::NO_CONTENT,
    ))
}

pub(super) async fn get_object_tagging(
    service: &S3Service,
    request: S3Request<GetObjectTaggingInput>,
) -> S3Result<S3Response<GetObjectTaggingOutput>> {
    let input = request.input;
    let version_id = input.version_id.as_deref();
    let found = service
        .buckets
        .find(&input.bucket, &input.key, version_id)?;

    let tags = found.object.tags.iter().map(|(key, value)| Tag {
        key: Some(key.clone()),
        value: Some(value.clone()),
    });

    Ok(S3Response::new(GetObjectTaggingOutput {
        tag_set: tags.collect(),
        version_id: found.version_id,
    }))
}
