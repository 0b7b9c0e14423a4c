//! An event on EventBridge's wire ("EventBridge event message structure", Amazon S3 User Guide,
//! 2026).

use std::collections::BTreeMap;

use s3_dispatch_core::EventName;
use serde::Serialize;

use crate::RecordBuilder;
use crate::record::defaults::{ACCOUNT, REQUEST_ID, SERVICE, bucket_arn};
use crate::record::event_data::RetentionData;

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct EventJson<'b> {
    version: &'static str,
    id: &'static str,
    detail_type: &'static str,
    source: &'static str,
    account: &'static str,
    time: String,
    region: &'b str,
    resources: [String; 1],
    detail: Detail<'b>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Detail<'b> {
    version: &'static str,
    event_version: &'static str,
    bucket: Bucket<'b>,
    object: Object<'b>,
    request_id: &'static str,
    requester: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_ip_address: Option<&'b str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deletion_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    restore_expiry_time: Option<&'b str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_storage_class: Option<&'b str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_storage_class: Option<&'b str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_access_tier: Option<&'b str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_annotation: Option<Annotation<'b>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_retention_event_data: Option<Retention<'b>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Bucket<'b> {
    name: &'b str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    aws_generated_tags: &'b BTreeMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Object<'b> {
    key: &'b str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<&'b str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<&'b str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequencer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    has_object_annotation: Option<bool>,
}

#[derive(Serialize)]
struct Annotation<'b> {
    name: &'b str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<&'b str>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Retention<'b> {
    mode: &'b str,
    retain_until_date: &'b str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_hold: Option<&'b str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_hold_duration: Option<EventHoldDuration>,
}

#[derive(Serialize)]
struct EventHoldDuration {
    days: u64,
}

impl<'b> EventJson<'b> {
    /// `None` for an event that S3 does not send to EventBridge.
    pub(crate) fn of(record: &'b RecordBuilder) -> Option<Self> {
        let (detail_type, reason) = detail_type(&record.event_name)?;
        let is_s3 = record.principal_id == SERVICE;
        let is_restore = record.event_name.is_object_restore();
        let data = &record.data;

        let detail = Detail {
            version: "0",
            event_version: "1.2",
            bucket: Bucket {
                name: &record.bucket,
                aws_generated_tags: &record.tags,
            },
            object: Object {
                key: &record.key,
                size: record.size,
                etag: record.e_tag.as_deref(),
                version_id: record.version_id.as_deref(),
                sequencer: record
                    .sequencer
                    .as_deref()
                    .filter(|_| !is_restore)
                    .map(sequencer),
                has_object_annotation: record.has_annotation,
            },
            request_id: REQUEST_ID,
            requester: if is_s3 { SERVICE } else { ACCOUNT },
            source_ip_address: (!is_s3).then_some(&*record.source_ip),
            reason,
            deletion_type: (detail_type == "Object Deleted").then(|| {
                match record.event_name.action() {
                    Some("DeleteMarkerCreated") => "Delete Marker Created",
                    _ => "Permanently Deleted",
                }
            }),
            restore_expiry_time: data.restore.as_ref().map(|restore| &*restore.expiry_time),
            source_storage_class: data.restore.as_ref().map(|restore| &*restore.storage_class),
            destination_storage_class: data.transition.as_deref(),
            destination_access_tier: data.tiering.as_deref(),
            object_annotation: data.annotations.first().map(|annotation| Annotation {
                name: &annotation.name,
                size: annotation.size,
                etag: annotation.e_tag.as_deref(),
            }),
            object_retention_event_data: data.retention.as_ref().map(retention),
        };

        Some(Self {
            version: "0",
            id: "17793124-05d4-b198-2fde-7ededc63b103",
            detail_type,
            source: "aws.s3",
            account: ACCOUNT,
            time: without_fraction(&record.event_time),
            region: &record.region,
            resources: [bucket_arn(&record.region, &record.bucket)],
            detail,
        })
    }
}

/// The detail type, and for some of them the reason.
fn detail_type(event: &EventName) -> Option<(&'static str, Option<&'static str>)> {
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

fn retention(retention: &RetentionData) -> Retention<'_> {
    Retention {
        mode: &retention.mode,
        retain_until_date: &retention.retain_until,
        event_hold: retention.event_hold.as_deref(),
        event_hold_duration: retention
            .event_hold_days
            .map(|days| EventHoldDuration { days }),
    }
}

fn sequencer(sent_by_s3: &str) -> String {
    let digits = if sent_by_s3.len() == 18 {
        sent_by_s3.strip_prefix("00").unwrap_or(sent_by_s3)
    } else {
        sent_by_s3
    };
    digits.to_ascii_lowercase()
}

/// `1970-01-01T00:00:00Z`.
fn without_fraction(time: &str) -> String {
    match time.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => time.to_owned(),
    }
}
