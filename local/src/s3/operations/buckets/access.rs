//! Access control lists. New buckets of S3 have none, and belong to their owner with all objects.

use s3s::dto::{
    AccessControlPolicy, GetBucketAclInput, GetBucketAclOutput, GetObjectAclInput,
    GetObjectAclOutput, Grant, Grantee, Initiator, Owner, Permission, PutBucketAclInput,
    PutBucketAclOutput, PutObjectAclInput, PutObjectAclOutput, Type,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use crate::s3::service::S3Service;

/// The canonical user id in AWS's examples.
const OWNER_ID: &str = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";

/// The owner of all buckets and objects.
pub(in crate::s3::operations) fn owner() -> Owner {
    Owner {
        id: Some(String::from(OWNER_ID)),
        display_name: None,
    }
}

/// Who starts all uploads.
pub(in crate::s3::operations) fn initiator() -> Initiator {
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

pub(in crate::s3::operations) async fn get_bucket_acl(
    service: &S3Service,
    request: S3Request<GetBucketAclInput>,
) -> S3Result<S3Response<GetBucketAclOutput>> {
    service.buckets.check(&request.input.bucket)?;

    Ok(S3Response::new(GetBucketAclOutput {
        grants: Some(owners_grants()),
        owner: Some(owner()),
    }))
}

/// Checks what a request makes the access control list of a bucket or an object.
macro_rules! check_acl {
    ($input:ident) => {{
        let canned = $input.acl.as_ref().map(|acl| acl.as_str());
        let grants = [
            &$input.grant_full_control,
            &$input.grant_read,
            &$input.grant_read_acp,
            &$input.grant_write,
            &$input.grant_write_acp,
        ];
        check_acl(canned, $input.access_control_policy.as_ref(), grants)
    }};
}

pub(in crate::s3::operations) async fn put_bucket_acl(
    service: &S3Service,
    request: S3Request<PutBucketAclInput>,
) -> S3Result<S3Response<PutBucketAclOutput>> {
    let input = request.input;
    service.buckets.check(&input.bucket)?;

    check_acl!(input)?;

    Ok(S3Response::new(PutBucketAclOutput::default()))
}

pub(in crate::s3::operations) async fn get_object_acl(
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

pub(in crate::s3::operations) async fn put_object_acl(
    service: &S3Service,
    request: S3Request<PutObjectAclInput>,
) -> S3Result<S3Response<PutObjectAclOutput>> {
    let input = request.input;
    let version_id = input.version_id.as_deref();
    service
        .buckets
        .find(&input.bucket, &input.key, version_id)?;

    check_acl!(input)?;

    Ok(S3Response::new(PutObjectAclOutput::default()))
}
