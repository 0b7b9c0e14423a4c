//! A record on the wire: the fields in the order in which S3 writes them.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::RecordBuilder;
use crate::record::defaults::{HOST_ID, bucket_arn};
use crate::record::event_data::{AnnotationData, ReplicationData};
use crate::write::key_encoding::encode;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecordJson<'b> {
    event_version: &'b str,
    event_source: &'b str,
    aws_region: &'b str,
    event_time: &'b str,
    event_name: &'b str,
    user_identity: Identity<'b>,
    request_parameters: RequestParameters<'b>,
    response_elements: ResponseElements<'b>,
    s3: S3<'b>,
    #[serde(skip_serializing_if = "Option::is_none")]
    glacier_event_data: Option<GlacierEventData<'b>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replication_event_data: Option<&'b ReplicationData>,
    #[serde(skip_serializing_if = "Option::is_none")]
    intelligent_tiering_event_data: Option<IntelligentTieringEventData<'b>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lifecycle_event_data: Option<LifecycleEventData<'b>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    object_annotation: &'b [AnnotationData],
    #[serde(skip_serializing_if = "Option::is_none")]
    object_retention_event_data: Option<RetentionEventData<'b>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'b> {
    principal_id: &'b str,
}

#[derive(Serialize)]
struct RequestParameters<'b> {
    #[serde(rename = "sourceIPAddress")]
    source_ip_address: &'b str,
}

#[derive(Serialize)]
struct ResponseElements<'b> {
    #[serde(rename = "x-amz-request-id")]
    request_id: &'b str,
    #[serde(rename = "x-amz-id-2")]
    host_id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct S3<'b> {
    s3_schema_version: &'static str,
    configuration_id: &'b str,
    bucket: Bucket<'b>,
    object: Object<'b>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bucket<'b> {
    name: &'b str,
    owner_identity: Identity<'b>,
    arn: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    aws_generated_tags: &'b BTreeMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object<'b> {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e_tag: Option<&'b str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<&'b str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequencer: Option<&'b str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    has_object_annotation: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GlacierEventData<'b> {
    restore_event_data: RestoreEventData<'b>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RestoreEventData<'b> {
    lifecycle_restoration_expiry_time: &'b str,
    lifecycle_restore_storage_class: &'b str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IntelligentTieringEventData<'b> {
    destination_access_tier: &'b str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LifecycleEventData<'b> {
    transition_event_data: TransitionEventData<'b>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TransitionEventData<'b> {
    destination_storage_class: &'b str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RetentionEventData<'b> {
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

impl<'b> RecordJson<'b> {
    pub(crate) fn of(record: &'b RecordBuilder) -> Self {
        let data = &record.data;
        Self {
            event_version: &record.event_version,
            event_source: &record.event_source,
            aws_region: &record.region,
            event_time: &record.event_time,
            event_name: record.event_name.as_str(),
            user_identity: Identity {
                principal_id: &record.principal_id,
            },
            request_parameters: RequestParameters {
                source_ip_address: &record.source_ip,
            },
            response_elements: ResponseElements {
                request_id: &record.request_id,
                host_id: HOST_ID,
            },
            s3: S3 {
                s3_schema_version: "1.0",
                configuration_id: &record.configuration_id,
                bucket: Bucket {
                    name: &record.bucket,
                    owner_identity: Identity {
                        principal_id: "A3NL1KOZZKExample",
                    },
                    arn: bucket_arn(&record.region, &record.bucket),
                    aws_generated_tags: &record.tags,
                },
                object: Object {
                    key: encode(&record.key, &record.event_source),
                    size: record.size,
                    e_tag: record.e_tag.as_deref(),
                    version_id: record.version_id.as_deref(),
                    sequencer: record.sequencer.as_deref(),
                    has_object_annotation: record.has_annotation,
                },
            },
            glacier_event_data: data.restore.as_ref().map(|restore| GlacierEventData {
                restore_event_data: RestoreEventData {
                    lifecycle_restoration_expiry_time: &restore.expiry_time,
                    lifecycle_restore_storage_class: &restore.storage_class,
                },
            }),
            replication_event_data: data.replication.as_ref(),
            intelligent_tiering_event_data: data.tiering.as_deref().map(|tier| {
                IntelligentTieringEventData {
                    destination_access_tier: tier,
                }
            }),
            lifecycle_event_data: data.transition.as_deref().map(|class| LifecycleEventData {
                transition_event_data: TransitionEventData {
                    destination_storage_class: class,
                },
            }),
            object_annotation: &data.annotations,
            object_retention_event_data: data.retention.as_ref().map(|retention| {
                RetentionEventData {
                    mode: &retention.mode,
                    retain_until_date: &retention.retain_until,
                    event_hold: retention.event_hold.as_deref(),
                    event_hold_duration: retention
                        .event_hold_days
                        .map(|days| EventHoldDuration { days }),
                }
            }),
        }
    }
}
