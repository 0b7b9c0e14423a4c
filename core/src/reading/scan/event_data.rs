//! What only some kinds of events carry.

use super::span::Texts;
use super::{Field, Scanned, Scanner, Span, Unusual};
use crate::ETag;
use crate::event_data::{
    AccessTier, AnnotationName, EventHold, FailureReason, ReplicationMinutes, ReplicationRuleId,
    RetentionMode, S3Operation, StorageClass, Timestamp,
};
use crate::event_data::{
    Annotation, EventHoldDuration, Replication, Restore, Retention, Tiering, Transition,
};
use crate::record::BucketTags;
use crate::record::{BucketArn, TagName, TagValue};
use crate::text::Source;

/// Where the fields of `glacierEventData` stand.
#[derive(Default)]
pub(super) struct RestorePart {
    restore: Option<RestoreData>,
}

#[derive(Default)]
struct RestoreData {
    expiry_time: Span,
    storage_class: Span,
}

/// Where the fields of `replicationEventData` stand.
#[derive(Default)]
pub(super) struct ReplicationPart {
    rule_id: Span,
    destination_bucket: Span,
    operation: Span,
    request_time: Span,
    failure_reason: Span,
    threshold: Span,
    time: Span,
}

/// Where the fields of `lifecycleEventData` stand.
#[derive(Default)]
pub(super) struct TransitionPart {
    transition: Option<Span>,
}

/// Where the fields of `objectRetentionEventData` stand, however they are spelt.
#[derive(Default)]
pub(super) struct RetentionPart {
    mode: Span,
    retain_until: Span,
    event_hold: Span,
    event_hold_duration: Option<DurationPart>,
}

#[derive(Default)]
struct DurationPart {
    days: Span,
    years: Span,
}

/// Where the fields of an annotation stand.
#[derive(Default)]
struct AnnotationPart {
    name: Span,
    size: Span,
    e_tag: Span,
    bridged_e_tag: Span,
}

/// The fields in the order of "Event message structure", Amazon S3 User Guide, 2026.
pub(super) struct Fields<const LEVEL: usize>;

impl<const LEVEL: usize> Fields<LEVEL> {
    pub(super) const RESTORE: &[Field<RestorePart, LEVEL>] =
        &[("restoreEventData", |part, scanner| {
            scanner.optional_object(Self::RESTORE_DATA, &mut part.restore)
        })];
    const RESTORE_DATA: &[Field<RestoreData, LEVEL>] = &[
        ("lifecycleRestorationExpiryTime", |data, scanner| {
            scanner.text(&mut data.expiry_time)
        }),
        ("lifecycleRestoreStorageClass", |data, scanner| {
            scanner.text(&mut data.storage_class)
        }),
    ];
    pub(super) const REPLICATION: &[Field<ReplicationPart, LEVEL>] = &[
        ("replicationRuleId", |part, scanner| {
            scanner.text(&mut part.rule_id)
        }),
        ("destinationBucket", |part, scanner| {
            scanner.text(&mut part.destination_bucket)
        }),
        ("s3Operation", |part, scanner| {
            scanner.text(&mut part.operation)
        }),
        ("requestTime", |part, scanner| {
            scanner.text(&mut part.request_time)
        }),
        ("failureReason", |part, scanner| {
            scanner.text(&mut part.failure_reason)
        }),
        ("threshold", |part, scanner| {
            scanner.text_or_digits(&mut part.threshold)
        }),
        ("replicationTime", |part, scanner| {
            scanner.text_or_digits(&mut part.time)
        }),
    ];
    pub(super) const TIERING: &[Field<Span, LEVEL>] =
        &[("destinationAccessTier", |tier, scanner| scanner.text(tier))];
    pub(super) const TRANSITION: &[Field<TransitionPart, LEVEL>] =
        &[("transitionEventData", |part, scanner| {
            scanner.optional_object(
                &[("destinationStorageClass", |class, scanner| {
                    scanner.text(class)
                })],
                &mut part.transition,
            )
        })];
    /// As S3 spells them.
    pub(super) const RETENTION: &[Field<RetentionPart, LEVEL>] = &[
        ("mode", |part, scanner| scanner.text(&mut part.mode)),
        ("retainUntilDate", |part, scanner| {
            scanner.text(&mut part.retain_until)
        }),
        ("eventHold", |part, scanner| {
            scanner.text(&mut part.event_hold)
        }),
        ("eventHoldDuration", |part, scanner| {
            scanner.optional_object(Self::DURATION, &mut part.event_hold_duration)
        }),
    ];
    /// As EventBridge spells them.
    pub(super) const BRIDGED_RETENTION: &[Field<RetentionPart, LEVEL>] = &[
        ("mode", |part, scanner| scanner.text(&mut part.mode)),
        ("retain-until-date", |part, scanner| {
            scanner.text(&mut part.retain_until)
        }),
        ("event-hold", |part, scanner| {
            scanner.text(&mut part.event_hold)
        }),
        ("event-hold-duration", |part, scanner| {
            scanner.optional_object(Self::DURATION, &mut part.event_hold_duration)
        }),
    ];
    const DURATION: &[Field<DurationPart, LEVEL>] = &[
        ("days", |part, scanner| {
            scanner.number_or_text(&mut part.days)
        }),
        ("years", |part, scanner| {
            scanner.number_or_text(&mut part.years)
        }),
    ];
    const ANNOTATION: &[Field<AnnotationPart, LEVEL>] = &[
        ("name", |part, scanner| scanner.text(&mut part.name)),
        ("size", |part, scanner| {
            scanner.number_or_text(&mut part.size)
        }),
        ("eTag", |part, scanner| scanner.text(&mut part.e_tag)),
        ("etag", |part, scanner| {
            scanner.text(&mut part.bridged_e_tag)
        }),
    ];
}

impl RestorePart {
    pub(super) fn build(self, texts: &Texts<'_>) -> Scanned<Option<Box<Restore>>> {
        let Some(data) = self.restore else {
            return Ok(None);
        };

        Ok(Some(Box::new(Restore {
            expiry_time: data.expiry_time.read(texts, Timestamp::from_text)?,
            storage_class: data.storage_class.read(texts, StorageClass::from_text)?,
        })))
    }
}

impl ReplicationPart {
    pub(super) fn build(self, texts: &Texts<'_>) -> Scanned<Box<Replication>> {
        Ok(Box::new(Replication {
            rule_id: self.rule_id.read(texts, ReplicationRuleId::from_text)?,
            destination_bucket: self.destination_bucket.read(texts, BucketArn::from_text)?,
            operation: self.operation.read(texts, S3Operation::from_text)?,
            request_time: self.request_time.read(texts, Timestamp::from_text)?,
            failure_reason: self.failure_reason.read(texts, FailureReason::from_text)?,
            threshold: self.threshold.read(texts, ReplicationMinutes::from_text)?,
            time: self.time.read(texts, ReplicationMinutes::from_text)?,
        }))
    }
}

impl TransitionPart {
    pub(super) fn build(self, texts: &Texts<'_>) -> Scanned<Option<Box<Transition>>> {
        let Some(class) = self.transition else {
            return Ok(None);
        };

        Ok(Some(Box::new(Transition {
            destination_storage_class: class.read(texts, StorageClass::from_text)?,
        })))
    }
}

impl RetentionPart {
    pub(super) fn build(self, texts: &Texts<'_>) -> Scanned<Box<Retention>> {
        let duration = |part: DurationPart| {
            Ok(EventHoldDuration {
                days: part.days.number(texts)?,
                years: part.years.number(texts)?,
            })
        };

        Ok(Box::new(Retention {
            mode: self.mode.read(texts, RetentionMode::from_text)?,
            retain_until: self.retain_until.read(texts, Timestamp::from_text)?,
            event_hold: self.event_hold.read(texts, EventHold::from_text)?,
            event_hold_duration: self.event_hold_duration.map(duration).transpose()?,
        }))
    }
}

/// The tier of `intelligentTieringEventData`.
pub(super) fn tiering(tier: Span, texts: &Texts<'_>) -> Scanned<Box<Tiering>> {
    Ok(Box::new(Tiering {
        destination_access_tier: tier.read(texts, AccessTier::from_text)?,
    }))
}

/// The annotations that this value holds: a list, or one. `null` is absence. It was passed over
/// before.
#[inline(always)]
pub(super) fn annotations<const LEVEL: usize>(
    source: &Source,
    value: Span,
) -> Scanned<Option<Vec<Annotation>>> {
    if value.is_empty() {
        Ok(None)
    } else {
        read_annotations::<LEVEL>(source, value)
    }
}

#[cold]
fn read_annotations<const LEVEL: usize>(
    source: &Source,
    value: Span,
) -> Scanned<Option<Vec<Annotation>>> {
    let mut scanner = Scanner::<LEVEL>::new(source, value.start());
    match scanner.peek() {
        b'n' => return Ok(None),
        b'{' => return Ok(Some(vec![read_annotation(&mut scanner)?])),
        _ => {}
    }

    let mut count = 0;
    scanner.array(|scanner| {
        count += 1;
        scanner.skip()
    })?;
    let mut annotations = Vec::with_capacity(count);
    Scanner::<LEVEL>::new(source, value.start()).array(|scanner| {
        annotations.push(read_annotation(scanner)?);
        Ok(())
    })?;

    Ok(Some(annotations))
}

fn read_annotation<const LEVEL: usize>(scanner: &mut Scanner<'_, LEVEL>) -> Scanned<Annotation> {
    scanner.forget_texts();
    let mut part = AnnotationPart::default();
    scanner.object(Fields::ANNOTATION, &mut part)?;
    let texts = scanner.texts()?;
    let e_tag = part.e_tag.read(&texts, ETag::from_text)?;

    Ok(Annotation {
        name: part
            .name
            .read(&texts, AnnotationName::from_text)?
            .ok_or(Unusual::Other)?,
        size: part.size.number(&texts)?,
        e_tag: e_tag.or(part.bridged_e_tag.read(&texts, ETag::from_text)?),
    })
}

/// The tags that this value holds. `null` is absence. It was passed over before.
#[inline(always)]
pub(super) fn tags<const LEVEL: usize>(
    source: &Source,
    value: Span,
) -> Scanned<Option<Box<BucketTags>>> {
    if value.is_empty() {
        Ok(None)
    } else {
        read_tags::<LEVEL>(source, value)
    }
}

#[cold]
fn read_tags<const LEVEL: usize>(source: &Source, value: Span) -> Scanned<Option<Box<BucketTags>>> {
    let mut scanner = Scanner::<LEVEL>::new(source, value.start());
    if scanner.peek() == b'n' {
        return Ok(None);
    }

    let mut count = 0;
    scanner.members(|_, scanner| {
        count += 1;
        scanner.skip()
    })?;
    let mut tags = Vec::with_capacity(count);

    Scanner::<LEVEL>::new(source, value.start()).members(|name, scanner| {
        let is_absent = scanner.peek() == b'n';
        let mut value = Span::default();
        scanner.text(&mut value)?;
        let texts = scanner.texts()?;
        let name = TagName::from_text(name.text(&texts)?);

        let value = if is_absent {
            None
        } else {
            Some(TagValue::from_text(value.text(&texts)?))
        };

        tags.push((name, Ok(value)));

        Ok(())
    })?;

    BucketTags::new(tags)
        .map(|tags| Some(Box::new(tags)))
        .map_err(|_| Unusual::Other)
}
