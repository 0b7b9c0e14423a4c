//! A record as S3's notifications and their imitators write it.

use std::borrow::Cow;

use crate::event_data::{
    AccessTier, AnnotationName, EventHold, FailureReason, ReplicationMinutes, ReplicationRuleId,
    RetentionMode, S3Operation, StorageClass, Timestamp,
};
use crate::event_data::{
    Annotation, EventHoldDuration, Replication, Restore, Retention, Tiering, Transition,
};
use crate::reading::json::{Members, Node};
use crate::record::BucketTags;
use crate::record::{
    Bucket, BucketArn, ConfigurationId, EventSource, EventTime, EventVersion, HostId, Object,
    PrincipalId, Region, RequestId, SourceIp, TagName, TagValue,
};
use crate::text::RawJson;
use crate::text::Text;
use crate::{BucketName, ETag, Error, EventName, ObjectKey, S3EventRecord, Sequencer, VersionId};

/// Who form-encodes keys. Everyone else sends them as they are.
const ENCODING_SOURCES: [&str; 3] = ["aws:s3", "minio:s3", "rustfs:s3"];

pub(crate) fn is_form_encoded(source: Option<&EventSource>) -> bool {
    source.is_some_and(|source| ENCODING_SOURCES.contains(&source.as_str()))
}

/// What is asked for of a record: that which [`read_record`] reads, and what tells a test
/// notification.
pub(crate) const NAMES: [&str; 16] = [
    "Event",
    "eventName",
    "eventTime",
    "eventVersion",
    "eventSource",
    "awsRegion",
    "userIdentity",
    "requestParameters",
    "responseElements",
    "s3",
    "glacierEventData",
    "replicationEventData",
    "intelligentTieringEventData",
    "lifecycleEventData",
    "objectAnnotation",
    "objectRetentionEventData",
];

pub(crate) fn read_record(
    node: Node<'_, '_>,
    members: &Members<'_, '_, 16>,
) -> Result<S3EventRecord, Error> {
    let event_name = members.required_text("eventName", EventName::from_text)?;
    let event_source = members.text("eventSource", EventSource::from_text)?;
    let encoded = is_form_encoded(event_source.as_ref());
    let s3 = members
        .get("s3", |node| read_s3(node, encoded))?
        .ok_or_else(|| members.missing("s3"))?;
    let (request_id, host_id) = members
        .get("responseElements", read_response)?
        .unwrap_or_default();
    let annotations = match members.get("objectAnnotation", read_annotations)? {
        Some(annotations) => annotations,
        None => s3.annotations,
    };

    Ok(S3EventRecord {
        event_name,
        event_time: members.text("eventTime", EventTime::from_text)?,
        event_version: members.text("eventVersion", EventVersion::from_text)?,
        event_source,
        region: members.text("awsRegion", Region::from_text)?,
        principal_id: members.get("userIdentity", read_principal)?.flatten(),
        source_ip: members.get("requestParameters", read_source_ip)?.flatten(),
        request_id,
        host_id,
        configuration_id: s3.configuration_id,
        bucket: s3.bucket,
        object: s3.object,
        restore: members.get("glacierEventData", read_restore)?.flatten(),
        replication: members.get("replicationEventData", read_replication)?,
        tiering: members.get("intelligentTieringEventData", read_tiering)?,
        transition: members.get("lifecycleEventData", read_lifecycle)?.flatten(),
        annotations,
        retention: members.get("objectRetentionEventData", |node| {
            read_retention(node, &CAMEL_CASE)
        })?,
        raw: RawJson::from(node.raw()),
    })
}

struct S3 {
    configuration_id: Option<ConfigurationId>,
    bucket: Bucket,
    object: Object,
    annotations: Vec<Annotation>,
}

fn read_s3(node: Node<'_, '_>, encoded: bool) -> Result<S3, Error> {
    let members = node.members(["configurationId", "bucket", "object", "objectAnnotation"])?;
    Ok(S3 {
        configuration_id: members.text("configurationId", ConfigurationId::from_text)?,
        bucket: members
            .get("bucket", read_bucket)?
            .ok_or_else(|| members.missing("bucket"))?,
        object: members
            .get("object", |node| read_object(node, encoded))?
            .ok_or_else(|| members.missing("object"))?,
        annotations: members
            .get("objectAnnotation", read_annotations)?
            .unwrap_or_default(),
    })
}

fn read_bucket(node: Node<'_, '_>) -> Result<Bucket, Error> {
    let members = node.members(["name", "arn", "ownerIdentity", "awsGeneratedTags"])?;
    Ok(Bucket {
        name: members.required_text("name", BucketName::from_text)?,
        arn: members.text("arn", BucketArn::from_text)?,
        owner: members.get("ownerIdentity", read_principal)?.flatten(),
        tags: members.get("awsGeneratedTags", read_tags)?,
    })
}

fn read_object(node: Node<'_, '_>, encoded: bool) -> Result<Object, Error> {
    let members = node.members([
        "key",
        "size",
        "eTag",
        "versionId",
        "sequencer",
        "hasObjectAnnotation",
    ])?;

    Ok(Object {
        key: members.required_text("key", |key| {
            if encoded {
                ObjectKey::from_encoded(key)
            } else {
                ObjectKey::from_literal(key)
            }
        })?,
        size: members.u64("size")?,
        e_tag: members.text("eTag", ETag::from_text)?,
        version_id: members.text("versionId", VersionId::from_text)?,
        sequencer: members.text("sequencer", Sequencer::from_text)?,
        has_annotation: members
            .get("hasObjectAnnotation", |node| node.bool())?
            .flatten(),
    })
}

fn read_principal(node: Node<'_, '_>) -> Result<Option<PrincipalId>, Error> {
    node.members(["principalId"])?
        .text("principalId", PrincipalId::from_text)
}

fn read_source_ip(node: Node<'_, '_>) -> Result<Option<SourceIp>, Error> {
    node.members(["sourceIPAddress"])?
        .text("sourceIPAddress", SourceIp::from_text)
}

fn read_response(node: Node<'_, '_>) -> Result<(Option<RequestId>, Option<HostId>), Error> {
    let members = node.members(["x-amz-request-id", "x-amz-id-2"])?;
    Ok((
        members.text("x-amz-request-id", RequestId::from_text)?,
        members.text("x-amz-id-2", HostId::from_text)?,
    ))
}

fn read_restore(node: Node<'_, '_>) -> Result<Option<Box<Restore>>, Error> {
    node.members(["restoreEventData"])?
        .get("restoreEventData", |node| {
            let members = node.members([
                "lifecycleRestorationExpiryTime",
                "lifecycleRestoreStorageClass",
            ])?;
            Ok(Box::new(Restore {
                expiry_time: members
                    .text("lifecycleRestorationExpiryTime", Timestamp::from_text)?,
                storage_class: members
                    .text("lifecycleRestoreStorageClass", StorageClass::from_text)?,
            }))
        })
}

fn read_replication(node: Node<'_, '_>) -> Result<Box<Replication>, Error> {
    let members = node.members([
        "replicationRuleId",
        "destinationBucket",
        "s3Operation",
        "requestTime",
        "failureReason",
        "threshold",
        "replicationTime",
    ])?;

    let minutes = |name| {
        let text = members
            .get(name, |node| node.digits())?
            .filter(|text: &Text| !text.as_str().is_empty());
        Ok::<_, Error>(text.map(ReplicationMinutes::from_text))
    };

    Ok(Box::new(Replication {
        rule_id: members.text("replicationRuleId", ReplicationRuleId::from_text)?,
        destination_bucket: members.text("destinationBucket", BucketArn::from_text)?,
        operation: members.text("s3Operation", S3Operation::from_text)?,
        request_time: members.text("requestTime", Timestamp::from_text)?,
        failure_reason: members.text("failureReason", FailureReason::from_text)?,
        threshold: minutes("threshold")?,
        time: minutes("replicationTime")?,
    }))
}

fn read_tiering(node: Node<'_, '_>) -> Result<Box<Tiering>, Error> {
    let destination = node
        .members(["destinationAccessTier"])?
        .text("destinationAccessTier", AccessTier::from_text)?;
    Ok(Box::new(Tiering {
        destination_access_tier: destination,
    }))
}

fn read_lifecycle(node: Node<'_, '_>) -> Result<Option<Box<Transition>>, Error> {
    node.members(["transitionEventData"])?
        .get("transitionEventData", |node| {
            let members = node.members(["destinationStorageClass"])?;
            let destination = members.text("destinationStorageClass", StorageClass::from_text)?;

            Ok(Box::new(Transition {
                destination_storage_class: destination,
            }))
        })
}

/// AWS's text speaks of an array and shows none; EventBridge sends one object. Both are read.
pub(crate) fn read_annotations(node: Node<'_, '_>) -> Result<Vec<Annotation>, Error> {
    if !node.is_array() {
        return Ok(vec![read_annotation(node)?]);
    }

    let mut annotations = Vec::with_capacity(node.count()?);
    node.each_element(|_, element| {
        annotations.push(read_annotation(element)?);
        Ok(())
    })?;

    Ok(annotations)
}

fn read_annotation(node: Node<'_, '_>) -> Result<Annotation, Error> {
    let members = node.members(["name", "size", "eTag", "etag"])?;
    let e_tag = members.text("eTag", ETag::from_text)?;

    Ok(Annotation {
        name: members.required_text("name", AnnotationName::from_text)?,
        size: members.u64("size")?,
        e_tag: match e_tag {
            Some(e_tag) => Some(e_tag),
            None => members.text("etag", ETag::from_text)?,
        },
    })
}

/// The same block is spelt in camel case by S3 and in kebab case by EventBridge.
pub(crate) struct RetentionNames {
    retain_until: &'static str,
    event_hold: &'static str,
    event_hold_duration: &'static str,
}

const CAMEL_CASE: RetentionNames = RetentionNames {
    retain_until: "retainUntilDate",
    event_hold: "eventHold",
    event_hold_duration: "eventHoldDuration",
};

pub(crate) const KEBAB_CASE: RetentionNames = RetentionNames {
    retain_until: "retain-until-date",
    event_hold: "event-hold",
    event_hold_duration: "event-hold-duration",
};

pub(crate) fn read_retention(
    node: Node<'_, '_>,
    names: &RetentionNames,
) -> Result<Box<Retention>, Error> {
    let members = node.members([
        "mode",
        names.retain_until,
        names.event_hold,
        names.event_hold_duration,
    ])?;

    Ok(Box::new(Retention {
        mode: members.text("mode", RetentionMode::from_text)?,
        retain_until: members.text(names.retain_until, Timestamp::from_text)?,
        event_hold: members.text(names.event_hold, EventHold::from_text)?,
        event_hold_duration: members.get(names.event_hold_duration, |node| {
            let members = node.members(["days", "years"])?;
            Ok(EventHoldDuration {
                days: members.u64("days")?,
                years: members.u64("years")?,
            })
        })?,
    }))
}

pub(crate) fn read_tags(node: Node<'_, '_>) -> Result<Box<BucketTags>, Error> {
    let mut tags = Vec::with_capacity(node.count()?);
    node.each_member(|name, value| {
        let name = match name {
            Cow::Borrowed(name) => TagName::from_text(node.source.text(name)),
            Cow::Owned(name) => TagName::from(name),
        };
        // Judged later: a mistake may stand in one that a duplicate replaces.
        let value = value.nullable(|value| value.text());
        tags.push((name, value.map(|value| value.map(TagValue::from_text))));

        Ok(())
    })?;

    BucketTags::new(tags).map(Box::new)
}
