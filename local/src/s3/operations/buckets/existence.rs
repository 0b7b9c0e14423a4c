//! The operations that create, remove and list buckets.

use s3s::dto::{
    Bucket, BucketLocationConstraint, CreateBucketInput, CreateBucketOutput, DeleteBucketInput,
    DeleteBucketOutput, GetBucketLocationInput, GetBucketLocationOutput, HeadBucketInput,
    HeadBucketOutput, ListBucketsInput, ListBucketsOutput,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::access::owner;
use crate::aws::arn::REGION;
use crate::s3::service::S3Service;

/// How many buckets a page has, unless the client asks for fewer ("ListBuckets", Amazon S3 API
/// Reference, 2026).
const MAX_BUCKETS: i32 = 10_000;

pub(in crate::s3::operations) async fn create_bucket(
    service: &S3Service,
    request: S3Request<CreateBucketInput>,
) -> S3Result<S3Response<CreateBucketOutput>> {
    let input = request.input;
    if input.object_lock_enabled_for_bucket == Some(true) {
        return Err(s3_error!(
            NotImplemented,
            "the pipeline has no object lock; create the bucket without it"
        ));
    }

    let configuration = input.create_bucket_configuration;
    let location = configuration.and_then(|configuration| configuration.location_constraint);
    let location = location.map(|location| location.as_str().to_owned());
    if location.as_deref() == Some(REGION) {
        return Err(s3_error!(
            InvalidLocationConstraint,
            "`{REGION}` is the default, which is not named as a location constraint"
        ));
    }

    let location = location.filter(|location| !location.is_empty());
    service
        .buckets
        .change(|transaction| transaction.create_bucket(&input.bucket, location))
        .await?;

    Ok(S3Response::new(CreateBucketOutput {
        location: Some(format!("/{}", input.bucket)),
    }))
}

pub(in crate::s3::operations) async fn delete_bucket(
    service: &S3Service,
    request: S3Request<DeleteBucketInput>,
) -> S3Result<S3Response<DeleteBucketOutput>> {
    service
        .buckets
        .change(|transaction| transaction.delete_bucket(&request.input.bucket))
        .await?;

    Ok(S3Response::with_status(
        DeleteBucketOutput::default(),
        http::StatusCode::NO_CONTENT,
    ))
}

pub(in crate::s3::operations) async fn list_buckets(
    service: &S3Service,
    request: S3Request<ListBucketsInput>,
) -> S3Result<S3Response<ListBucketsOutput>> {
    let input = request.input;
    let prefix = input.prefix.as_deref().unwrap_or_default();
    let after = input.continuation_token.as_deref().unwrap_or_default();
    let limit = input.max_buckets.unwrap_or(MAX_BUCKETS);
    let limit = usize::try_from(limit.clamp(1, MAX_BUCKETS)).unwrap_or_default();

    let mut buckets: Vec<_> = service.buckets.read(|index| {
        index
            .buckets()
            .filter(|(name, _)| name.starts_with(prefix) && *name > after)
            .filter(|(_, bucket)| {
                let region = region(bucket.settings.location.as_deref());
                input.bucket_region.as_ref().is_none_or(|it| *it == region)
            })
            .take(limit + 1)
            .map(|(name, bucket)| Bucket {
                name: Some(name.to_owned()),
                creation_date: Some(bucket.settings.created.into()),
                bucket_region: Some(region(bucket.settings.location.as_deref())),
            })
            .collect()
    });

    let is_truncated = buckets.len() > limit;
    buckets.truncate(limit);
    let last = buckets.last().and_then(|bucket| bucket.name.clone());

    Ok(S3Response::new(ListBucketsOutput {
        continuation_token: last.filter(|_| is_truncated),
        buckets: Some(buckets),
        owner: Some(owner()),
        prefix: input.prefix,
    }))
}

pub(in crate::s3::operations) async fn head_bucket(
    service: &S3Service,
    request: S3Request<HeadBucketInput>,
) -> S3Result<S3Response<HeadBucketOutput>> {
    let location = location(service, &request.input.bucket)?;

    Ok(S3Response::new(HeadBucketOutput {
        bucket_region: Some(region(location.as_deref())),
        ..HeadBucketOutput::default()
    }))
}

pub(in crate::s3::operations) async fn get_bucket_location(
    service: &S3Service,
    request: S3Request<GetBucketLocationInput>,
) -> S3Result<S3Response<GetBucketLocationOutput>> {
    let location = location(service, &request.input.bucket)?;

    Ok(S3Response::new(GetBucketLocationOutput {
        location_constraint: location.map(BucketLocationConstraint::from),
    }))
}

/// The region that the client chose for a bucket.
fn location(service: &S3Service, bucket: &str) -> S3Result<Option<String>> {
    let buckets = &service.buckets;
    buckets.read(|index| Ok(index.bucket(bucket)?.settings.location.clone()))
}

fn region(location: Option<&str>) -> String {
    location.unwrap_or(REGION).to_owned()
}
