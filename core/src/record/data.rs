//! What only some kinds of events carry.

use crate::BucketArn;
use crate::ETag;
use crate::text::text_newtypes;

/// The end of a restoration (`glacierEventData.restoreEventData`).
///
/// ```json
/// {"lifecycleRestorationExpiryTime": "1970-01-01T00:01:00.000Z", "lifecycleRestoreStorageClass": "GLACIER"}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Restore {
    /// When the restored copy goes away, UTC.
    pub expiry_time: Option<Timestamp>,
    /// The storage class that the object was restored from.
    pub storage_class: Option<StorageClass>,
}

/// The state of a replication (`replicationEventData`); every field may be absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Replication {
    /// The replication rule.
    pub rule_id: Option<ReplicationRuleId>,
    /// The bucket that the object is replicated to.
    pub destination_bucket: Option<BucketArn>,
    /// What is replicated (`s3Operation`): `OBJECT_PUT`.
    pub operation: Option<S3Operation>,
    /// When the replication was asked for, UTC.
    pub request_time: Option<Timestamp>,
    /// Why it failed: `AssumeRoleNotPermitted`.
    pub failure_reason: Option<FailureReason>,
    /// The threshold of Replication Time Control, in minutes, as sent.
    pub threshold: Option<ReplicationMinutes>,
    /// How long the replication took, in minutes, as sent (`replicationTime`).
    pub time: Option<ReplicationMinutes>,
}

/// A move within Intelligent-Tiering (`intelligentTieringEventData`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Tiering {
    /// The tier that the object was moved to: `ARCHIVE_ACCESS`.
    pub destination_access_tier: Option<AccessTier>,
}

/// A move by a lifecycle rule (`lifecycleEventData.transitionEventData`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Transition {
    /// The storage class that the object was moved to: `GLACIER`.
    pub destination_storage_class: Option<StorageClass>,
}

/// An annotation that was written or deleted (an entry of `objectAnnotation`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Annotation {
    /// The annotation's name.
    pub name: AnnotationName,
    /// Its size in bytes. `None` when it was deleted.
    pub size: Option<u64>,
    /// Its entity tag. `None` when it was deleted.
    pub e_tag: Option<ETag>,
}

/// The retention that was written (`objectRetentionEventData`).
///
/// ```json
/// {"mode": "COMPLIANCE", "retainUntilDate": "2026-07-06T14:30:00Z", "eventHold": "ON", "eventHoldDuration": {"days": 90}}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Retention {
    /// `GOVERNANCE` or `COMPLIANCE`.
    pub mode: Option<RetentionMode>,
    /// Until when the object is kept, UTC.
    pub retain_until: Option<Timestamp>,
    /// `ON` while an event holds the object.
    pub event_hold: Option<EventHold>,
    /// How long after the event the object is kept.
    pub event_hold_duration: Option<EventHoldDuration>,
}

/// How long an object is kept after the event that holds it (`eventHoldDuration`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct EventHoldDuration {
    /// In days.
    pub days: Option<u64>,
    /// In years.
    pub years: Option<u64>,
}

/// The tags that AWS put on a bucket (`awsGeneratedTags`), by name:
/// `aws:cloudformation:stack-name`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BucketTags(Vec<(TagName, TagValue)>);

impl BucketTags {
    /// Of duplicates the last counts, and one without a value is none.
    pub(crate) fn new<E>(mut tags: Vec<(TagName, Result<Option<TagValue>, E>)>) -> Result<Self, E> {
        tags.sort_by(|(left, _), (right, _)| left.cmp(right));
        // `dedup` keeps the first of each, so what comes later is put there before.
        tags.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                std::mem::swap(&mut earlier.1, &mut later.1);
            }

            same
        });

        let given = tags
            .into_iter()
            .filter_map(|(name, value)| Some(value.transpose()?.map(|value| (name, value))));

        given.collect::<Result<_, _>>().map(Self)
    }

    /// The value of a tag, or `None`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&TagValue> {
        let index = self
            .0
            .binary_search_by(|(own, _)| own.as_str().cmp(name))
            .ok()?;
        Some(&self.0[index].1)
    }

    /// The tags in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&TagName, &TagValue)> {
        self.0.iter().map(|(name, value)| (name, value))
    }
}

text_newtypes! {
    /// A time in UTC, as sent: `2026-07-06T14:30:00Z`.
    Timestamp;
    /// A storage class: `GLACIER`.
    StorageClass;
    /// An access tier of Intelligent-Tiering: `DEEP_ARCHIVE_ACCESS`.
    AccessTier;
    /// The id of a replication rule.
    ReplicationRuleId;
    /// What is replicated: `OBJECT_PUT`.
    S3Operation;
    /// Why a replication failed.
    FailureReason;
    /// A number of minutes, as sent.
    ReplicationMinutes;
    /// The name of an annotation.
    AnnotationName;
    /// The mode of a retention.
    RetentionMode;
    /// The state of an event hold.
    EventHold;
    /// The name of a tag.
    TagName;
    /// The value of a tag.
    TagValue;
}

impl PartialOrd for TagName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TagName {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}
