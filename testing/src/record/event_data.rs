//! The blocks that only some kinds of events carry, as they stand in a record.

use s3_dispatch_core::EventName;
use serde::Serialize;

/// The block of a `Replication:*` record (`replicationEventData`).
///
/// ```
/// use s3_dispatch_core::EventName;
/// use s3_dispatch_testing::{RecordBuilder, ReplicationData};
///
/// let data = ReplicationData::new("rule", "arn:aws:s3:::copy").with_failure_reason("AssumeRoleNotPermitted");
/// let record =
///     RecordBuilder::new(EventName::REPLICATION_OPERATION_FAILED_REPLICATION).with_replication(data).build();
/// assert_eq!(record.replication.unwrap().failure_reason.unwrap(), "AssumeRoleNotPermitted");
/// ```
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplicationData {
    replication_rule_id: String,
    destination_bucket: String,
    s3_operation: String,
    request_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replication_time: Option<String>,
}

impl ReplicationData {
    /// The replication of a Put, by this rule to the bucket of this ARN.
    #[must_use]
    pub fn new(rule_id: impl Into<String>, destination_bucket: impl Into<String>) -> Self {
        Self {
            replication_rule_id: rule_id.into(),
            destination_bucket: destination_bucket.into(),
            s3_operation: String::from("OBJECT_PUT"),
            request_time: String::from(crate::record::defaults::TIME),
            failure_reason: None,
            threshold: None,
            replication_time: None,
        }
    }

    /// Of another operation (`s3Operation`).
    #[must_use]
    pub fn with_operation(mut self, operation: impl Into<String>) -> Self {
        self.s3_operation = operation.into();
        self
    }

    /// Asked for at this time (`requestTime`).
    #[must_use]
    pub fn with_request_time(mut self, time: impl Into<String>) -> Self {
        self.request_time = time.into();
        self
    }

    /// Failed for this reason (`failureReason`).
    #[must_use]
    pub fn with_failure_reason(mut self, reason: impl Into<String>) -> Self {
        self.failure_reason = Some(reason.into());
        self
    }

    /// With this threshold of Replication Time Control, in minutes (`threshold`).
    #[must_use]
    pub fn with_threshold(mut self, minutes: u32) -> Self {
        self.threshold = Some(minutes.to_string());
        self
    }

    /// Having taken this long, in minutes (`replicationTime`).
    #[must_use]
    pub fn with_replication_time(mut self, minutes: u32) -> Self {
        self.replication_time = Some(minutes.to_string());
        self
    }
}

#[derive(Debug, Clone)]
pub(crate) struct RestoreData {
    pub(crate) expiry_time: String,
    pub(crate) storage_class: String,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct AnnotationData {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) size: Option<u64>,
    #[serde(rename = "eTag", skip_serializing_if = "Option::is_none")]
    pub(crate) e_tag: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct RetentionData {
    pub(crate) mode: String,
    pub(crate) retain_until: String,
    pub(crate) event_hold: Option<String>,
    pub(crate) event_hold_days: Option<u64>,
}

/// All of them; a record has the one of its event.
#[derive(Debug, Clone, Default)]
pub(crate) struct EventData {
    pub(crate) restore: Option<RestoreData>,
    pub(crate) replication: Option<ReplicationData>,
    pub(crate) tiering: Option<String>,
    pub(crate) transition: Option<String>,
    pub(crate) annotations: Vec<AnnotationData>,
    pub(crate) retention: Option<RetentionData>,
}

impl EventData {
    /// What S3 always sends with this event.
    pub(crate) fn of(event: &EventName) -> Self {
        let none = Self::default();
        let later = || String::from("1970-02-01T00:00:00.000Z");

        if *event == EventName::OBJECT_RESTORE_COMPLETED {
            let restore = RestoreData {
                expiry_time: later(),
                storage_class: String::from("GLACIER"),
            };
            Self {
                restore: Some(restore),
                ..none
            }
        } else if event.is_replication() {
            let destination = "arn:aws:s3:::amzn-s3-demo-destination-bucket";
            Self {
                replication: Some(ReplicationData::new("replicate-everything", destination)),
                ..none
            }
        } else if event.is_intelligent_tiering() {
            Self {
                tiering: Some(String::from("ARCHIVE_ACCESS")),
                ..none
            }
        } else if event.is_lifecycle_transition() {
            Self {
                transition: Some(String::from("GLACIER")),
                ..none
            }
        } else if event.is_object_annotation() {
            let is_put = *event == EventName::OBJECT_ANNOTATION_PUT;
            let e_tag = is_put.then(|| String::from("05df351ea190dffc26f55c74425b9d7a"));

            let annotation = AnnotationData {
                name: String::from("my-annotation"),
                size: is_put.then_some(24),
                e_tag,
            };

            Self {
                annotations: vec![annotation],
                ..none
            }
        } else if event.is_object_retention() {
            let mode = String::from("GOVERNANCE");
            let retention = RetentionData {
                mode,
                retain_until: later(),
                event_hold: None,
                event_hold_days: None,
            };

            Self {
                retention: Some(retention),
                ..none
            }
        } else {
            none
        }
    }
}
