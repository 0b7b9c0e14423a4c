//! The JSON document that S3 publishes.

use bytes::Bytes;

use super::envelope::Envelopes;
use super::messages::utf8;
use crate::reading::body::{Body, BodyReader};
use crate::reading::json::{Node, Path};
use crate::record::{EventTime, HostId, RequestId};
use crate::text::text_newtypes;
use crate::{BucketName, Error, S3EventRecord};

/// What one message says: some records, or that notifications were switched on.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Notification {
    /// The records of an event notification. S3 sends one per message; the format allows any
    /// number.
    Records(Vec<S3EventRecord>),
    /// The test notification that S3 sends when a bucket's notifications are configured.
    Test(TestEvent),
}

impl Notification {
    /// Reads the body of one message: S3's own JSON, or the same inside SNS messages, or as
    /// EventBridge sends it.
    ///
    /// Unknown fields and event names are accepted; of duplicate JSON keys the last wins.
    ///
    /// # Errors
    ///
    /// When the bytes are not UTF-8 or not JSON, hold no S3 event, or lack a bucket, a key or an
    /// event name; the error has a path. Trying again does not help.
    ///
    /// ```
    /// use s3_dispatch_core::Notification;
    ///
    /// let json = r#"{"Records": [{"eventName": "ObjectCreated:Put", "eventSource": "aws:s3",
    ///     "s3": {"bucket": {"name": "holiday"}, "object": {"key": "my+photo.jpg", "size": 1024}}}]}"#;
    /// let Notification::Records(records) = Notification::parse(json)? else { panic!("a test notification") };
    /// assert_eq!(records[0].object.key, "my photo.jpg");
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    pub fn parse(body: impl Into<Bytes>) -> Result<Self, Error> {
        let mut records = Vec::new();
        let mut reader = BodyReader::new(&mut records, Envelopes::default());

        match reader.read_document(utf8(body.into())?, &Path::Root, 0)? {
            Body::Records => Ok(Self::Records(records)),
            Body::Test(test) => Ok(Self::Test(test)),
        }
    }
}

/// The notification that S3 sends when a bucket's notifications are configured: `{"Event":
/// "s3:TestEvent", ...}`.
///
/// It has no records and is a success, never a failure: else it would go round its queue until it
/// is given up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestEvent {
    /// The sender (`Service`): `Amazon S3`.
    pub service: Option<ServiceName>,
    /// The bucket whose notifications were configured (`Bucket`).
    pub bucket: Option<BucketName>,
    /// When (`Time`), UTC.
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

impl TestEvent {
    pub(crate) fn read(node: Node<'_, '_>) -> Result<Self, Error> {
        let members = node.members(["Service", "Bucket", "Time", "RequestId", "HostId"])?;
        Ok(Self {
            service: members.text("Service", ServiceName::from_text)?,
            bucket: members.text("Bucket", BucketName::from_text)?,
            time: members.text("Time", EventTime::from_text)?,
            request_id: members.text("RequestId", RequestId::from_text)?,
            host_id: members.text("HostId", HostId::from_text)?,
        })
    }
}
