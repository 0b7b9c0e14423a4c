//! The data of replications.

use super::timestamp::Timestamp;
use crate::record::BucketArn;
use crate::text::text_newtypes;

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

text_newtypes! {
    /// The id of a replication rule.
    ReplicationRuleId;
    /// What is replicated: `OBJECT_PUT`.
    S3Operation;
    /// Why a replication failed.
    FailureReason;
    /// A number of minutes, as sent.
    ReplicationMinutes;
}
