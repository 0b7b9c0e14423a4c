//! What S3 answers for a bucket whose settings nobody has changed: access control, encryption, and
//! the settings that the pipeline does not have.

use s3s::dto::{
    AccessControlPolicy, GetBucketAccelerateConfigurationInput,
    GetBucketAccelerateConfigurationOutput, GetBucketAclInput, GetBucketAclOutput,
    GetBucketCorsInput, GetBucketCorsOutput, GetBucketEncryptionInput, GetBucketEncryptionOutput,
    GetBucketLifecycleConfigurationInput, GetBucketLifecycleConfigurationOutput,
    GetBucketLoggingInput, GetBucketLoggingOutput, GetBucketOwnershipControlsInput,
    GetBucketOwnershipControlsOutput, GetBucketPolicyInput, GetBucketPolicyOutput,
    GetBucketPolicyStatusInput, GetBucketPolicyStatusOutput, GetBucketReplicationInput,
    GetBucketReplicationOutput, GetBucketRequestPaymentInput, GetBucketRequestPaymentOutput,
    GetBucketTaggingInput, GetBucketTaggingOutput, GetBucketWebsiteInput, GetBucketWebsiteOutput,
    GetObjectAclInput, GetObjectAclOutput, GetObjectLockConfigurationInput,
    GetObjectLockConfigurationOutput, GetPublicAccessBlockInput, GetPublicAccessBlockOutput, Grant,
    Grantee, Initiator, ObjectOwnership, Owner, OwnershipControls, OwnershipControlsRule, Payer,
    Permission, PublicAccessBlockConfiguration, PutBucketAclInput, PutBucketAclOutput,
    PutObjectAclInput, PutObjectAclOutput, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Type,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use crate::s3::service::S3Service;

/// The canonical user id in AWS's examples.
const OWNER_ID: &str = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";

/// The owner of all buckets and objects.
pub(super) fn owner() -> Owner {
    Owner {
        id: Some(String::from(OWNER_ID)),
        display_name: None,
    }
}

/// Who starts all uploads.
pub(super) fn initiator() -> Initiator {
    Initiator {
        id: Some(String::from(OWNER_ID)),
        display_name: None,
    }
}

fn owners_grants() -> Vec<Grant> {
    vec![Grant {
        grantee: Some(Grantee {
            id: Some(String::from(OWNER_ID)),
            type_: Type::from_static(Type::CANONICAL_USER),
            display_name: None,
            email_address: None,
            uri: None,
        }),
        permission: Some(Permission::from_static(Permission::FULL_CONTROL)),
    }]
}

/// Rejects an access control list that gives anything to anyone but the owner, as S3 does for a
/// bucket that enforces its owner ("Controlling ownership of objects and disabling ACLs for your
/// bucket", Amazon S3 User Guide, 2026).
fn check_acl(
    canned: Option<&str>,
    policy: Option<&AccessControlPolicy>,
    grants: [&Option<String>; 5],
) -> S3Result<()> {
    let is_owners = |grant: &Grant| {
        let grantee = grant
            .grantee
            .as_ref()
            .and_then(|grantee| grantee.id.as_deref());
        let permission = grant.permission.as_ref().map(Permission::as_str);
        (grantee, permission) == (Some(OWNER_ID), Some(Permission::FULL_CONTROL))
    };

    let is_canned =
        canned.is_none_or(|acl| ["private", "bucket-owner-full-control"].contains(&acl));
    let listed = policy.and_then(|policy| policy.grants.as_deref());
    let is_listed = listed.is_none_or(|grants| grants.iter().all(is_owners));
    let has_grants = grants.into_iter().any(Option::is_some);

    if is_canned && is_listed && !has_grants {
        return Ok(());
    }

    Err(s3_error!(
        AccessControlListNotSupported,
        "The bucket does not allow ACLs"
    ))
}

/// Operations that return the same for each bucket.
macro_rules! answers {
    ($($operation:ident($input:ident) => $output:ident $fields:tt)*) => {$(
        pub(super) async fn $operation(
            service: &S3Service,
            request: S3Request<$input>,
        ) -> S3Result<S3Response<$output>> {
            service.buckets.check(&request.input.bucket)?;
            Ok(S3Response::new($output $fields))
        }
    )*};
}

/// Operations that return an error for each bucket, because nothing is configured.
macro_rules! errors {
    ($($operation:ident($input:ident) => $output:ident: $code:ident, $text:literal;)*) => {$(
        pub(super) async fn $operation(
            service: &S3Service,
            request: S3Request<$input>,
        ) -> S3Result<S3Response<$output>> {
            service.buckets.check(&request.input.bucket)?;
            Err(s3_error!($code, $text))
        }
    )*};
}

answers! {
    get_bucket_acl(GetBucketAclInput) => GetBucketAclOutput {
        grants: Some(owners_grants()),
        owner: Some(owner()),
    }
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
}

errors! {
    get_bucket_policy(GetBucketPolicyInput) => GetBucketPolicyOutput:
        NoSuchBucketPolicy, "The bucket policy does not exist";
    get_bucket_policy_status(GetBucketPolicyStatusInput) => GetBucketPolicyStatusOutput:
        NoSuchBucketPolicy, "The bucket policy does not exist";
    get_bucket_cors(GetBucketCorsInput) => GetBucketCorsOutput:
        NoSuchCORSConfiguration, "The CORS configuration does not exist";
    get_bucket_lifecycle_configuration(GetBucketLifecycleConfigurationInput) =>
        GetBucketLifecycleConfigurationOutput:
        NoSuchLifecycleConfiguration, "The lifecycle configuration does not exist";
    get_bucket_tagging(GetBucketTaggingInput) => GetBucketTaggingOutput:
        NoSuchTagSet, "The TagSet does not exist";
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

pub(super) async fn put_bucket_acl(
    service: &S3Service,
    request: S3Request<PutBucketAclInput>,
) -> S3Result<S3Response<PutBucketAclOutput>> {
    let input = request.input;
    service.buckets.check(&input.bucket)?;

    let canned = input.acl.as_ref().map(|acl| acl.as_str());
    let grants = [
        &input.grant_full_control,
        &input.grant_read,
        &input.grant_read_acp,
        &input.grant_write,
        &input.grant_write_acp,
    ];
    check_acl(canned, input.access_control_policy.as_ref(), grants)?;

    Ok(S3Response::new(PutBucketAclOutput::default()))
}

pub(super) async fn get_object_acl(
    service: &S3Service,
    request: S3Request<GetObjectAclInput>,
) -> S3Result<S3Response<GetObjectAclOutput>> {
    let input = request.input;
    let version_id = input.version_id.as_deref();
    service
        .buckets
        .find(&input.bucket, &input.key, version_id)?;

    Ok(S3Response::new(GetObjectAclOutput {
        grants: Some(owners_grants()),
        owner: Some(owner()),
        request_charged: None,
    }))
}

pub(super) async fn put_object_acl(
    service: &S3Service,
    request: S3Request<PutObjectAclInput>,
) -> S3Result<S3Response<PutObjectAclOutput>> {
    let input = request.input;
    let version_id = input.version_id.as_deref();
    service
        .buckets
        .find(&input.bucket, &input.key, version_id)?;

    let canned = input.acl.as_ref().map(|acl| acl.as_str());
    let grants = [
        &input.grant_full_control,
        &input.grant_read,
        &input.grant_read_acp,
        &input.grant_write,
        &input.grant_write_acp,
    ];
    check_acl(canned, input.access_control_policy.as_ref(), grants)?;

    Ok(S3Response::new(PutObjectAclOutput::default()))
}
