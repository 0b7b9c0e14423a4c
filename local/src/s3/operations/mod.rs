//! The S3 operations that the endpoint supports, and where each one is implemented.

use async_trait::async_trait;
use s3s::{S3, S3Request, S3Response, S3Result, dto};

use super::requests::fields::check_request;
use super::service::S3Service;

mod attributes;
mod buckets;
mod defaults;
mod deletions;
mod listings;
mod objects;
mod reads;
mod tags;
mod upload_listings;
mod uploads;
mod versions;

macro_rules! operations {
    ($($module:ident::$operation:ident: $input:ident => $output:ident;)*) => {
        #[async_trait]
        impl S3 for S3Service {$(
            async fn $operation(
                &self,
                request: S3Request<dto::$input>,
            ) -> S3Result<S3Response<dto::$output>> {
                check_request(&request)?;
                $module::$operation(self, request).await
            }
        )*}
    };
}

operations! {
    objects::put_object: PutObjectInput => PutObjectOutput;
    objects::post_object: PostObjectInput => PostObjectOutput;
    objects::copy_object: CopyObjectInput => CopyObjectOutput;
    reads::get_object: GetObjectInput => GetObjectOutput;
    reads::head_object: HeadObjectInput => HeadObjectOutput;
    attributes::get_object_attributes: GetObjectAttributesInput => GetObjectAttributesOutput;
    deletions::delete_object: DeleteObjectInput => DeleteObjectOutput;
    deletions::delete_objects: DeleteObjectsInput => DeleteObjectsOutput;
    tags::put_object_tagging: PutObjectTaggingInput => PutObjectTaggingOutput;
    tags::get_object_tagging: GetObjectTaggingInput => GetObjectTaggingOutput;
    tags::delete_object_tagging: DeleteObjectTaggingInput => DeleteObjectTaggingOutput;
    uploads::create_multipart_upload: CreateMultipartUploadInput => CreateMultipartUploadOutput;
    uploads::upload_part: UploadPartInput => UploadPartOutput;
    uploads::upload_part_copy: UploadPartCopyInput => UploadPartCopyOutput;
    uploads::complete_multipart_upload:
        CompleteMultipartUploadInput => CompleteMultipartUploadOutput;
    uploads::abort_multipart_upload: AbortMultipartUploadInput => AbortMultipartUploadOutput;
    upload_listings::list_parts: ListPartsInput => ListPartsOutput;
    upload_listings::list_multipart_uploads:
        ListMultipartUploadsInput => ListMultipartUploadsOutput;
    listings::list_objects: ListObjectsInput => ListObjectsOutput;
    listings::list_objects_v2: ListObjectsV2Input => ListObjectsV2Output;
    versions::list_object_versions: ListObjectVersionsInput => ListObjectVersionsOutput;
    versions::put_bucket_versioning: PutBucketVersioningInput => PutBucketVersioningOutput;
    versions::get_bucket_versioning: GetBucketVersioningInput => GetBucketVersioningOutput;
    buckets::create_bucket: CreateBucketInput => CreateBucketOutput;
    buckets::delete_bucket: DeleteBucketInput => DeleteBucketOutput;
    buckets::list_buckets: ListBucketsInput => ListBucketsOutput;
    buckets::head_bucket: HeadBucketInput => HeadBucketOutput;
    buckets::get_bucket_location: GetBucketLocationInput => GetBucketLocationOutput;
    defaults::get_bucket_acl: GetBucketAclInput => GetBucketAclOutput;
    defaults::put_bucket_acl: PutBucketAclInput => PutBucketAclOutput;
    defaults::get_object_acl: GetObjectAclInput => GetObjectAclOutput;
    defaults::put_object_acl: PutObjectAclInput => PutObjectAclOutput;
    defaults::get_bucket_policy: GetBucketPolicyInput => GetBucketPolicyOutput;
    defaults::get_bucket_policy_status:
        GetBucketPolicyStatusInput => GetBucketPolicyStatusOutput;
    defaults::get_bucket_ownership_controls:
        GetBucketOwnershipControlsInput => GetBucketOwnershipControlsOutput;
    defaults::get_public_access_block: GetPublicAccessBlockInput => GetPublicAccessBlockOutput;
    defaults::get_bucket_encryption: GetBucketEncryptionInput => GetBucketEncryptionOutput;
    defaults::get_bucket_request_payment:
        GetBucketRequestPaymentInput => GetBucketRequestPaymentOutput;
    defaults::get_bucket_cors: GetBucketCorsInput => GetBucketCorsOutput;
    defaults::get_bucket_lifecycle_configuration:
        GetBucketLifecycleConfigurationInput => GetBucketLifecycleConfigurationOutput;
    defaults::get_bucket_tagging: GetBucketTaggingInput => GetBucketTaggingOutput;
    defaults::get_bucket_website: GetBucketWebsiteInput => GetBucketWebsiteOutput;
    defaults::get_bucket_replication: GetBucketReplicationInput => GetBucketReplicationOutput;
    defaults::get_object_lock_configuration:
        GetObjectLockConfigurationInput => GetObjectLockConfigurationOutput;
    defaults::get_bucket_logging: GetBucketLoggingInput => GetBucketLoggingOutput;
    defaults::get_bucket_accelerate_configuration:
        GetBucketAccelerateConfigurationInput => GetBucketAccelerateConfigurationOutput;
}
