//! The rules for the fields of requests. Each one says why a field is accepted, or refuses it.
//!
//! What a new bucket of S3 refuses is refused with S3's code and text. What S3 would do and the
//! pipeline does not is refused with `NotImplemented` and a text that says what to do.

use s3s::dto::{
    BucketCannedACL, ChecksumMode, CreateBucketConfiguration, EncodingType, MetadataDirective,
    ObjectCannedACL, ObjectOwnership, OptionalObjectAttributes, ServerSideEncryption,
    TaggingDirective,
};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

use crate::aws::arn::ACCOUNT;

/// The operation does what the field says.
pub(super) fn done<T>(_: &T) -> S3Result<()> {
    Ok(())
}

/// The length of a body that is read to its end anyway.
pub(super) fn length_of_body<T>(_: &T) -> S3Result<()> {
    Ok(())
}

/// Who pays. It has an effect only in buckets whose owner wants the requester to pay, and answers
/// say so only there ("Using Requester Pays general purpose buckets for storage transfers and
/// usage", Amazon S3 User Guide, 2026).
pub(super) fn payer<T>(_: &T) -> S3Result<()> {
    Ok(())
}

/// A digest of an XML body. [`xml_bodies`](crate::s3::requests::xml_bodies) has checked it.
pub(super) fn xml_digest<T>(_: &T) -> S3Result<()> {
    Ok(())
}

/// The account that the client expects to own the bucket.
pub(super) fn own_account(account: &Option<String>) -> S3Result<()> {
    match account.as_deref() {
        None | Some(ACCOUNT) => Ok(()),
        Some(account) if account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) => {
            Err(s3_error!(AccessDenied, "Access Denied"))
        }
        Some(_) => Err(s3_error!(
            InvalidBucketOwnerAWSAccountID,
            "The value of the expected bucket owner parameter must be an AWS account ID"
        )),
    }
}

/// Whether an access control list gives nothing to anyone but the owner. A bucket that enforces its
/// owner accepts no other one ("Controlling ownership of objects and disabling ACLs for your
/// bucket", Amazon S3 User Guide, 2026).
fn is_owners_acl(canned: Option<&str>) -> bool {
    canned.is_none_or(|acl| ["private", "bucket-owner-full-control"].contains(&acl))
}

/// The access control list of an object.
pub(super) fn acl(acl: &Option<ObjectCannedACL>) -> S3Result<()> {
    match is_owners_acl(acl.as_ref().map(ObjectCannedACL::as_str)) {
        true => Ok(()),
        false => Err(no_acls()),
    }
}

/// A grant to others.
pub(super) fn grant(grant: &Option<String>) -> S3Result<()> {
    refuse_if(grant.is_some(), no_acls)
}

/// The access control list of a new bucket.
pub(super) fn bucket_acl(acl: &Option<BucketCannedACL>) -> S3Result<()> {
    match is_owners_acl(acl.as_ref().map(BucketCannedACL::as_str)) {
        true => Ok(()),
        false => Err(no_bucket_acls()),
    }
}

/// A grant to others for a new bucket.
pub(super) fn bucket_grant(grant: &Option<String>) -> S3Result<()> {
    refuse_if(grant.is_some(), no_bucket_acls)
}

/// Who owns the objects of a new bucket.
pub(super) fn ownership(ownership: &Option<ObjectOwnership>) -> S3Result<()> {
    let ownership = ownership.as_ref().map(ObjectOwnership::as_str);
    let is_enforced = ownership.is_none_or(|it| it == ObjectOwnership::BUCKET_OWNER_ENFORCED);

    refuse_if(!is_enforced, || {
        not_implemented(
            "the pipeline has no ACLs; create the bucket with the default ownership, \
             `BucketOwnerEnforced`",
        )
    })
}

/// Where a new bucket is. Only directory buckets have a zone and a kind.
pub(super) fn place(configuration: &Option<CreateBucketConfiguration>) -> S3Result<()> {
    let Some(CreateBucketConfiguration {
        bucket,
        location,
        location_constraint: _,
    }) = configuration
    else {
        return Ok(());
    };

    directory_bucket(bucket)?;
    directory_bucket(location)
}

/// Encryption at rest. S3 encrypts each object with keys of its own, and says so.
pub(super) fn encryption(algorithm: &Option<ServerSideEncryption>) -> S3Result<()> {
    match algorithm.as_ref().map(ServerSideEncryption::as_str) {
        None | Some(ServerSideEncryption::AES256) => Ok(()),
        Some(ServerSideEncryption::AWS_KMS | ServerSideEncryption::AWS_KMS_DSSE) => Err(no_kms()),
        Some(_) => Err(s3_error!(
            InvalidEncryptionAlgorithmError,
            "The encryption request that you specified is not valid. The valid value is AES256."
        )),
    }
}

/// A key of KMS, or what belongs to it.
pub(super) fn kms<T>(field: &Option<T>) -> S3Result<()> {
    refuse_if(field.is_some(), no_kms)
}

/// Whether a bucket key is used with KMS.
pub(super) fn bucket_key(is_enabled: &Option<bool>) -> S3Result<()> {
    refuse_if(*is_enabled == Some(true), no_kms)
}

/// A key of the client's.
pub(super) fn customer_key<T>(field: &Option<T>) -> S3Result<()> {
    refuse_if(field.is_some(), || {
        not_implemented(
            "the pipeline encrypts nothing with keys of clients; leave the `-customer-` headers \
             out",
        )
    })
}

/// Protection from deletion, which S3 refuses in buckets without object lock.
pub(super) fn lock<T>(field: &Option<T>) -> S3Result<()> {
    refuse_if(field.is_some(), || {
        s3_error!(
            InvalidRequest,
            "Bucket is missing Object Lock Configuration (the pipeline has no object lock)"
        )
    })
}

/// Whether a bucket is created with object lock.
pub(super) fn lock_of_bucket(is_enabled: &Option<bool>) -> S3Result<()> {
    refuse_if(*is_enabled == Some(true), || {
        not_implemented("the pipeline has no object lock; create the bucket without it")
    })
}

/// Whether a retention is bypassed. No object has one, so each deletion takes place either way.
pub(super) fn bypass<T>(_: &T) -> S3Result<()> {
    Ok(())
}

/// A code of an authentication device.
pub(super) fn mfa<T>(field: &Option<T>) -> S3Result<()> {
    refuse_if(field.is_some(), || {
        not_implemented("the pipeline has no MFA delete; leave `x-amz-mfa` out")
    })
}

/// What only directory buckets have.
pub(super) fn directory_bucket<T>(field: &Option<T>) -> S3Result<()> {
    refuse_if(field.is_some(), || {
        not_implemented(
            "the pipeline has no directory buckets; leave out what only they support (such as \
             `x-amz-write-offset-bytes` and `x-amz-if-match-initiated-time`)",
        )
    })
}

/// How keys are written in an answer.
pub(super) fn encoding(encoding: &Option<EncodingType>) -> S3Result<()> {
    let encoding = encoding.as_ref().map(EncodingType::as_str);
    refuse_if(encoding.is_some_and(|it| it != EncodingType::URL), || {
        invalid_argument("Invalid Encoding Method specified in Request")
    })
}

/// How many entries a page has. More than 1,000 mean 1,000.
pub(super) fn page(entries: &Option<i32>) -> S3Result<()> {
    refuse_if(entries.is_some_and(|entries| entries < 0), || {
        invalid_argument("the size of a page must be an integer between 0 and 2147483647")
    })
}

/// More about listed objects: the state of a restore, which only archived objects have.
pub(super) fn optional_attributes(names: &Option<Vec<OptionalObjectAttributes>>) -> S3Result<()> {
    let names = names.iter().flatten();
    let mut names = names.flat_map(|header| header.as_str().split(','));
    let is_known = names.all(|name| name.trim() == OptionalObjectAttributes::RESTORE_STATUS);

    refuse_if(!is_known, || {
        invalid_argument("Invalid attribute name specified")
    })
}

/// Whether an answer has the checksum of the object.
pub(super) fn checksum_mode(mode: &Option<ChecksumMode>) -> S3Result<()> {
    let mode = mode.as_ref().map(ChecksumMode::as_str);
    refuse_if(mode.is_some_and(|it| it != ChecksumMode::ENABLED), || {
        invalid_argument("x-amz-checksum-mode must be ENABLED")
    })
}

/// Whether a copy gets new headers. Without `REPLACE` S3 ignores those of the request.
pub(super) fn metadata(directive: &Option<MetadataDirective>) -> S3Result<()> {
    let directive = directive.as_ref().map(MetadataDirective::as_str);
    is_copy_or_replace(directive, "Unknown metadata directive.")
}

/// Whether a copy gets new tags. Without `REPLACE` S3 ignores those of the request.
pub(super) fn tagging(directive: &Option<TaggingDirective>) -> S3Result<()> {
    let directive = directive.as_ref().map(TaggingDirective::as_str);
    is_copy_or_replace(directive, "Unknown tagging directive.")
}

fn is_copy_or_replace(directive: Option<&str>, text: &'static str) -> S3Result<()> {
    let is_known = directive.is_none_or(|it| ["COPY", "REPLACE"].contains(&it));
    refuse_if(!is_known, || invalid_argument(text))
}

fn refuse_if(is_refused: bool, error: impl FnOnce() -> S3Error) -> S3Result<()> {
    match is_refused {
        true => Err(error()),
        false => Ok(()),
    }
}

fn not_implemented(text: &'static str) -> S3Error {
    S3Error::with_message(S3ErrorCode::NotImplemented, text)
}

fn invalid_argument(text: &'static str) -> S3Error {
    S3Error::with_message(S3ErrorCode::InvalidArgument, text)
}

fn no_kms() -> S3Error {
    not_implemented("the pipeline has no KMS; use `AES256`, or leave the headers of KMS out")
}

fn no_acls() -> S3Error {
    s3_error!(
        AccessControlListNotSupported,
        "The bucket does not allow ACLs"
    )
}

fn no_bucket_acls() -> S3Error {
    s3_error!(
        InvalidBucketAclWithObjectOwnership,
        "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"
    )
}
