//! The extra data that only some kinds of events have.

use s3_dispatch_core::EventName;
use serde::Serialize;

use super::defaults;

/// The data of a `Replication:*` event, `replicationEventData`.
///
/// ```json
/// {"replicationRuleId": "rule", "destinationBucket": "arn:aws:s3:::copy",
///  "s3Operation": "OBJECT_PUT", "requestTime": "1970-01-01T00:00:00.000Z"}
/// ```
///
/// # Examples
///
/// ```
/// use s3_dispatch_core::EventName;
/// use s3_dispatch_testing::{RecordBuilder, ReplicationData};
///
/// let data = ReplicationData::new("rule", "arn:aws:s3:::copy")
///     .with_failure_reason("AssumeRoleNotPermitted");
/// let record = RecordBuilder::new(EventName::REPLICATION_OPERATION_FAILED_REPLICATION)
///     .with_replication(data)
///     .build();
///
/// let reason = record.replication.and_then(|replication| replication.failure_reason);
/// assert_eq!(reason.unwrap(), "AssumeRoleNotPermitted");
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
    /// The replication of a put by this rule, to the bucket with this ARN.
    ///
    /// The operation is `OBJECT_PUT` and the request time `1970-01-01T00:00:00.000Z`. The fields
    /// that S3 sends only for some events are left out.
    #[must_use]
    pub fn new(rule_id: impl Into<String>, destination_bucket: impl Into<String>) -> Self {
        Self {
            replication_rule_id: rule_id.into(),
            destination_bucket: destination_bucket.into(),
            s3_operation: String::from("OBJECT_PUT"),
            request_time: String::from(defaults::TIME),
            failure_reason: None,
            threshold: None,
            replication_time: None,
        }
    }

    /// Sets the operation, `s3Operation`. The default is `OBJECT_PUT`.
    #[must_use]
    pub fn with_operation(mut self, operation: impl Into<String>) -> Self {
        self.s3_operation = operation.into();
        self
    }

    /// Sets when the replication was requested, `requestTime`, such as `2026-04-07T14:30:00.123Z`.
    #[must_use]
    pub fn with_request_time(mut self, time: impl Into<String>) -> Self {
        self.request_time = time.into();
        self
    }

    /// Sets why the replication failed, `failureReason`. Without it the field is left out.
    #[must_use]
    pub fn with_failure_reason(mut self, reason: impl Into<String>) -> Self {
        self.failure_reason = Some(reason.into());
        self
    }

    /// Sets the threshold of S3 Replication Time Control in minutes, `threshold`. Without it the
    /// field is left out.
    #[must_use]
    pub fn with_threshold(mut self, minutes: u32) -> Self {
        self.threshold = Some(minutes.to_string());
        self
    }

    /// Sets how many minutes the replication took, `replicationTime`. Without it the field is left
    /// out.
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

/// The extra data of a record: at most the kind that belongs to its event.
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
    /// The data that S3 always sends with this event.
    pub(crate) fn new(event: &EventName) -> Self {
        let mut data = Self::default();

        if *event == EventName::OBJECT_RESTORE_COMPLETED {
            data.restore = Some(RestoreData {
                expiry_time: String::from(LATER),
                storage_class: String::from("GLACIER"),
            });
        } else if event.is_replication() {
            let destination = "arn:aws:s3:::amzn-s3-demo-destination-bucket";
            data.replication = Some(ReplicationData::new("replicate-everything", destination));
        } else if event.is_intelligent_tiering() {
            data.tiering = Some(String::from("ARCHIVE_ACCESS"));
        } else if event.is_lifecycle_transition() {
            data.transition = Some(String::from("GLACIER"));
        } else if event.is_object_annotation() {
            let is_put = *event == EventName::OBJECT_ANNOTATION_PUT;
            data.annotations.push(AnnotationData {
                name: String::from("my-annotation"),
                size: is_put.then_some(24),
                e_tag: is_put.then(|| String::from("05df351ea190dffc26f55c74425b9d7a")),
            });
        } else if event.is_object_retention() {
            data.retention = Some(RetentionData {
                mode: String::from("GOVERNANCE"),
                retain_until: String::from(LATER),
                event_hold: None,
                event_hold_days: None,
            });
        }

        data
    }
}

/// A time after the default time of an event.
const LATER: &str = "1970-02-01T00:00:00.000Z";
