//! Asks S3 whether an object is still what a listing found.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::head_object::HeadObjectError;

use crate::cli::catch_up::SourceError;
use crate::cli::catch_up::objects::Found;
use crate::telemetry::errors::with_causes;

/// Returns whether what is at the key is what was found there.
///
/// # Errors
///
/// If S3 cannot be asked, or does not answer.
pub(super) async fn is_current(
    client: &Client,
    bucket: &str,
    found: &Found,
) -> Result<bool, SourceError> {
    let head = client.head_object().bucket(bucket).key(&found.key);

    let current = match head.send().await {
        Ok(head) => head,
        Err(error) if is_absence(&error) => return Ok(false),
        Err(error) => {
            let (key, cause) = (&found.key, with_causes(&error));
            return Err(format!("the object `{key}` could not be looked at: {cause}").into());
        }
    };

    let version = current.version_id.filter(|version| version != "null");
    let e_tag = current
        .e_tag
        .map(|e_tag| e_tag.trim_matches('"').to_owned());
    let has_version = version.is_some() && version == found.version_id;

    Ok(has_version || version == found.version_id && e_tag == found.e_tag)
}

fn is_absence<R>(error: &aws_sdk_s3::error::SdkError<HeadObjectError, R>) -> bool {
    let is_absent = error
        .as_service_error()
        .is_some_and(HeadObjectError::is_not_found);

    is_absent || matches!(error.code(), Some("NoSuchKey" | "NotFound"))
}
