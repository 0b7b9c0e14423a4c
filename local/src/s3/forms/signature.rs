//! Checks the signature of a form, which is that of its policy.

use hmac::{Hmac, KeyInit, Mac};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};
use sha1::Sha1;
use sha2::Sha256;

use super::form::Fields;
use crate::aws::digest::{from_base64, from_hex};
use crate::s3::front::credentials::{ACCESS_KEY, SECRET_KEY};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The fields of signature version 4, in lower case and as S3 writes them.
const V4_FIELDS: [(&str, &str); 5] = [
    ("x-amz-algorithm", "X-Amz-Algorithm"),
    ("x-amz-credential", "X-Amz-Credential"),
    ("x-amz-date", "X-Amz-Date"),
    ("x-amz-signature", "X-Amz-Signature"),
    ("policy", "Policy"),
];

/// The fields of signature version 2.
const V2_FIELDS: [(&str, &str); 3] = [
    ("awsaccesskeyid", "AWSAccessKeyId"),
    ("signature", "Signature"),
    ("policy", "Policy"),
];

/// Checks the signature of a form. Returns the policy in base64; `None` if the form has neither a
/// policy nor a signature, as it is allowed.
pub(super) fn signed_policy(fields: &Fields) -> S3Result<Option<&str>> {
    let has = |(name, _): &(&str, &str)| fields.get(name).is_some();
    let is_v4 = V4_FIELDS[..4].iter().any(has);
    let is_v2 = V2_FIELDS[..2].iter().any(has);

    let policy = match (is_v4, is_v2) {
        (true, _) => check_v4(require(fields, V4_FIELDS)?)?,
        (false, true) => check_v2(require(fields, V2_FIELDS)?)?,
        (false, false) if has(&("policy", "")) => {
            return Err(s3_error!(AccessDenied, "Access Denied"));
        }
        (false, false) => return Ok(None),
    };

    Ok(Some(policy))
}

/// The values of these fields, which must all be there.
fn require<'f, const N: usize>(
    fields: &'f Fields,
    names: [(&str, &str); N],
) -> S3Result<[&'f str; N]> {
    let mut values = [""; N];
    for (value, (name, shown)) in values.iter_mut().zip(names) {
        *value = fields.get(name).ok_or_else(|| missing_field(shown))?;
    }

    Ok(values)
}

/// The error for a form without this field.
pub(super) fn missing_field(name: &str) -> S3Error {
    s3_error!(
        InvalidArgument,
        "Bucket POST must contain a field named '{name}'.  If it is specified, please check the \
         order of the fields."
    )
}

fn check_v2([access_key, signature, policy]: [&str; 3]) -> S3Result<&str> {
    check_access_key(access_key)?;
    let mut mac = Hmac::<Sha1>::new_from_slice(SECRET_KEY.as_bytes()).map_err(key_error)?;
    mac.update(policy.as_bytes());
    let signature = from_base64(signature).unwrap_or_default();

    match mac.verify_slice(&signature) {
        Ok(()) => Ok(policy),
        Err(_) => Err(mismatch()),
    }
}

fn check_v4([algorithm, credential, date, signature, policy]: [&str; 5]) -> S3Result<&str> {
    if algorithm != ALGORITHM {
        return Err(s3_error!(
            InvalidArgument,
            "X-Amz-Algorithm only supports \"{ALGORITHM}\""
        ));
    }

    let scope: Vec<_> = credential.split('/').collect();
    let [access_key, day, region, "s3", "aws4_request"] = scope[..] else {
        return Err(s3_error!(
            InvalidArgument,
            "the Credential is mal-formed; expecting \
             \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\"."
        ));
    };
    let is_long = date.len() == 16 && date.ends_with('Z') && date.get(8..9) == Some("T");
    if !is_long {
        return Err(s3_error!(
            InvalidArgument,
            "X-Amz-Date must be formated via ISO8601 Long format"
        ));
    }
    check_access_key(access_key)?;

    let mut key = format!("AWS4{SECRET_KEY}").into_bytes();
    for part in [day, region, "s3", "aws4_request"] {
        key = keyed(&key, part)?.finalize().into_bytes().to_vec();
    }

    let signature = from_hex(signature);
    match keyed(&key, policy)?.verify_slice(&signature) {
        Ok(()) => Ok(policy),
        Err(_) => Err(mismatch()),
    }
}

fn keyed(key: &[u8], text: &str) -> S3Result<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(key_error)?;
    mac.update(text.as_bytes());

    Ok(mac)
}

fn check_access_key(access_key: &str) -> S3Result<()> {
    if access_key == ACCESS_KEY {
        return Ok(());
    }

    Err(s3_error!(
        InvalidAccessKeyId,
        "The AWS Access Key Id you provided does not exist in our records."
    ))
}

fn mismatch() -> S3Error {
    s3_error!(
        SignatureDoesNotMatch,
        "The request signature we calculated does not match the signature you provided. Check your \
         key and signing method."
    )
}

/// HMAC takes keys of every length.
fn key_error(error: impl std::error::Error + Send + Sync + 'static) -> S3Error {
    S3Error::with_source(S3ErrorCode::InternalError, Box::new(error))
}
