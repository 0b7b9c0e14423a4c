//! The operations on the tags of buckets.

use s3s::dto::{
    DeleteBucketTaggingInput, DeleteBucketTaggingOutput, GetBucketTaggingInput,
    GetBucketTaggingOutput, PutBucketTaggingInput, PutBucketTaggingOutput, Tag,
};
use s3s::{S3Error, S3Request, S3Response, S3Result, s3_error};

use crate::s3::requests::tags::check_bucket_tags;
use crate::s3::service::S3Service;

pub(in crate::s3::operations) async fn put_bucket_tagging(
    service: &S3Service,
    request: S3Request<PutBucketTaggingInput>,
) -> S3Result<S3Response<PutBucketTaggingOutput>> {
    let input = request.input;
    service.buckets.check(&input.bucket)?;
    let tags = input.tagging.tag_set.into_iter();
    let tags = tags.map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default()));
    let tags = check_bucket_tags(tags.collect())?;

    set_tags(service, &input.bucket, tags).await?;

    Ok(S3Response::new(PutBucketTaggingOutput::default()))
}

pub(in crate::s3::operations) async fn get_bucket_tagging(
    service: &S3Service,
    request: S3Request<GetBucketTaggingInput>,
) -> S3Result<S3Response<GetBucketTaggingOutput>> {
    let bucket = &request.input.bucket;
    let tags = service
        .buckets
        .read(|index| Ok::<_, S3Error>(index.bucket(bucket)?.settings.tags.clone()))?;
    if tags.is_empty() {
        return Err(s3_error!(NoSuchTagSet, "The TagSet does not exist"));
    }

    let tags = tags.into_iter().map(|(key, value)| Tag {
        key: Some(key),
        value: Some(value),
    });

    Ok(S3Response::new(GetBucketTaggingOutput {
        tag_set: tags.collect(),
    }))
}

pub(in crate::s3::operations) async fn delete_bucket_tagging(
    service: &S3Service,
    request: S3Request<DeleteBucketTaggingInput>,
) -> S3Result<S3Response<DeleteBucketTaggingOutput>> {
    set_tags(service, &request.input.bucket, Vec::new()).await?;

    Ok(S3Response::new(DeleteBucketTaggingOutput::default()))
}

async fn set_tags(service: &S3Service, bucket: &str, tags: Vec<(String, String)>) -> S3Result<()> {
    service
        .buckets
        .change(|transaction| transaction.set_bucket_tags(bucket, tags))
        .await?;

    Ok(())
}
