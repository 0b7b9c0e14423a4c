//! The JSON document that S3 publishes.

use std::fmt;

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
    /// A message that arrives beside notifications and holds no S3 event.
    Other(OtherMessage),
}

/// A message that arrives beside notifications and holds no S3 event.
///
/// None of them fails: they would come again and again. A dispatcher logs a warning that displays
/// them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OtherMessage {
    /// An SNS topic waits for the subscription's confirmation, and sends no events until then.
    ///
    /// ```json
    /// {"Type": "SubscriptionConfirmation", "Token": "2336412f37",
    ///  "TopicArn": "arn:aws:sns:eu-central-1:123456789012:uploads",
    ///  "SubscribeURL": "https://sns.eu-central-1.amazonaws.com/"}
    /// ```
    SubscriptionConfirmation(TopicArn),
    /// An SNS topic confirms that the subscription was deleted, and sends no more events.
    UnsubscribeConfirmation(TopicArn),
    /// An event that CloudTrail puts on EventBridge with S3's source, such as
    /// `AWS API Call via CloudTrail`. It records a call and is not an S3 event.
    CloudTrail(DetailType),
}

impl fmt::Display for OtherMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SubscriptionConfirmation(topic) => write!(
                f,
                "the subscription to the topic {topic:?} is not confirmed: no events come until \
                 it is"
            ),
            Self::UnsubscribeConfirmation(topic) => write!(
                f,
                "the subscription to the topic {topic:?} was deleted: no more events come"
            ),
            Self::CloudTrail(detail_type) => {
                write!(
                    f,
                    "{detail_type:?} is not an S3 event, and no route matches it"
                )
            }
        }
    }
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
    /// The ARN of an SNS topic: `arn:aws:sns:eu-central-1:123456789012:uploads`.
    TopicArn;
    /// The detail type of an EventBridge event: `Object Created`.
    DetailType;
}
