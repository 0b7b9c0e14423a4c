//! Operations that are refused as a whole, whatever their fields say.

/// Accepts every field of these inputs, because the operations refuse the request.
macro_rules! refused {
    ($($input:ident)*) => {$(
        impl $crate::s3::requests::fields::CheckFields for s3s::dto::$input {
            fn check_fields(&self) -> s3s::S3Result<()> {
                Ok(())
            }
        }
    )*};
}

refused! {
    PutBucketPolicyInput
    PutBucketLifecycleConfigurationInput
    PutBucketWebsiteInput
    PutBucketReplicationInput
    PutBucketLoggingInput
    PutBucketAccelerateConfigurationInput
    PutBucketAnalyticsConfigurationInput
    PutBucketIntelligentTieringConfigurationInput
    PutBucketInventoryConfigurationInput
    PutBucketMetricsConfigurationInput
    DeleteBucketOwnershipControlsInput
    DeletePublicAccessBlockInput
    PutObjectLockConfigurationInput
    PutObjectRetentionInput
    PutObjectLegalHoldInput
    RestoreObjectInput
    SelectObjectContentInput
    GetObjectTorrentInput
    CreateBucketMetadataTableConfigurationInput
    GetBucketMetadataTableConfigurationInput
    DeleteBucketMetadataTableConfigurationInput
    CreateSessionInput
}
