//! The default values of a record, by event.

use s3_dispatch_core::EventName;

/// The MD5 digest of an empty object.
pub(crate) const E_TAG_OF_NOTHING: &str = "d41d8cd98f00b204e9800998ecf8427e";
pub(crate) const TIME: &str = "1970-01-01T00:00:00.000Z";
pub(crate) const REGION: &str = "us-east-1";
pub(crate) const BUCKET: &str = "amzn-s3-demo-bucket";
pub(crate) const ACCOUNT: &str = "123456789012";
/// The principal and the source address of events that S3 causes by itself.
pub(crate) const SERVICE: &str = "s3.amazonaws.com";
pub(crate) const REQUEST_ID: &str = "C3D13FE58DE4C810";
pub(crate) const HOST_ID: &str = "FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S/JRWeUWerMUE5JgHvANOjpD";

/// The sequencer of the record with this number: `0055AED6DCD90281E5` for 0, and one more for each
/// further record.
pub(crate) fn sequencer(number: usize) -> String {
    const FIRST: u128 = 0x55AE_D6DC_D902_81E5;

    format!("{:018X}", FIRST + number as u128)
}

/// Which optional fields of the object S3 sends.
pub(crate) struct Presence {
    pub(crate) size: bool,
    pub(crate) e_tag: bool,
    pub(crate) sequencer: bool,
}

/// The optional fields that S3 sends for this event.
///
/// From "Event message structure", Amazon S3 User Guide, 2026, and from recorded notifications. An
/// unknown event gets all fields.
pub(crate) fn presence(event: &EventName) -> Presence {
    let is_marker = event.action() == Some("DeleteMarkerCreated");
    let (size, e_tag, sequencer) = match event.category() {
        "ObjectRemoved" | "LifecycleExpiration" => (false, is_marker, true),
        "ObjectTagging" | "ObjectAcl" => (false, true, false),
        "IntelligentTiering" => (true, true, false),
        _ => (true, true, true),
    };

    Presence {
        size,
        e_tag,
        sequencer,
    }
}

/// Whether S3 causes the event by itself, without a user's request.
pub(crate) fn is_done_by_s3(event: &EventName) -> bool {
    event.is_lifecycle_expiration()
        || event.is_lifecycle_transition()
        || event.is_intelligent_tiering()
        || event.is_replication()
        || event.is_reduced_redundancy_lost_object()
}

/// The partition of the region: `aws`, `aws-cn` in China, or `aws-us-gov` in GovCloud.
pub(crate) fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

/// `arn:aws:s3:::bucket`.
pub(crate) fn bucket_arn(region: &str, bucket: &str) -> String {
    format!("arn:{}:s3:::{bucket}", partition(region))
}
