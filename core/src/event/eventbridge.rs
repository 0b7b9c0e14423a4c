//! Names of events in EventBridge.

use super::EventName;

/// The name that a notification of the same event has. What is not known is kept, so that `*` still
/// routes it.
pub(crate) fn from_eventbridge(detail_type: &str, reason: &str, deletion_type: &str) -> EventName {
    let is_marker = deletion_type == "Delete Marker Created";

    match detail_type {
        "Object Created" => match reason {
            "PutObject" => EventName::OBJECT_CREATED_PUT,
            "POST Object" => EventName::OBJECT_CREATED_POST,
            "CopyObject" => EventName::OBJECT_CREATED_COPY,
            "CompleteMultipartUpload" => EventName::OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD,
            "" => EventName::parse("ObjectCreated"),
            other => EventName::parse(&format!("ObjectCreated:{other}")),
        },
        "Object Deleted" => match (reason == "Lifecycle Expiration", is_marker) {
            (false, false) => EventName::OBJECT_REMOVED_DELETE,
            (false, true) => EventName::OBJECT_REMOVED_DELETE_MARKER_CREATED,
            (true, false) => EventName::LIFECYCLE_EXPIRATION_DELETE,
            (true, true) => EventName::LIFECYCLE_EXPIRATION_DELETE_MARKER_CREATED,
        },
        "Object Restore Initiated" => EventName::OBJECT_RESTORE_POST,
        "Object Restore Completed" => EventName::OBJECT_RESTORE_COMPLETED,
        "Object Restore Expired" => EventName::OBJECT_RESTORE_DELETE,
        "Object Storage Class Changed" => EventName::LIFECYCLE_TRANSITION,
        "Object Access Tier Changed" => EventName::INTELLIGENT_TIERING,
        "Object ACL Updated" => EventName::OBJECT_ACL_PUT,
        "Object Tags Added" => EventName::OBJECT_TAGGING_PUT,
        "Object Tags Deleted" => EventName::OBJECT_TAGGING_DELETE,
        "Object Annotation Created" => EventName::OBJECT_ANNOTATION_PUT,
        "Object Annotation Removed" => EventName::OBJECT_ANNOTATION_DELETE,
        "Object Retention Updated" => EventName::OBJECT_RETENTION_PUT,
        other => EventName::parse(other),
    }
}
