//! The S3 operations that the endpoint supports, and where each one is implemented.

use std::sync::Arc;

use async_trait::async_trait;
use http::Extensions;
use s3s::{S3, S3Request, S3Response, S3Result, dto};

use self::buckets::{
    access, cors, defaults, existence, lock, notifications, refused, tags as bucket_tags,
};
use super::front::request_ids::RequestIds;
use super::requests::fields::check_request;
use super::service::S3Service;
use super::store::Buckets;
use crate::aws::traces::Sender;

mod attributes;
mod buckets;
mod deletions;
mod handler_requests;
mod listings;
mod objects;
mod reads;
mod tags;
mod upload_listings;
mod uploads;
mod versions;

/// The operations on some buckets.
pub(super) struct Operations {
    buckets: Arc<Buckets>,
}

impl Operations {
    pub(super) fn new(buckets: Arc<Buckets>) -> Self {
        Self { buckets }
    }

    /// What the operation of a request with these extensions works with.
    fn service(&self, extensions: &Extensions) -> S3Service {
        let ids = extensions.get::<RequestIds>().cloned();
        let sender = extensions.get::<Sender>();
        let trace_header = sender.and_then(|sender| self.buckets.trace_of(sender));

        S3Service::new(
            Arc::clone(&self.buckets),
            ids.unwrap_or_else(RequestIds::new),
            trace_header,
        )
    }
}

macro_rules! operations {
    ($($module:ident::$operation:ident: $input:ident => $output:ident;)*) => {
        #[async_trait]
        impl S3 for Operations {$(
            async fn $operation(
                &self,
                request: S3Request<dto::$input>,
            ) -> S3Result<S3Response<dto::$output>> {
                check_request(&request)?;
                let service = self.service(&request.extensions);
                $module::$operation(&service, request).await
            }
        )*}
    };
}

operations! {
    objects::put_object: PutObjectInput => PutObjectOutput;
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
    existence::create_bucket: CreateBucketInput => CreateBucketOutput;
    existence::delete_bucket: DeleteBucketInput => DeleteBucketOutput;
    existence::list_buckets: ListBucketsInput => ListBucketsOutput;
    existence::head_bucket: HeadBucketInput => HeadBucketOutput;
    existence::get_bucket_location: GetBucketLocationInput => GetBucketLocationOutput;
    access::get_bucket_acl: GetBucketAclInput => GetBucketAclOutput;
    access::put_bucket_acl: PutBucketAclInput => PutBucketAclOutput;
    access::get_object_acl: GetObjectAclInput => GetObjectAclOutput;
    access::put_object_acl: PutObjectAclInput => PutObjectAclOutput;
    defaults::get_bucket_policy: GetBucketPolicyInput => GetBucketPolicyOutput;
    defaults::get_bucket_policy_status:
        GetBucketPolicyStatusInput => GetBucketPolicyStatusOutput;
    defaults::get_bucket_ownership_controls:
        GetBucketOwnershipControlsInput => GetBucketOwnershipControlsOutput;
    defaults::get_public_access_block: GetPublicAccessBlockInput => GetPublicAccessBlockOutput;
    defaults::get_bucket_encryption: GetBucketEncryptionInput => GetBucketEncryptionOutput;
    defaults::get_bucket_request_payment:
        GetBucketRequestPaymentInput => GetBucketRequestPaymentOutput;
    cors::get_bucket_cors: GetBucketCorsInput => GetBucketCorsOutput;
    cors::put_bucket_cors: PutBucketCorsInput => PutBucketCorsOutput;
    cors::delete_bucket_cors: DeleteBucketCorsInput => DeleteBucketCorsOutput;
    notifications::put_bucket_notification_configuration:
        PutBucketNotificationConfigurationInput => PutBucketNotificationConfigurationOutput;
    notifications::get_bucket_notification_configuration:
        GetBucketNotificationConfigurationInput => GetBucketNotificationConfigurationOutput;
    defaults::get_bucket_lifecycle_configuration:
        GetBucketLifecycleConfigurationInput => GetBucketLifecycleConfigurationOutput;
    bucket_tags::put_bucket_tagging: PutBucketTaggingInput => PutBucketTaggingOutput;
    bucket_tags::get_bucket_tagging: GetBucketTaggingInput => GetBucketTaggingOutput;
    bucket_tags::delete_bucket_tagging: DeleteBucketTaggingInput => DeleteBucketTaggingOutput;
    defaults::get_bucket_website: GetBucketWebsiteInput => GetBucketWebsiteOutput;
    defaults::get_bucket_replication: GetBucketReplicationInput => GetBucketReplicationOutput;
    defaults::get_object_lock_configuration:
        GetObjectLockConfigurationInput => GetObjectLockConfigurationOutput;
    defaults::get_bucket_logging: GetBucketLoggingInput => GetBucketLoggingOutput;
    defaults::get_bucket_accelerate_configuration:
        GetBucketAccelerateConfigurationInput => GetBucketAccelerateConfigurationOutput;
    defaults::put_bucket_ownership_controls:
        PutBucketOwnershipControlsInput => PutBucketOwnershipControlsOutput;
    defaults::put_public_access_block: PutPublicAccessBlockInput => PutPublicAccessBlockOutput;
    defaults::put_bucket_encryption: PutBucketEncryptionInput => PutBucketEncryptionOutput;
    defaults::put_bucket_request_payment:
        PutBucketRequestPaymentInput => PutBucketRequestPaymentOutput;
    defaults::delete_bucket_policy: DeleteBucketPolicyInput => DeleteBucketPolicyOutput;
    defaults::delete_bucket_lifecycle: DeleteBucketLifecycleInput => DeleteBucketLifecycleOutput;
    defaults::delete_bucket_website: DeleteBucketWebsiteInput => DeleteBucketWebsiteOutput;
    defaults::delete_bucket_replication:
        DeleteBucketReplicationInput => DeleteBucketReplicationOutput;
    defaults::delete_bucket_encryption: DeleteBucketEncryptionInput => DeleteBucketEncryptionOutput;
    defaults::get_bucket_analytics_configuration:
        GetBucketAnalyticsConfigurationInput => GetBucketAnalyticsConfigurationOutput;
    defaults::delete_bucket_analytics_configuration:
        DeleteBucketAnalyticsConfigurationInput => DeleteBucketAnalyticsConfigurationOutput;
    defaults::get_bucket_intelligent_tiering_configuration:
        GetBucketIntelligentTieringConfigurationInput =>
            GetBucketIntelligentTieringConfigurationOutput;
    defaults::delete_bucket_intelligent_tiering_configuration:
        DeleteBucketIntelligentTieringConfigurationInput =>
            DeleteBucketIntelligentTieringConfigurationOutput;
    defaults::get_bucket_inventory_configuration:
        GetBucketInventoryConfigurationInput => GetBucketInventoryConfigurationOutput;
    defaults::delete_bucket_inventory_configuration:
        DeleteBucketInventoryConfigurationInput => DeleteBucketInventoryConfigurationOutput;
    defaults::get_bucket_metrics_configuration:
        GetBucketMetricsConfigurationInput => GetBucketMetricsConfigurationOutput;
    defaults::delete_bucket_metrics_configuration:
        DeleteBucketMetricsConfigurationInput => DeleteBucketMetricsConfigurationOutput;
    defaults::list_bucket_analytics_configurations:
        ListBucketAnalyticsConfigurationsInput => ListBucketAnalyticsConfigurationsOutput;
    defaults::list_bucket_intelligent_tiering_configurations:
        ListBucketIntelligentTieringConfigurationsInput =>
            ListBucketIntelligentTieringConfigurationsOutput;
    defaults::list_bucket_inventory_configurations:
        ListBucketInventoryConfigurationsInput => ListBucketInventoryConfigurationsOutput;
    defaults::list_bucket_metrics_configurations:
        ListBucketMetricsConfigurationsInput => ListBucketMetricsConfigurationsOutput;
    lock::get_object_retention: GetObjectRetentionInput => GetObjectRetentionOutput;
    lock::get_object_legal_hold: GetObjectLegalHoldInput => GetObjectLegalHoldOutput;
    refused::put_bucket_policy: PutBucketPolicyInput => PutBucketPolicyOutput;
    refused::put_bucket_lifecycle_configuration:
        PutBucketLifecycleConfigurationInput => PutBucketLifecycleConfigurationOutput;
    refused::put_bucket_website: PutBucketWebsiteInput => PutBucketWebsiteOutput;
    refused::put_bucket_replication: PutBucketReplicationInput => PutBucketReplicationOutput;
    refused::put_bucket_logging: PutBucketLoggingInput => PutBucketLoggingOutput;
    refused::put_bucket_accelerate_configuration:
        PutBucketAccelerateConfigurationInput => PutBucketAccelerateConfigurationOutput;
    refused::put_bucket_analytics_configuration:
        PutBucketAnalyticsConfigurationInput => PutBucketAnalyticsConfigurationOutput;
    refused::put_bucket_intelligent_tiering_configuration:
        PutBucketIntelligentTieringConfigurationInput =>
            PutBucketIntelligentTieringConfigurationOutput;
    refused::put_bucket_inventory_configuration:
        PutBucketInventoryConfigurationInput => PutBucketInventoryConfigurationOutput;
    refused::put_bucket_metrics_configuration:
        PutBucketMetricsConfigurationInput => PutBucketMetricsConfigurationOutput;
    refused::delete_bucket_ownership_controls:
        DeleteBucketOwnershipControlsInput => DeleteBucketOwnershipControlsOutput;
    refused::delete_public_access_block:
        DeletePublicAccessBlockInput => DeletePublicAccessBlockOutput;
    refused::put_object_lock_configuration:
        PutObjectLockConfigurationInput => PutObjectLockConfigurationOutput;
    refused::put_object_retention: PutObjectRetentionInput => PutObjectRetentionOutput;
    refused::put_object_legal_hold: PutObjectLegalHoldInput => PutObjectLegalHoldOutput;
    refused::restore_object: RestoreObjectInput => RestoreObjectOutput;
    refused::select_object_content: SelectObjectContentInput => SelectObjectContentOutput;
    refused::get_object_torrent: GetObjectTorrentInput => GetObjectTorrentOutput;
    refused::create_bucket_metadata_table_configuration:
        CreateBucketMetadataTableConfigurationInput => CreateBucketMetadataTableConfigurationOutput;
    refused::get_bucket_metadata_table_configuration:
        GetBucketMetadataTableConfigurationInput => GetBucketMetadataTableConfigurationOutput;
    refused::delete_bucket_metadata_table_configuration:
        DeleteBucketMetadataTableConfigurationInput => DeleteBucketMetadataTableConfigurationOutput;
    refused::create_session: CreateSessionInput => CreateSessionOutput;
}
