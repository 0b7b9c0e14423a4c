//! Reads an event in EventBridge's form.

use s3_dispatch_core::ErrorKind;

use super::node::{Kind, Mistake, Node};
use super::record::{FieldReader, Fields};

/// Reads an event in EventBridge's form.
pub(crate) fn record(event: &Node<'_>, mistakes: &mut Vec<Mistake>) -> Fields {
    let mut read = FieldReader {
        fields: Fields::new(),
        mistakes,
    };
    read.texts(
        event,
        &[
            ("event_time", "time"),
            ("region", "region"),
            ("event_source", "source"),
        ],
    );

    if let Some(resources) = event.get("resources") {
        match resources.elements().as_deref() {
            // Only the first resource is read: the bucket.
            Some([first, ..]) => match first.kind() {
                Kind::Null | Kind::Text(Some("")) => {}
                Kind::Text(Some(arn)) => read.set("bucket.arn", Some(arn.to_owned())),
                Kind::Text(None) => read.mistakes.push(first.mistake(ErrorKind::InvalidJson)),
                _ => read.mistakes.push(first.mistake(ErrorKind::InvalidField)),
            },
            Some([]) => {}
            None => read
                .mistakes
                .push(resources.mistake(ErrorKind::InvalidField)),
        }
    }

    let has_detail_type = event
        .get("detail-type")
        .is_some_and(|detail_type| !matches!(detail_type.kind(), Kind::Text(Some(""))));
    let is_from_security_lake =
        !has_detail_type && event.get("version").is_none() && event.get("id").is_none();
    let detail_type = if is_from_security_lake {
        Some(String::from("Object Created"))
    } else {
        event.required_text("detail-type", read.mistakes)
    };
    let Some(detail) = read.required(event, "detail") else {
        return read.fields;
    };

    let reason = detail.text("reason", read.mistakes);
    let deletion = detail.text("deletion-type", read.mistakes);
    read.set(
        "event_name",
        detail_type.map(|kind| event_name(&kind, reason.as_deref(), deletion.as_deref())),
    );

    read.texts(
        &detail,
        &[
            ("principal_id", "requester"),
            ("source_ip", "source-ip-address"),
            ("request_id", "request-id"),
        ],
    );

    if let Some(bucket) = read.required(&detail, "bucket") {
        let name = bucket.required_text("name", read.mistakes);
        read.set("bucket.name", name);
        read.tags(&bucket, "aws-generated-tags");
    }

    if let Some(object) = read.required(&detail, "object") {
        read.key(&object, false);
        read.natural("object.size", &object, "size");

        read.texts(
            &object,
            &[
                ("object.e_tag", "etag"),
                ("object.version_id", "version-id"),
                ("object.sequencer", "sequencer"),
            ],
        );

        let flag = object.bool("has-object-annotation", read.mistakes);
        read.set("object.has_annotation", flag);
    }

    bridged_data(&detail, &mut read);
    read.fields
}

fn bridged_data(detail: &Node<'_>, read: &mut FieldReader<'_>) {
    // A transition has the storage class of the source as well.
    let expiry = detail.text("restore-expiry-time", read.mistakes);
    let class = detail.text("source-storage-class", read.mistakes);
    let is_restore = read
        .fields
        .get("event_name")
        .is_some_and(|name| name.starts_with("ObjectRestore:"));

    if expiry.is_some() || is_restore && class.is_some() {
        read.set("restore", Some(String::new()));
        read.set("restore.expiry_time", expiry);
        read.set("restore.storage_class", class);
    }

    if let Some(class) = detail.text("destination-storage-class", read.mistakes) {
        read.set("transition", Some(String::new()));
        read.set("transition.destination_storage_class", Some(class));
    }

    if let Some(tier) = detail.text("destination-access-tier", read.mistakes) {
        read.set("tiering", Some(String::new()));
        read.set("tiering.destination_access_tier", Some(tier));
    }

    read.annotations(detail, "object-annotation");
    let names = [
        "mode",
        "retain-until-date",
        "event-hold",
        "event-hold-duration",
    ];

    read.retention(detail, "object-retention-event-data", names);
}

/// The event name that a notification would have.
fn event_name(detail_type: &str, reason: Option<&str>, deletion: Option<&str>) -> String {
    let name = match detail_type {
        "Object Created" => match reason {
            Some("PutObject") => "ObjectCreated:Put",
            Some("POST Object") => "ObjectCreated:Post",
            Some("CopyObject") => "ObjectCreated:Copy",
            Some("CompleteMultipartUpload") => "ObjectCreated:CompleteMultipartUpload",
            Some(other) => return format!("ObjectCreated:{other}"),
            None => "ObjectCreated",
        },
        "Object Deleted" => match (reason, deletion) {
            (Some("Lifecycle Expiration"), Some("Delete Marker Created")) => {
                "LifecycleExpiration:DeleteMarkerCreated"
            }
            (Some("Lifecycle Expiration"), _) => "LifecycleExpiration:Delete",
            (_, Some("Delete Marker Created")) => "ObjectRemoved:DeleteMarkerCreated",
            _ => "ObjectRemoved:Delete",
        },
        "Object Restore Initiated" => "ObjectRestore:Post",
        "Object Restore Completed" => "ObjectRestore:Completed",
        "Object Restore Expired" => "ObjectRestore:Delete",
        "Object Storage Class Changed" => "LifecycleTransition",
        "Object Access Tier Changed" => "IntelligentTiering",
        "Object ACL Updated" => "ObjectAcl:Put",
        "Object Tags Added" => "ObjectTagging:Put",
        "Object Tags Deleted" => "ObjectTagging:Delete",
        "Object Annotation Created" => "ObjectAnnotation:Put",
        "Object Annotation Removed" => "ObjectAnnotation:Delete",
        "Object Retention Updated" => "ObjectRetention:Put",
        other => other.strip_prefix("s3:").unwrap_or(other),
    };

    name.to_owned()
}
