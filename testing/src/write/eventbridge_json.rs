//! An event as S3 sends it to EventBridge.
//!
//! From "EventBridge event message structure", Amazon S3 User Guide, 2026.

use std::collections::BTreeMap;

use serde::Serialize;

use super::detail_type::{self, DetailType};
use super::event_data_json::EventHoldDuration;
use super::json;
use crate::record::defaults::{ACCOUNT, SERVICE, bucket_arn};
use crate::record::event_data::{AnnotationData, RetentionData};
use crate::record::record_fields::RecordFields;

/// The event, or `None` if S3 does not send it to EventBridge.
pub(crate) fn event(record: &RecordFields) -> Option<String> {
    let event = EventJson::new(record)?;
    Some(json::compact(&event))
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct EventJson<'b> {
    version: &'static str,
    id: &'b str,
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
    bucket: BucketDetail<'b>,
    object: ObjectDetail<'b>,
    request_id: &'b str,
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
    object_annotation: Option<AnnotationDetail<'b>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_retention_event_data: Option<RetentionDetail<'b>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct BucketDetail<'b> {
    name: &'b str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    aws_generated_tags: &'b BTreeMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct ObjectDetail<'b> {
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
struct AnnotationDetail<'b> {
    name: &'b str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<&'b str>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct RetentionDetail<'b> {
    mode: &'b str,
    retain_until_date: &'b str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_hold: Option<&'b str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_hold_duration: Option<EventHoldDuration>,
}

impl<'b> EventJson<'b> {
    fn new(record: &'b RecordFields) -> Option<Self> {
        let detail_type = detail_type::of(&record.event_name)?;

        Some(Self {
            version: "0",
            id: &record.eventbridge_id,
            detail_type: detail_type.name,
            source: "aws.s3",
            account: ACCOUNT,
            time: without_fraction(&record.event_time),
            region: &record.region,
            resources: [bucket_arn(&record.region, &record.bucket)],
            detail: Detail::new(record, &detail_type),
        })
    }
}

impl<'b> Detail<'b> {
    fn new(record: &'b RecordFields, detail_type: &DetailType) -> Self {
        let is_done_by_s3 = record.principal_id == SERVICE;
        let data = &record.data;

        Self {
            version: "0",
            event_version: "1.2",
            bucket: BucketDetail {
                name: &record.bucket,
                aws_generated_tags: &record.tags,
            },
            object: ObjectDetail::new(record),
            request_id: &record.request_id,
            requester: if is_done_by_s3 { SERVICE } else { ACCOUNT },
            source_ip_address: (!is_done_by_s3).then_some(&*record.source_ip),
            reason: detail_type.reason,
            deletion_type: detail_type.deletion_type,
            restore_expiry_time: data.restore.as_ref().map(|restore| &*restore.expiry_time),
            source_storage_class: data.restore.as_ref().map(|restore| &*restore.storage_class),
            destination_storage_class: data.transition.as_deref(),
            destination_access_tier: data.tiering.as_deref(),
            object_annotation: data.annotations.first().map(AnnotationDetail::new),
            object_retention_event_data: data.retention.as_ref().map(RetentionDetail::new),
        }
    }
}

impl<'b> ObjectDetail<'b> {
    fn new(record: &'b RecordFields) -> Self {
        let is_restore = record.event_name.is_object_restore();
        let sequencer_of_s3 = record.sequencer.as_deref().filter(|_| !is_restore);

        Self {
            key: &record.key,
            size: record.size,
            etag: record.e_tag.as_deref(),
            version_id: record.version_id.as_deref(),
            sequencer: sequencer_of_s3.map(sequencer),
            has_object_annotation: record.has_annotation,
        }
    }
}

impl<'b> AnnotationDetail<'b> {
    fn new(annotation: &'b AnnotationData) -> Self {
        Self {
            name: &annotation.name,
            size: annotation.size,
            etag: annotation.e_tag.as_deref(),
        }
    }
}

impl<'b> RetentionDetail<'b> {
    fn new(retention: &'b RetentionData) -> Self {
        let hold_days = retention.event_hold_days;

        Self {
            mode: &retention.mode,
            retain_until_date: &retention.retain_until,
            event_hold: retention.event_hold.as_deref(),
            event_hold_duration: hold_days.map(|days| EventHoldDuration { days }),
        }
    }
}

/// The sequencer as EventBridge writes it: in lower case, without the leading `00` of S3's 18
/// digits.
fn sequencer(sent_by_s3: &str) -> String {
    let digits = match sent_by_s3.len() {
        18 => sent_by_s3.strip_prefix("00").unwrap_or(sent_by_s3),
        _ => sent_by_s3,
    };
    digits.to_ascii_lowercase()
}

/// `1970-01-01T00:00:00Z` for `1970-01-01T00:00:00.000Z`.
fn without_fraction(time: &str) -> String {
    match time.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => time.to_owned(),
    }
}
