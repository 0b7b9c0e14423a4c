//! S3's events as EventBridge sends them: the same facts, other names, keys not encoded.

use crate::event_data::{AccessTier, StorageClass, Timestamp};
use crate::event_data::{Restore, Tiering, Transition};
use crate::reading::json::Node;
use crate::reading::s3_record::{KEBAB_CASE, read_annotations, read_retention, read_tags};
use crate::record::{
    Bucket, BucketArn, EventSource, EventTime, Object, PrincipalId, Region, RequestId, SourceIp,
};
use crate::text::RawJson;
use crate::text::Text;
use crate::{BucketName, ETag, Error, EventName, ObjectKey, S3EventRecord, Sequencer, VersionId};

/// Reads one event ("EventBridge event message structure", Amazon S3 User Guide, 2026).
pub(crate) fn read_event(node: Node<'_, '_>) -> Result<S3EventRecord, Error> {
    let event = node.members([
        "detail-type",
        "source",
        "time",
        "region",
        "resources",
        "detail",
    ])?;

    let detail_type = event.required_text("detail-type", |text| text)?;
    let arn = event
        .get("resources", first_text)?
        .flatten()
        .map(BucketArn::from_text);
    let detail = event.get("detail", |detail| read_detail(detail, &detail_type, arn))?;
    let detail = detail.ok_or_else(|| event.missing("detail"))?;

    Ok(S3EventRecord {
        event_time: event.text("time", EventTime::from_text)?,
        event_source: event.text("source", EventSource::from_text)?,
        region: event.text("region", Region::from_text)?,
        raw: RawJson::from(node.raw()),
        ..detail
    })
}

fn read_detail(
    node: Node<'_, '_>,
    detail_type: &Text,
    arn: Option<BucketArn>,
) -> Result<S3EventRecord, Error> {
    let detail = node.members([
        "bucket",
        "object",
        "request-id",
        "requester",
        "source-ip-address",
        "reason",
        "deletion-type",
        "restore-expiry-time",
        "source-storage-class",
        "destination-storage-class",
        "destination-access-tier",
        "object-annotation",
        "object-retention-event-data",
    ])?;

    let (reason, deletion) = (
        detail.text("reason", |text| text)?,
        detail.text("deletion-type", |text| text)?,
    );
    let event_name = event_name(detail_type.as_str(), reason.as_ref(), deletion.as_ref());
    let storage_class = |name| detail.text(name, StorageClass::from_text);
    let expiry_time = detail.text("restore-expiry-time", Timestamp::from_text)?;

    let restore = restore(
        &event_name,
        expiry_time,
        storage_class("source-storage-class")?,
    );

    Ok(S3EventRecord {
        event_name,
        event_time: None,
        event_version: None,
        event_source: None,
        region: None,
        principal_id: detail.text("requester", PrincipalId::from_text)?,
        source_ip: detail.text("source-ip-address", SourceIp::from_text)?,
        request_id: detail.text("request-id", RequestId::from_text)?,
        host_id: None,
        configuration_id: None,
        bucket: detail
            .get("bucket", |node| read_bucket(node, arn))?
            .ok_or_else(|| detail.missing("bucket"))?,
        object: detail
            .get("object", read_object)?
            .ok_or_else(|| detail.missing("object"))?,
        restore,
        replication: None,
        tiering: detail
            .text("destination-access-tier", AccessTier::from_text)?
            .map(|tier| {
                Box::new(Tiering {
                    destination_access_tier: Some(tier),
                })
            }),
        transition: storage_class("destination-storage-class")?.map(|class| {
            Box::new(Transition {
                destination_storage_class: Some(class),
            })
        }),
        annotations: detail
            .get("object-annotation", read_annotations)?
            .unwrap_or_default(),
        retention: detail.get("object-retention-event-data", |node| {
            read_retention(node, &KEBAB_CASE)
        })?,
        raw: RawJson::from(node.raw()),
    })
}

fn read_bucket(node: Node<'_, '_>, arn: Option<BucketArn>) -> Result<Bucket, Error> {
    let members = node.members(["name", "aws-generated-tags"])?;
    Ok(Bucket {
        name: members.required_text("name", BucketName::from_text)?,
        arn,
        owner: None,
        tags: members.get("aws-generated-tags", read_tags)?,
    })
}

fn read_object(node: Node<'_, '_>) -> Result<Object, Error> {
    let members = node.members([
        "key",
        "size",
        "etag",
        "version-id",
        "sequencer",
        "has-object-annotation",
    ])?;

    Ok(Object {
        key: members.required_text("key", ObjectKey::from_literal)?,
        size: members.u64("size")?,
        e_tag: members.text("etag", ETag::from_text)?,
        version_id: members.text("version-id", VersionId::from_text)?,
        sequencer: members.text("sequencer", Sequencer::from_text)?,
        has_annotation: members
            .get("has-object-annotation", |node| node.bool())?
            .flatten(),
    })
}

fn first_text(node: Node<'_, '_>) -> Result<Option<Text>, Error> {
    let mut first = None;
    node.each_element(|index, element| {
        if index == 0 {
            first = element
                .nullable(|element| element.text())?
                .filter(|text| !text.as_str().is_empty());
        }

        Ok(())
    })?;

    Ok(first)
}

pub(crate) fn restore(
    event_name: &EventName,
    expiry_time: Option<Timestamp>,
    storage_class: Option<StorageClass>,
) -> Option<Box<Restore>> {
    let has_restore =
        expiry_time.is_some() || (event_name.is_object_restore() && storage_class.is_some());
    has_restore.then(|| {
        Box::new(Restore {
            expiry_time,
            storage_class,
        })
    })
}

/// The name that a notification of the same event has.
pub(crate) fn event_name(
    detail_type: &str,
    reason: Option<&Text>,
    deletion: Option<&Text>,
) -> EventName {
    let reason = reason.map_or("", Text::as_str);
    let deletion = deletion.map_or("", Text::as_str);

    EventName::from_eventbridge(detail_type, reason, deletion)
}
