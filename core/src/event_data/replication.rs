//! The data of replications.

use super::timestamp::Timestamp;
use crate::record::BucketArn;
use crate::text::text_newtypes;

/// The state of a replication (`replicationEventData`).
///
/// ```json
/// {"replicationRuleId": "rule", "destinationBucket": "arn:aws:s3:::amzn-s3-demo-copy",
///  "s3Operation": "OBJECT_PUT", "requestTime": "2026-05-07T00:00:00.000Z",
///  "failureReason": "AssumeRoleNotPermitted", "threshold": "15", "replicationTime": "17"}
/// ```
///
/// `Replication:*` events carry it. Which of the fields S3 sends depends on the event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Replication {
    /// The replication rule (`replicationRuleId`).
    pub rule_id: Option<ReplicationRuleId>,
    /// The bucket that the object is replicated to (`destinationBucket`).
    pub destination_bucket: Option<BucketArn>,
    /// What is replicated (`s3Operation`): `OBJECT_PUT`.
    pub operation: Option<S3Operation>,
    /// When the replicated change was requested, in UTC (`requestTime`).
    pub request_time: Option<Timestamp>,
    /// Why the replication failed (`failureReason`): `AssumeRoleNotPermitted`.
    ///
    /// `None` for events that are not failures.
    pub failure_reason: Option<FailureReason>,
    /// The threshold of Replication Time Control, in minutes (`threshold`): `15`.
    pub threshold: Option<ReplicationMinutes>,
    /// How long the replication took, in minutes (`replicationTime`): `17`.
    pub time: Option<ReplicationMinutes>,
}

text_newtypes! {
    /// The id of a replication rule.
    ReplicationRuleId;
    /// What is replicated: `OBJECT_PUT`, `OBJECT_METADATA`.
    S3Operation;
    /// Why a replication failed: `AssumeRoleNotPermitted`, `DstBucketNotFound`.
    FailureReason;
    /// A number of minutes, as it was sent: `15`.
    ///
    /// A JSON number is kept as its digits.
    ReplicationMinutes;
}
