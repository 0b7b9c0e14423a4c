//! Events in EventBridge's form.

use s3_dispatch_core::delivery::Delivery;
use s3_dispatch_core::{EventName, S3EventRecord};
use serde_json::{Value, json};

/// How EventBridge tells events apart ("Amazon S3 event structure" and "Using EventBridge", Amazon
/// S3 User Guide, 2026). The names of the events come from the reader.
#[derive(Debug)]
pub(super) struct Form {
    detail_type: &'static str,
    reason: Option<&'static str>,
    deletion_type: Option<&'static str>,
}

impl Form {
    const fn new(detail_type: &'static str) -> Self {
        Self {
            detail_type,
            reason: None,
            deletion_type: None,
        }
    }

    const fn created(reason: &'static str) -> Self {
        Self {
            detail_type: "Object Created",
            reason: Some(reason),
            deletion_type: None,
        }
    }

    const fn deleted(reason: &'static str, deletion_type: &'static str) -> Self {
        Self {
            detail_type: "Object Deleted",
            reason: Some(reason),
            deletion_type: Some(deletion_type),
        }
    }
}

const FORMS: &[Form] = &[
    Form::created("PutObject"),
    Form::created("POST Object"),
    Form::created("CopyObject"),
    Form::created("CompleteMultipartUpload"),
    Form::deleted("DeleteObject", "Permanently Deleted"),
    Form::deleted("DeleteObject", "Delete Marker Created"),
    Form::deleted("Lifecycle Expiration", "Permanently Deleted"),
    Form::deleted("Lifecycle Expiration", "Delete Marker Created"),
    Form::new("Object Restore Initiated"),
    Form::new("Object Restore Completed"),
    Form::new("Object Restore Expired"),
    Form::new("Object Storage Class Changed"),
    Form::new("Object Access Tier Changed"),
    Form::new("Object ACL Updated"),
    Form::new("Object Tags Added"),
    Form::new("Object Tags Deleted"),
    Form::new("Object Annotation Created"),
    Form::new("Object Annotation Removed"),
    Form::new("Object Retention Updated"),
];

/// An event with what tells it apart.
pub(super) fn eventbridge(form: &Form, bucket: &str, key: &str) -> Value {
    let mut detail = json!({
        "version": "0",
        "bucket": {"name": bucket},
        "object": {"key": key, "size": 1},
    });
    if let Some(reason) = form.reason {
        detail["reason"] = json!(reason);
    }
    if let Some(deletion_type) = form.deletion_type {
        detail["deletion-type"] = json!(deletion_type);
    }

    json!({
        "version": "0",
        "detail-type": form.detail_type,
        "source": "aws.s3",
        "detail": detail,
    })
}

/// The form of an event. `None` if EventBridge does not send it.
pub(super) fn form_of(event: &EventName) -> Option<&'static Form> {
    FORMS.iter().find(|form| {
        let json = eventbridge(form, "bucket", "key");
        read(&json).is_some_and(|record| record.event_name == *event)
    })
}

/// Reads the record of a payload.
pub(super) fn read(payload: &Value) -> Option<S3EventRecord> {
    let delivery = Delivery::parse(payload.to_string()).ok()?;
    delivery.records().first().cloned()
}
