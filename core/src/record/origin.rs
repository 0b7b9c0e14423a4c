//! Who and what caused an event, and where.

use crate::text::text_newtypes;

text_newtypes! {
    /// The sender of a record: `aws:s3`, or `aws.s3` in EventBridge.
    ///
    /// S3-compatible stores send other texts, such as `minio:s3`, `ceph:s3` or `storj:s3`. The
    /// sender decides how the key is decoded: see [`ObjectKey`](crate::ObjectKey). The record of a
    /// task of S3 Batch Operations, whose sender AWS does not write, has
    /// [`BATCH_OPERATIONS`](Self::BATCH_OPERATIONS).
    EventSource;
    /// A region of AWS: `eu-central-1`.
    Region;
    /// The id of a principal, in any of the forms that S3 writes.
    ///
    /// A role's session is `AWS:AROAEXAMPLE:session`; a bucket's owner is a bare id such as
    /// `A3NL1KOZZKExample`. Events that S3 causes by itself have the principal `s3.amazonaws.com`.
    PrincipalId;
    /// The address that a request came from: `198.51.100.7`, `2001:db8::7`.
    ///
    /// If a service made the request, it is the name of the service: `s3.amazonaws.com`.
    SourceIp;
    /// S3's id of a request: `C3D13FE58DE4C810`.
    ///
    /// Duplicates of a record carry the same id.
    RequestId;
    /// S3's second id of a request, which AWS's support asks for.
    HostId;
    /// The id of a bucket's notification configuration, as it was chosen by the owner of the
    /// bucket. A record that S3 did not send has [`BACKFILL`](Self::BACKFILL).
    ConfigurationId;
}

impl EventSource {
    /// The text that marks a record which was made of a task of S3 Batch Operations. AWS sends
    /// tasks without a source.
    pub const BATCH_OPERATIONS: &'static str = "aws:s3:batch-operations";
}

impl ConfigurationId {
    /// The text that marks the record of an event that S3 did not send: of an object in a listing
    /// that `backfill` read, or of a task of S3 Batch Operations.
    pub const BACKFILL: &'static str = "s3-dispatch-backfill";

    /// Stands between that mark and a position.
    pub(crate) const BEFORE_POSITION: &'static str = ";after=";
}
