//! What S3's events are called in EventBridge.
//!
//! `s3-dispatch-core` has another mapping. This one is independent, so that tests can compare the
//! two.

use s3_dispatch_core::EventName;

/// The fields of an EventBridge event that replace the event name.
pub(super) struct DetailType {
    pub(super) name: &'static str,
    pub(super) reason: Option<&'static str>,
    pub(super) deletion_type: Option<&'static str>,
}

/// The detail type of this event, or `None` if S3 does not send it to EventBridge.
pub(super) fn of(event: &EventName) -> Option<DetailType> {
    let (name, reason) = name_and_reason(event)?;
    let deletion_type = (name == "Object Deleted").then(|| match event.action() {
        Some("DeleteMarkerCreated") => "Delete Marker Created",
        _ => "Permanently Deleted",
    });

    Some(DetailType {
        name,
        reason,
        deletion_type,
    })
}

fn name_and_reason(event: &EventName) -> Option<(&'static str, Option<&'static str>)> {
    Some(match event.as_str() {
        "ObjectCreated:Put" => ("Object Created", Some("PutObject")),
        "ObjectCreated:Post" => ("Object Created", Some("POST Object")),
        "ObjectCreated:Copy" => ("Object Created", Some("CopyObject")),
        "ObjectCreated:CompleteMultipartUpload" => {
            ("Object Created", Some("CompleteMultipartUpload"))
        }
        "ObjectRemoved:Delete" | "ObjectRemoved:DeleteMarkerCreated" => {
            ("Object Deleted", Some("DeleteObject"))
        }
        "LifecycleExpiration:Delete" | "LifecycleExpiration:DeleteMarkerCreated" => {
            ("Object Deleted", Some("Lifecycle Expiration"))
        }
        "ObjectRestore:Post" => ("Object Restore Initiated", None),
        "ObjectRestore:Completed" => ("Object Restore Completed", None),
        "ObjectRestore:Delete" => ("Object Restore Expired", None),
        "LifecycleTransition" => ("Object Storage Class Changed", None),
        "IntelligentTiering" => ("Object Access Tier Changed", None),
        "ObjectAcl:Put" => ("Object ACL Updated", None),
        "ObjectTagging:Put" => ("Object Tags Added", None),
        "ObjectTagging:Delete" => ("Object Tags Deleted", None),
        "ObjectAnnotation:Put" => ("Object Annotation Created", Some("PutObjectAnnotation")),
        "ObjectAnnotation:Delete" => ("Object Annotation Removed", Some("DeleteObjectAnnotation")),
        "ObjectRetention:Put" => ("Object Retention Updated", None),
        _ => return None,
    })
}
