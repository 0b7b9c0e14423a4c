//! An event as EventBridge sends it.

use super::event_data::{Fields as EventData, RetentionPart, annotations, tags};
use super::object::ObjectPart;
use super::span::Texts;
use super::{Field, Scanned, Span, Unusual};
use crate::event_data::{AccessTier, StorageClass, Timestamp};
use crate::event_data::{Tiering, Transition};
use crate::reading::eventbridge::{event_name, restore};
use crate::record::{
    Bucket, BucketArn, EventSource, EventTime, PrincipalId, Region, RequestId, SourceIp,
};
use crate::text::RawJson;
use crate::{BucketName, S3EventRecord};

/// Where the fields of an event stand.
#[derive(Default)]
pub(super) struct Event {
    pub(super) detail_type: Span,
    pub(super) source: Span,
    pub(super) time: Span,
    pub(super) region: Span,
    pub(super) resources: Span,
    pub(super) detail: Option<Detail>,
}

#[derive(Default)]
pub(super) struct Detail {
    bucket: Option<BucketPart>,
    object: Option<ObjectPart>,
    request_id: Span,
    requester: Span,
    source_ip: Span,
    reason: Span,
    deletion_type: Span,
    restore_expiry_time: Span,
    source_storage_class: Span,
    destination_storage_class: Span,
    destination_access_tier: Span,
    annotations: Span,
    retention: Option<RetentionPart>,
}

#[derive(Default)]
struct BucketPart {
    name: Span,
    tags: Span,
}

/// The fields in the order of "EventBridge event message structure", Amazon S3 User Guide, 2026.
pub(super) struct Fields<const LEVEL: usize>;

impl<const LEVEL: usize> Fields<LEVEL> {
    pub(super) const DETAIL: &[Field<Detail, LEVEL>] = &[
        ("version", |_, scanner| scanner.skip()),
        ("bucket", |detail, scanner| {
            scanner.optional_object(Self::BUCKET, &mut detail.bucket)
        }),
        ("object", |detail, scanner| {
            scanner.optional_object(Self::OBJECT, &mut detail.object)
        }),
        ("request-id", |detail, scanner| {
            scanner.text(&mut detail.request_id)
        }),
        ("requester", |detail, scanner| {
            scanner.text(&mut detail.requester)
        }),
        ("source-ip-address", |detail, scanner| {
            scanner.text(&mut detail.source_ip)
        }),
        ("reason", |detail, scanner| scanner.text(&mut detail.reason)),
        ("deletion-type", |detail, scanner| {
            scanner.text(&mut detail.deletion_type)
        }),
        ("restore-expiry-time", |detail, scanner| {
            scanner.text(&mut detail.restore_expiry_time)
        }),
        ("source-storage-class", |detail, scanner| {
            scanner.text(&mut detail.source_storage_class)
        }),
        ("destination-storage-class", |detail, scanner| {
            scanner.text(&mut detail.destination_storage_class)
        }),
        ("destination-access-tier", |detail, scanner| {
            scanner.text(&mut detail.destination_access_tier)
        }),
        ("object-annotation", |detail, scanner| {
            scanner.raw_into(&mut detail.annotations)
        }),
        ("object-retention-event-data", |detail, scanner| {
            scanner.optional_object(EventData::BRIDGED_RETENTION, &mut detail.retention)
        }),
    ];
    const BUCKET: &[Field<BucketPart, LEVEL>] = &[
        ("name", |bucket, scanner| scanner.text(&mut bucket.name)),
        ("aws-generated-tags", |bucket, scanner| {
            scanner.raw_into(&mut bucket.tags)
        }),
    ];
    const OBJECT: &[Field<ObjectPart, LEVEL>] = &[
        ("key", |object, scanner| scanner.text(&mut object.key)),
        ("size", |object, scanner| {
            scanner.number_or_text(&mut object.size)
        }),
        ("etag", |object, scanner| scanner.text(&mut object.e_tag)),
        ("version-id", |object, scanner| {
            scanner.text(&mut object.version_id)
        }),
        ("sequencer", |object, scanner| {
            scanner.text(&mut object.sequencer)
        }),
        ("has-object-annotation", |object, scanner| {
            scanner.raw_into(&mut object.has_annotation)
        }),
    ];
}

impl Event {
    /// Makes a record of what stands in these places; `raw` is all of the event.
    pub(super) fn build<const LEVEL: usize>(
        self,
        texts: &Texts<'_>,
        raw: Span,
    ) -> Scanned<S3EventRecord> {
        let source = texts.source;
        let detail = self.detail.ok_or(Unusual::Other)?;
        let bucket = detail.bucket.ok_or(Unusual::Other)?;
        let detail_type = self
            .detail_type
            .read(texts, |text| text)?
            .ok_or(Unusual::Other)?;
        let (reason, deletion) = (
            detail.reason.read(texts, |text| text)?,
            detail.deletion_type.read(texts, |text| text)?,
        );
        let event_name = event_name(detail_type.as_str(), reason.as_ref(), deletion.as_ref());
        let expiry_time = detail
            .restore_expiry_time
            .read(texts, Timestamp::from_text)?;
        let source_class = detail
            .source_storage_class
            .read(texts, StorageClass::from_text)?;

        Ok(S3EventRecord {
            restore: restore(&event_name, expiry_time, source_class),
            event_name,
            event_time: self.time.read(texts, EventTime::from_text)?,
            event_version: None,
            event_source: self.source.read(texts, EventSource::from_text)?,
            region: self.region.read(texts, Region::from_text)?,
            principal_id: detail.requester.read(texts, PrincipalId::from_text)?,
            source_ip: detail.source_ip.read(texts, SourceIp::from_text)?,
            request_id: detail.request_id.read(texts, RequestId::from_text)?,
            host_id: None,
            configuration_id: None,
            bucket: Bucket {
                name: bucket
                    .name
                    .read(texts, BucketName::from_text)?
                    .ok_or(Unusual::Other)?,
                arn: self.resources.read(texts, BucketArn::from_text)?,
                owner: None,
                tags: tags::<LEVEL>(source, bucket.tags)?,
            },
            object: detail.object.ok_or(Unusual::Other)?.build(texts, false)?,
            replication: None,
            tiering: detail
                .destination_access_tier
                .read(texts, AccessTier::from_text)?
                .map(|tier| {
                    Box::new(Tiering {
                        destination_access_tier: Some(tier),
                    })
                }),
            transition: detail
                .destination_storage_class
                .read(texts, StorageClass::from_text)?
                .map(|class| {
                    Box::new(Transition {
                        destination_storage_class: Some(class),
                    })
                }),
            annotations: annotations::<LEVEL>(source, detail.annotations)?.unwrap_or_default(),
            retention: detail.retention.map(|part| part.build(texts)).transpose()?,
            raw: RawJson::new(raw.as_text(source), LEVEL),
        })
    }
}
