//! The JSON document that S3 publishes.

use crate::record::{EventTime, HostId, RequestId};
use crate::text::text_newtypes;
use crate::{BucketName, S3EventRecord};

/// The content of one message: records, or the news that notifications were configured.
///
/// ```json
/// {"Records": [{"eventName": "ObjectCreated:Put", "s3": {}}]}
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Notification {
    /// The records of an event notification. S3 sends one per message, but the format is a list:
    /// expect any number, including none.
    Records(Vec<S3EventRecord>),
    /// The test notification that S3 sends when a bucket's notifications are configured.
    Test(TestEvent),
}

/// The notification that S3 sends when a bucket's notifications are configured.
///
/// ```json
/// {"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-04-07T14:30:00.000Z",
///  "Bucket": "amzn-s3-demo-bucket", "RequestId": "5582815E1AEA5ADF", "HostId": "8cLeGAmw098X5cv4"}
/// ```
///
/// It has no records and counts as a success. If it failed, it would return to its queue until the
/// queue gives it up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestEvent {
    /// The sender (`Service`): `Amazon S3`.
    pub service: Option<ServiceName>,
    /// The bucket whose notifications were configured (`Bucket`).
    pub bucket: Option<BucketName>,
    /// When it was sent (`Time`), in UTC.
    pub time: Option<EventTime>,
    /// S3's id of the request (`RequestId`).
    pub request_id: Option<RequestId>,
    /// The host that served the request (`HostId`).
    pub host_id: Option<HostId>,
}

text_newtypes! {
    /// The name of a service.
    ServiceName;
}
