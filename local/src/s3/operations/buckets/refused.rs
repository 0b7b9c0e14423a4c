//! The operations that the pipeline does not have, and what to do instead.

use s3s::dto::{
    CreateBucketMetadataTableConfigurationInput, CreateBucketMetadataTableConfigurationOutput,
    CreateSessionInput, CreateSessionOutput, DeleteBucketMetadataTableConfigurationInput,
    DeleteBucketMetadataTableConfigurationOutput, DeleteBucketOwnershipControlsInput,
    DeleteBucketOwnershipControlsOutput, DeletePublicAccessBlockInput,
    DeletePublicAccessBlockOutput, GetBucketMetadataTableConfigurationInput,
    GetBucketMetadataTableConfigurationOutput, GetObjectTorrentInput, GetObjectTorrentOutput,
    PutBucketAccelerateConfigurationInput, PutBucketAccelerateConfigurationOutput,
    PutBucketAnalyticsConfigurationInput, PutBucketAnalyticsConfigurationOutput,
    PutBucketIntelligentTieringConfigurationInput, PutBucketIntelligentTieringConfigurationOutput,
    PutBucketInventoryConfigurationInput, PutBucketInventoryConfigurationOutput,
    PutBucketLifecycleConfigurationInput, PutBucketLifecycleConfigurationOutput,
    PutBucketLoggingInput, PutBucketLoggingOutput, PutBucketMetricsConfigurationInput,
    PutBucketMetricsConfigurationOutput, PutBucketPolicyInput, PutBucketPolicyOutput,
    PutBucketReplicationInput, PutBucketReplicationOutput, PutBucketWebsiteInput,
    PutBucketWebsiteOutput, PutObjectLegalHoldInput, PutObjectLegalHoldOutput,
    PutObjectLockConfigurationInput, PutObjectLockConfigurationOutput, PutObjectRetentionInput,
    PutObjectRetentionOutput, RestoreObjectInput, RestoreObjectOutput, SelectObjectContentInput,
    SelectObjectContentOutput,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use crate::s3::service::S3Service;

/// Operations that are refused with a text. S3 looks first whether the bucket exists.
macro_rules! refused {
    ($($operation:ident($input:ident) => $output:ident: $text:literal;)*) => {$(
        pub(in crate::s3::operations) async fn $operation(
            service: &S3Service,
            request: S3Request<$input>,
        ) -> S3Result<S3Response<$output>> {
            service.buckets.check(&request.input.bucket)?;
            Err(s3_error!(NotImplemented, $text))
        }
    )*};
}

refused! {
    put_bucket_policy(PutBucketPolicyInput) => PutBucketPolicyOutput:
        "every request is allowed here; leave the policy out, and try policies on AWS";
    put_bucket_lifecycle_configuration(PutBucketLifecycleConfigurationInput) =>
        PutBucketLifecycleConfigurationOutput:
        "objects never expire or move here; delete them yourself, and publish the events of a \
         lifecycle with `LocalPipeline::publish`";
    put_bucket_website(PutBucketWebsiteInput) => PutBucketWebsiteOutput:
        "there are no websites here; read the objects of the bucket by their keys";
    put_bucket_replication(PutBucketReplicationInput) => PutBucketReplicationOutput:
        "nothing is copied to other buckets here; copy objects yourself, and publish the \
         events of a replication with `LocalPipeline::publish`";
    put_bucket_logging(PutBucketLoggingInput) => PutBucketLoggingOutput:
        "there are no access logs here; the console and the page show what happens";
    put_bucket_accelerate_configuration(PutBucketAccelerateConfigurationInput) =>
        PutBucketAccelerateConfigurationOutput:
        "there is one endpoint here, and nothing to accelerate; leave the configuration out";
    put_bucket_analytics_configuration(PutBucketAnalyticsConfigurationInput) =>
        PutBucketAnalyticsConfigurationOutput:
        "there are no statistics and reports here; leave the configuration out";
    put_bucket_intelligent_tiering_configuration(PutBucketIntelligentTieringConfigurationInput) =>
        PutBucketIntelligentTieringConfigurationOutput:
        "there are no statistics and reports here; leave the configuration out";
    put_bucket_inventory_configuration(PutBucketInventoryConfigurationInput) =>
        PutBucketInventoryConfigurationOutput:
        "there are no statistics and reports here; leave the configuration out";
    put_bucket_metrics_configuration(PutBucketMetricsConfigurationInput) =>
        PutBucketMetricsConfigurationOutput:
        "there are no statistics and reports here; leave the configuration out";
    delete_bucket_ownership_controls(DeleteBucketOwnershipControlsInput) =>
        DeleteBucketOwnershipControlsOutput:
        "the owner of a bucket owns its objects here, as in a new bucket of S3; leave the \
         setting as it is";
    delete_public_access_block(DeletePublicAccessBlockInput) => DeletePublicAccessBlockOutput:
        "every request is allowed here, so that there is no access to block or to open; leave \
         the setting as it is";
    put_object_lock_configuration(PutObjectLockConfigurationInput) =>
        PutObjectLockConfigurationOutput:
        "there is no object lock here; leave it out, and publish its events with \
         `LocalPipeline::publish`";
    put_object_retention(PutObjectRetentionInput) => PutObjectRetentionOutput:
        "there is no object lock here; leave it out, and publish its events with \
         `LocalPipeline::publish`";
    put_object_legal_hold(PutObjectLegalHoldInput) => PutObjectLegalHoldOutput:
        "there is no object lock here; leave it out, and publish its events with \
         `LocalPipeline::publish`";
    restore_object(RestoreObjectInput) => RestoreObjectOutput:
        "objects are never archived here, so that they can be read at once; publish the \
         events of a restoration with `LocalPipeline::publish`";
    select_object_content(SelectObjectContentInput) => SelectObjectContentOutput:
        "objects are not queried here; read the object, or a range of it";
    get_object_torrent(GetObjectTorrentInput) => GetObjectTorrentOutput:
        "there are no torrents here, nor at S3 any more; read the object";
    create_bucket_metadata_table_configuration(CreateBucketMetadataTableConfigurationInput) =>
        CreateBucketMetadataTableConfigurationOutput:
        "there are no metadata tables here; list the bucket";
    get_bucket_metadata_table_configuration(GetBucketMetadataTableConfigurationInput) =>
        GetBucketMetadataTableConfigurationOutput:
        "there are no metadata tables here; list the bucket";
    delete_bucket_metadata_table_configuration(DeleteBucketMetadataTableConfigurationInput) =>
        DeleteBucketMetadataTableConfigurationOutput:
        "there are no metadata tables here; list the bucket";
    create_session(CreateSessionInput) => CreateSessionOutput:
        "there are no directory buckets here; use a general purpose bucket";
}
