//! A record as S3 writes it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::event_data_json::{
    GlacierEventData, IntelligentTieringEventData, LifecycleEventData, RetentionEventData,
};
use super::json;
use super::key_encoding::encode;
use crate::record::defaults::{HOST_ID, bucket_arn};
use crate::record::event_data::{AnnotationData, ReplicationData};
use crate::record::record_fields::RecordFields;

/// The record alone, an element of `Records`.
pub(crate) fn record(fields: &RecordFields) -> String {
    json::compact(&RecordJson::new(fields))
}

/// The notification of these records: `{"Records":[...]}`.
pub(crate) fn notification<'b>(records: impl IntoIterator<Item = &'b RecordFields>) -> String {
    json::compact(&NotificationJson {
        records: records.into_iter().map(RecordJson::new).collect(),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NotificationJson<'b> {
    records: Vec<RecordJson<'b>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RecordJson<'b> {
    event_version: &'b str,
    event_source: &'b str,
    aws_region: &'b str,
    event_time: &'b str,
    event_name: &'b str,
    user_identity: IdentityJson<'b>,
    request_parameters: RequestParameters<'b>,
    response_elements: ResponseElements<'b>,
    s3: S3Json<'b>,
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
struct IdentityJson<'b> {
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
struct S3Json<'b> {
    s3_schema_version: &'static str,
    configuration_id: &'b str,
    bucket: BucketJson<'b>,
    object: ObjectJson<'b>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BucketJson<'b> {
    name: &'b str,
    owner_identity: IdentityJson<'b>,
    arn: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    aws_generated_tags: &'b BTreeMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ObjectJson<'b> {
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

impl<'b> RecordJson<'b> {
    fn new(record: &'b RecordFields) -> Self {
        let data = &record.data;

        Self {
            event_version: &record.event_version,
            event_source: &record.event_source,
            aws_region: &record.region,
            event_time: &record.event_time,
            event_name: record.event_name.as_str(),
            user_identity: IdentityJson {
                principal_id: &record.principal_id,
            },
            request_parameters: RequestParameters {
                source_ip_address: &record.source_ip,
            },
            response_elements: ResponseElements {
                request_id: &record.request_id,
                host_id: HOST_ID,
            },
            s3: S3Json::new(record),
            glacier_event_data: data.restore.as_ref().map(GlacierEventData::new),
            replication_event_data: data.replication.as_ref(),
            intelligent_tiering_event_data: IntelligentTieringEventData::new(data),
            lifecycle_event_data: LifecycleEventData::new(data),
            object_annotation: &data.annotations,
            object_retention_event_data: data.retention.as_ref().map(RetentionEventData::new),
        }
    }
}

impl<'b> S3Json<'b> {
    fn new(record: &'b RecordFields) -> Self {
        Self {
            s3_schema_version: "1.0",
            configuration_id: &record.configuration_id,
            bucket: BucketJson {
                name: &record.bucket,
                owner_identity: IdentityJson {
                    principal_id: "A3NL1KOZZKExample",
                },
                arn: bucket_arn(&record.region, &record.bucket),
                aws_generated_tags: &record.tags,
            },
            object: ObjectJson {
                key: encode(&record.key, &record.event_source),
                size: record.size,
                e_tag: record.e_tag.as_deref(),
                version_id: record.version_id.as_deref(),
                sequencer: record.sequencer.as_deref(),
                has_object_annotation: record.has_annotation,
            },
        }
    }
}
