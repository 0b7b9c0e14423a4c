//! What S3 answers for a bucket whose settings nobody has changed: encryption, and the
//! settings that the pipeline does not have.

use http::StatusCode;
use s3s::dto::{
    DeleteBucketAnalyticsConfigurationInput, DeleteBucketAnalyticsConfigurationOutput,
    DeleteBucketEncryptionInput, DeleteBucketEncryptionOutput,
    DeleteBucketIntelligentTieringConfigurationInput,
    DeleteBucketIntelligentTieringConfigurationOutput, DeleteBucketInventoryConfigurationInput,
    DeleteBucketInventoryConfigurationOutput, DeleteBucketLifecycleInput,
    DeleteBucketLifecycleOutput, DeleteBucketMetricsConfigurationInput,
    DeleteBucketMetricsConfigurationOutput, DeleteBucketPolicyInput, DeleteBucketPolicyOutput,
    DeleteBucketReplicationInput, DeleteBucketReplicationOutput, DeleteBucketWebsiteInput,
    DeleteBucketWebsiteOutput, GetBucketAccelerateConfigurationInput,
    GetBucketAccelerateConfigurationOutput, GetBucketAnalyticsConfigurationInput,
    GetBucketAnalyticsConfigurationOutput, GetBucketEncryptionInput, GetBucketEncryptionOutput,
    GetBucketIntelligentTieringConfigurationInput, GetBucketIntelligentTieringConfigurationOutput,
    GetBucketInventoryConfigurationInput, GetBucketInventoryConfigurationOutput,
    GetBucketLifecycleConfigurationInput, GetBucketLifecycleConfigurationOutput,
    GetBucketLoggingInput, GetBucketLoggingOutput, GetBucketMetricsConfigurationInput,
    GetBucketMetricsConfigurationOutput, GetBucketOwnershipControlsInput,
    GetBucketOwnershipControlsOutput, GetBucketPolicyInput, GetBucketPolicyOutput,
    GetBucketPolicyStatusInput, GetBucketPolicyStatusOutput, GetBucketReplicationInput,
    GetBucketReplicationOutput, GetBucketRequestPaymentInput, GetBucketRequestPaymentOutput,
    GetBucketWebsiteInput, GetBucketWebsiteOutput, GetObjectLockConfigurationInput,
    GetObjectLockConfigurationOutput, GetPublicAccessBlockInput, GetPublicAccessBlockOutput,
    ListBucketAnalyticsConfigurationsInput, ListBucketAnalyticsConfigurationsOutput,
    ListBucketIntelligentTieringConfigurationsInput,
    ListBucketIntelligentTieringConfigurationsOutput, ListBucketInventoryConfigurationsInput,
    ListBucketInventoryConfigurationsOutput, ListBucketMetricsConfigurationsInput,
    ListBucketMetricsConfigurationsOutput, ObjectOwnership, OwnershipControls,
    OwnershipControlsRule, Payer, PublicAccessBlockConfiguration, PutBucketEncryptionInput,
    PutBucketEncryptionOutput, PutBucketOwnershipControlsInput, PutBucketOwnershipControlsOutput,
    PutBucketRequestPaymentInput, PutBucketRequestPaymentOutput, PutPublicAccessBlockInput,
    PutPublicAccessBlockOutput, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};

use crate::s3::service::S3Service;

/// Operations that return the same for each bucket.
macro_rules! answers {
    ($($operation:ident($input:ident) => $output:ident $fields:tt)*) => {$(
        pub(in crate::s3::operations) async fn $operation(
            service: &S3Service,
            request: S3Request<$input>,
        ) -> S3Result<S3Response<$output>> {
            service.buckets.check(&request.input.bucket)?;
            Ok(S3Response::new($output $fields))
        }
    )*};
}

/// Operations that put what each bucket has anyway. Anything else is refused.
macro_rules! fixed {
    ($($operation:ident($input:ident) => $output:ident: $is_default:expr, $text:literal;)*) => {$(
        pub(in crate::s3::operations) async fn $operation(
            service: &S3Service,
            request: S3Request<$input>,
        ) -> S3Result<S3Response<$output>> {
            service.buckets.check(&request.input.bucket)?;
            let is_default: fn(&$input) -> bool = $is_default;
            if !is_default(&request.input) {
                return Err(s3_error!(NotImplemented, $text));
            }

            Ok(S3Response::new($output::default()))
        }
    )*};
}

/// Operations that remove what no bucket has, which S3 answers as if it had been there.
macro_rules! removals {
    ($($operation:ident($input:ident) => $output:ident;)*) => {$(
        pub(in crate::s3::operations) async fn $operation(
            service: &S3Service,
            request: S3Request<$input>,
        ) -> S3Result<S3Response<$output>> {
            service.buckets.check(&request.input.bucket)?;
            Ok(S3Response::new($output::default()))
        }
    )*};
}

/// Operations that return an error for each bucket, because nothing is configured.
macro_rules! errors {
    ($($operation:ident($input:ident) => $output:ident: $code:ident, $text:literal;)*) => {$(
        pub(in crate::s3::operations) async fn $operation(
            service: &S3Service,
            request: S3Request<$input>,
        ) -> S3Result<S3Response<$output>> {
            service.buckets.check(&request.input.bucket)?;
            Err(s3_error!($code, $text))
        }
    )*};
}

/// Operations on a configuration with an id, of which no bucket has any.
macro_rules! unknown {
    ($($operation:ident($input:ident) => $output:ident;)*) => {$(
        pub(in crate::s3::operations) async fn $operation(
            service: &S3Service,
            request: S3Request<$input>,
        ) -> S3Result<S3Response<$output>> {
            service.buckets.check(&request.input.bucket)?;

            let mut error = S3Error::with_message(
                S3ErrorCode::Custom("NoSuchConfiguration".into()),
                "The specified configuration does not exist.",
            );
            error.set_status_code(StatusCode::NOT_FOUND);
            Err(error)
        }
    )*};
}

answers! {
    get_bucket_ownership_controls(GetBucketOwnershipControlsInput) =>
    GetBucketOwnershipControlsOutput {
        ownership_controls: Some(OwnershipControls {
            rules: vec![OwnershipControlsRule {
                object_ownership: ObjectOwnership::from_static(
                    ObjectOwnership::BUCKET_OWNER_ENFORCED,
                ),
            }],
        }),
    }
    get_public_access_block(GetPublicAccessBlockInput) => GetPublicAccessBlockOutput {
        public_access_block_configuration: Some(PublicAccessBlockConfiguration {
            block_public_acls: Some(true),
            block_public_policy: Some(true),
            ignore_public_acls: Some(true),
            restrict_public_buckets: Some(true),
        }),
    }
    get_bucket_encryption(GetBucketEncryptionInput) => GetBucketEncryptionOutput {
        server_side_encryption_configuration: Some(ServerSideEncryptionConfiguration {
            rules: vec![ServerSideEncryptionRule {
                apply_server_side_encryption_by_default: Some(ServerSideEncryptionByDefault {
                    sse_algorithm: ServerSideEncryption::from_static(ServerSideEncryption::AES256),
                    kms_master_key_id: None,
                }),
                bucket_key_enabled: Some(false),
            }],
        }),
    }
    get_bucket_request_payment(GetBucketRequestPaymentInput) => GetBucketRequestPaymentOutput {
        payer: Some(Payer::from_static(Payer::BUCKET_OWNER)),
    }
    get_bucket_logging(GetBucketLoggingInput) => GetBucketLoggingOutput {
        logging_enabled: None,
    }
    get_bucket_accelerate_configuration(GetBucketAccelerateConfigurationInput) =>
    GetBucketAccelerateConfigurationOutput {
        status: None,
        request_charged: None,
    }
    list_bucket_analytics_configurations(ListBucketAnalyticsConfigurationsInput) =>
    ListBucketAnalyticsConfigurationsOutput {
        is_truncated: Some(false),
        ..Default::default()
    }
    list_bucket_intelligent_tiering_configurations(
        ListBucketIntelligentTieringConfigurationsInput
    ) => ListBucketIntelligentTieringConfigurationsOutput {
        is_truncated: Some(false),
        ..Default::default()
    }
    list_bucket_inventory_configurations(ListBucketInventoryConfigurationsInput) =>
    ListBucketInventoryConfigurationsOutput {
        is_truncated: Some(false),
        ..Default::default()
    }
    list_bucket_metrics_configurations(ListBucketMetricsConfigurationsInput) =>
    ListBucketMetricsConfigurationsOutput {
        is_truncated: Some(false),
        ..Default::default()
    }
}

fixed! {
    put_bucket_ownership_controls(PutBucketOwnershipControlsInput) =>
        PutBucketOwnershipControlsOutput:
        |input| input.ownership_controls.rules.iter().all(|rule| {
            rule.object_ownership.as_str() == ObjectOwnership::BUCKET_OWNER_ENFORCED
        }),
        "the owner of a bucket owns its objects here, as in a new bucket of S3; leave the \
         setting out, or set BucketOwnerEnforced";
    put_public_access_block(PutPublicAccessBlockInput) => PutPublicAccessBlockOutput:
        |input| {
            let block = &input.public_access_block_configuration;
            [
                block.block_public_acls,
                block.block_public_policy,
                block.ignore_public_acls,
                block.restrict_public_buckets,
            ] == [Some(true); 4]
        },
        "every request is allowed here, so that there is no access to block or to open; leave the \
         setting out, or set all four parts to true";
    put_bucket_encryption(PutBucketEncryptionInput) => PutBucketEncryptionOutput:
        |input| input.server_side_encryption_configuration.rules.iter().all(|rule| {
            let default = rule.apply_server_side_encryption_by_default.as_ref();
            let is_aes = default.is_none_or(|default| {
                default.sse_algorithm.as_str() == ServerSideEncryption::AES256
            });
            is_aes && rule.bucket_key_enabled != Some(true)
        }),
        "there are no keys of KMS here; leave the setting out, or set AES256";
    put_bucket_request_payment(PutBucketRequestPaymentInput) => PutBucketRequestPaymentOutput:
        |input| input.request_payment_configuration.payer.as_str() == Payer::BUCKET_OWNER,
        "nobody pays here; leave the setting out, or set BucketOwner";
}

removals! {
    delete_bucket_policy(DeleteBucketPolicyInput) => DeleteBucketPolicyOutput;
    delete_bucket_lifecycle(DeleteBucketLifecycleInput) => DeleteBucketLifecycleOutput;
    delete_bucket_website(DeleteBucketWebsiteInput) => DeleteBucketWebsiteOutput;
    delete_bucket_replication(DeleteBucketReplicationInput) => DeleteBucketReplicationOutput;
    // The encryption is then the default, which it is anyway.
    delete_bucket_encryption(DeleteBucketEncryptionInput) => DeleteBucketEncryptionOutput;
}

errors! {
    get_bucket_policy(GetBucketPolicyInput) => GetBucketPolicyOutput:
        NoSuchBucketPolicy, "The bucket policy does not exist";
    get_bucket_policy_status(GetBucketPolicyStatusInput) => GetBucketPolicyStatusOutput:
        NoSuchBucketPolicy, "The bucket policy does not exist";
    get_bucket_lifecycle_configuration(GetBucketLifecycleConfigurationInput) =>
        GetBucketLifecycleConfigurationOutput:
        NoSuchLifecycleConfiguration, "The lifecycle configuration does not exist";
    get_bucket_website(GetBucketWebsiteInput) => GetBucketWebsiteOutput:
        NoSuchWebsiteConfiguration,
        "The specified bucket does not have a website configuration";
    get_bucket_replication(GetBucketReplicationInput) => GetBucketReplicationOutput:
        ReplicationConfigurationNotFoundError, "The replication configuration was not found";
    get_object_lock_configuration(GetObjectLockConfigurationInput) =>
        GetObjectLockConfigurationOutput:
        ObjectLockConfigurationNotFoundError,
        "Object Lock configuration does not exist for this bucket";
}

unknown! {
    get_bucket_analytics_configuration(GetBucketAnalyticsConfigurationInput) =>
        GetBucketAnalyticsConfigurationOutput;
    delete_bucket_analytics_configuration(DeleteBucketAnalyticsConfigurationInput) =>
        DeleteBucketAnalyticsConfigurationOutput;
    get_bucket_intelligent_tiering_configuration(GetBucketIntelligentTieringConfigurationInput) =>
        GetBucketIntelligentTieringConfigurationOutput;
    delete_bucket_intelligent_tiering_configuration(
        DeleteBucketIntelligentTieringConfigurationInput
    ) => DeleteBucketIntelligentTieringConfigurationOutput;
    get_bucket_inventory_configuration(GetBucketInventoryConfigurationInput) =>
        GetBucketInventoryConfigurationOutput;
    delete_bucket_inventory_configuration(DeleteBucketInventoryConfigurationInput) =>
        DeleteBucketInventoryConfigurationOutput;
    get_bucket_metrics_configuration(GetBucketMetricsConfigurationInput) =>
        GetBucketMetricsConfigurationOutput;
    delete_bucket_metrics_configuration(DeleteBucketMetricsConfigurationInput) =>
        DeleteBucketMetricsConfigurationOutput;
}
