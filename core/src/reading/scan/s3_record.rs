//! A record of a notification.

use super::event_data::{
    Fields as EventData, ReplicationPart, RestorePart, RetentionPart, TransitionPart, annotations,
    tags, tiering,
};
use super::object::ObjectPart;
use super::span::Texts;
use super::{Field, Scanned, Scanner, Span, Unusual};
use crate::reading::s3_record::is_form_encoded;
use crate::record::{
    Bucket, BucketArn, ConfigurationId, EventSource, EventTime, EventVersion, HostId, PrincipalId,
    Region, RequestId, SourceIp,
};
use crate::text::RawJson;
use crate::{BucketName, EventName, S3EventRecord};

/// Where the fields of a record stand. Lists that few events have are passed over first.
#[derive(Default)]
struct Record {
    event_version: Span,
    event_source: Span,
    region: Span,
    event_time: Span,
    event_name: Span,
    principal_id: Option<Span>,
    source_ip: Option<Span>,
    response: Option<Response>,
    s3: Option<S3>,
    restore: Option<RestorePart>,
    replication: Option<ReplicationPart>,
    tiering: Option<Span>,
    transition: Option<TransitionPart>,
    annotations: Span,
    retention: Option<RetentionPart>,
    test: Span,
}

#[derive(Default)]
struct Response {
    request_id: Span,
    host_id: Span,
}

#[derive(Default)]
struct S3 {
    configuration_id: Span,
    bucket: Option<BucketPart>,
    object: Option<ObjectPart>,
    annotations: Span,
}

#[derive(Default)]
struct BucketPart {
    name: Span,
    owner: Option<Span>,
    arn: Span,
    tags: Span,
}

/// The fields in the order in which S3 writes them ("Event message structure", Amazon S3 User
/// Guide, 2026).
struct Fields<const LEVEL: usize>;

impl<const LEVEL: usize> Fields<LEVEL> {
    const RECORD: &[Field<Record, LEVEL>] = &[
        ("eventVersion", |record, scanner| {
            scanner.text(&mut record.event_version)
        }),
        ("eventSource", |record, scanner| {
            scanner.text(&mut record.event_source)
        }),
        ("awsRegion", |record, scanner| {
            scanner.text(&mut record.region)
        }),
        ("eventTime", |record, scanner| {
            scanner.text(&mut record.event_time)
        }),
        ("eventName", |record, scanner| {
            scanner.text(&mut record.event_name)
        }),
        ("userIdentity", |record, scanner| {
            scanner.optional_object(Self::PRINCIPAL, &mut record.principal_id)
        }),
        ("requestParameters", |record, scanner| {
            scanner.optional_object(Self::REQUEST, &mut record.source_ip)
        }),
        ("responseElements", |record, scanner| {
            scanner.optional_object(Self::RESPONSE, &mut record.response)
        }),
        ("s3", |record, scanner| {
            scanner.optional_object(Self::S3, &mut record.s3)
        }),
        ("glacierEventData", |record, scanner| {
            scanner.optional_object(EventData::RESTORE, &mut record.restore)
        }),
        ("replicationEventData", |record, scanner| {
            scanner.optional_object(EventData::REPLICATION, &mut record.replication)
        }),
        ("intelligentTieringEventData", |record, scanner| {
            scanner.optional_object(EventData::TIERING, &mut record.tiering)
        }),
        ("lifecycleEventData", |record, scanner| {
            scanner.optional_object(EventData::TRANSITION, &mut record.transition)
        }),
        ("objectAnnotation", |record, scanner| {
            scanner.raw_into(&mut record.annotations)
        }),
        ("objectRetentionEventData", |record, scanner| {
            scanner.optional_object(EventData::RETENTION, &mut record.retention)
        }),
        // Perhaps a test notification.
        ("Event", |record, scanner| {
            scanner.text_or_skip(&mut record.test)
        }),
    ];
    const PRINCIPAL: &[Field<Span, LEVEL>] = &[("principalId", |id, scanner| scanner.text(id))];
    const REQUEST: &[Field<Span, LEVEL>] =
        &[("sourceIPAddress", |address, scanner| scanner.text(address))];
    const RESPONSE: &[Field<Response, LEVEL>] = &[
        ("x-amz-request-id", |response, scanner| {
            scanner.text(&mut response.request_id)
        }),
        ("x-amz-id-2", |response, scanner| {
            scanner.text(&mut response.host_id)
        }),
    ];
    const S3: &[Field<S3, LEVEL>] = &[
        ("s3SchemaVersion", |_, scanner| scanner.skip()),
        ("configurationId", |s3, scanner| {
            scanner.text(&mut s3.configuration_id)
        }),
        ("bucket", |s3, scanner| {
            scanner.optional_object(Self::BUCKET, &mut s3.bucket)
        }),
        ("object", |s3, scanner| {
            scanner.optional_object(Self::OBJECT, &mut s3.object)
        }),
        ("objectAnnotation", |s3, scanner| {
            scanner.raw_into(&mut s3.annotations)
        }),
    ];
    const BUCKET: &[Field<BucketPart, LEVEL>] = &[
        ("name", |bucket, scanner| scanner.text(&mut bucket.name)),
        ("ownerIdentity", |bucket, scanner| {
            scanner.optional_object(Self::PRINCIPAL, &mut bucket.owner)
        }),
        ("arn", |bucket, scanner| scanner.text(&mut bucket.arn)),
        ("awsGeneratedTags", |bucket, scanner| {
            scanner.raw_into(&mut bucket.tags)
        }),
    ];
    const OBJECT: &[Field<ObjectPart, LEVEL>] = &[
        ("key", |object, scanner| scanner.text(&mut object.key)),
        ("size", |object, scanner| {
            scanner.number_or_text(&mut object.size)
        }),
        ("eTag", |object, scanner| scanner.text(&mut object.e_tag)),
        ("versionId", |object, scanner| {
            scanner.text(&mut object.version_id)
        }),
        ("sequencer", |object, scanner| {
            scanner.text(&mut object.sequencer)
        }),
        ("hasObjectAnnotation", |object, scanner| {
            scanner.raw_into(&mut object.has_annotation)
        }),
    ];
}

/// Reads one record.
pub(super) fn read_record<const LEVEL: usize>(
    scanner: &mut Scanner<'_, LEVEL>,
) -> Scanned<S3EventRecord> {
    let start = scanner.rest();
    scanner.forget_texts();
    let mut record = Record::default();

    if read_as_written(scanner, &mut record).is_none() {
        scanner.go_on_at(start);
        scanner.forget_texts();
        record = Record::default();
        scanner.object(Fields::RECORD, &mut record)?;
    }

    let end = scanner.position();
    let raw = Span::new(end - (start.len() - scanner.rest().len()), end);

    record.build::<LEVEL>(&scanner.texts()?, raw)
}

/// Compares with what S3 writes, text by text; what differs between events is in the object. `None`
/// when anything else stands there.
fn read_as_written<const LEVEL: usize>(
    scanner: &mut Scanner<'_, LEVEL>,
    record: &mut Record,
) -> Option<()> {
    if LEVEL != 1 {
        return None;
    }

    record.event_version = scanner.text_behind(r#"{\"eventVersion\":\""#)?;
    record.event_source = scanner.text_behind(r#"\",\"eventSource\":\""#)?;
    record.region = scanner.text_behind(r#"\",\"awsRegion\":\""#)?;
    record.event_time = scanner.text_behind(r#"\",\"eventTime\":\""#)?;
    record.event_name = scanner.text_behind(r#"\",\"eventName\":\""#)?;
    record.principal_id = Some(scanner.text_behind(r#"\",\"userIdentity\":{\"principalId\":\""#)?);
    record.source_ip =
        Some(scanner.text_behind(r#"\"},\"requestParameters\":{\"sourceIPAddress\":\""#)?);
    let request_id = scanner.text_behind(r#"\"},\"responseElements\":{\"x-amz-request-id\":\""#)?;
    let host_id = scanner.text_behind(r#"\",\"x-amz-id-2\":\""#)?;
    let _schema_version = scanner.text_behind(r#"\"},\"s3\":{\"s3SchemaVersion\":\""#)?;
    let configuration_id = scanner.text_behind(r#"\",\"configurationId\":\""#)?;
    let name = scanner.text_behind(r#"\",\"bucket\":{\"name\":\""#)?;
    let owner = scanner.text_behind(r#"\",\"ownerIdentity\":{\"principalId\":\""#)?;
    let arn = scanner.text_behind(r#"\"},\"arn\":\""#)?;
    let key = scanner.text_behind(r#"\"},\"object\":{\"key\":\""#)?;
    let mut object = ObjectPart {
        key,
        ..ObjectPart::default()
    };
    let behind_key = scanner.rest();

    if read_created_as_written(scanner, &mut object).is_none() {
        scanner.go_on_at(behind_key);
        scanner.literal(br#"\","#).ok()?;
        scanner
            .rest_of_object(Fields::OBJECT, 1, &mut object)
            .ok()?;
    }

    let mut s3 = S3 {
        configuration_id,
        bucket: Some(BucketPart {
            name,
            owner: Some(owner),
            arn,
            tags: Span::default(),
        }),
        object: Some(object),
        annotations: Span::default(),
    };

    // Only some kinds of events have more, and any of it.
    let is_usual = scanner.literal(b"}}").is_ok();

    if !is_usual && scanner.another(b'}').ok()? {
        scanner
            .rest_of_object(Fields::S3, Fields::<LEVEL>::S3.len(), &mut s3)
            .ok()?;
    }

    record.response = Some(Response {
        request_id,
        host_id,
    });
    record.s3 = Some(s3);

    if !is_usual && scanner.another(b'}').ok()? {
        scanner
            .rest_of_object(Fields::RECORD, Fields::<LEVEL>::RECORD.len(), record)
            .ok()?;
    }

    Some(())
}

/// The rest of an object that was created, in a bucket without versions.
fn read_created_as_written<const LEVEL: usize>(
    scanner: &mut Scanner<'_, LEVEL>,
    object: &mut ObjectPart,
) -> Option<()> {
    scanner.literal(br#"\",\"size\":"#).ok()?;
    scanner.number_or_text(&mut object.size).ok()?;
    object.e_tag = scanner.text_behind(r#",\"eTag\":\""#)?;
    object.sequencer = scanner.text_behind(r#"\",\"sequencer\":\""#)?;

    scanner.literal(br#"\"}"#).ok()
}

impl Record {
    fn build<const LEVEL: usize>(self, texts: &Texts<'_>, raw: Span) -> Scanned<S3EventRecord> {
        let source = texts.source;
        if self.test.content(texts)? == "s3:TestEvent" {
            return Err(Unusual::Other);
        }

        let s3 = self.s3.ok_or(Unusual::Other)?;
        let bucket = s3.bucket.ok_or(Unusual::Other)?;
        let response = self.response.unwrap_or_default();
        let event_source = self.event_source.read(texts, EventSource::from_text)?;
        let is_encoded = is_form_encoded(event_source.as_ref());
        let own_annotations = annotations::<LEVEL>(source, self.annotations)?;
        let annotations_in_s3 = annotations::<LEVEL>(source, s3.annotations)?;

        Ok(S3EventRecord {
            event_name: self
                .event_name
                .read(texts, EventName::from_text)?
                .ok_or(Unusual::Other)?,
            event_time: self.event_time.read(texts, EventTime::from_text)?,
            event_version: self.event_version.read(texts, EventVersion::from_text)?,
            event_source,
            region: self.region.read(texts, Region::from_text)?,
            principal_id: self
                .principal_id
                .unwrap_or_default()
                .read(texts, PrincipalId::from_text)?,
            source_ip: self
                .source_ip
                .unwrap_or_default()
                .read(texts, SourceIp::from_text)?,
            request_id: response.request_id.read(texts, RequestId::from_text)?,
            host_id: response.host_id.read(texts, HostId::from_text)?,
            configuration_id: s3
                .configuration_id
                .read(texts, ConfigurationId::from_text)?,
            bucket: Bucket {
                name: bucket
                    .name
                    .read(texts, BucketName::from_text)?
                    .ok_or(Unusual::Other)?,
                arn: bucket.arn.read(texts, BucketArn::from_text)?,
                owner: bucket
                    .owner
                    .unwrap_or_default()
                    .read(texts, PrincipalId::from_text)?,
                tags: tags::<LEVEL>(source, bucket.tags)?,
            },
            object: s3.object.ok_or(Unusual::Other)?.build(texts, is_encoded)?,
            restore: self
                .restore
                .map(|part| part.build(texts))
                .transpose()?
                .flatten(),
            replication: self.replication.map(|part| part.build(texts)).transpose()?,
            tiering: self.tiering.map(|tier| tiering(tier, texts)).transpose()?,
            transition: self
                .transition
                .map(|part| part.build(texts))
                .transpose()?
                .flatten(),
            annotations: own_annotations.or(annotations_in_s3).unwrap_or_default(),
            retention: self.retention.map(|part| part.build(texts)).transpose()?,
            raw: RawJson::new(raw.as_text(source), LEVEL),
        })
    }
}
