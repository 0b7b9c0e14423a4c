//! The builder of one SNS message.

use serde::Serialize;

use crate::record::defaults;
use crate::write::json::{self, EmptyObject};

const SIGNATURE: &str = concat!(
    "EXAMPLEpH+DcEwjAPg8O9mY8dReBSwksfg2S7WKQcikcNKWLQjwu6A4VbeS0QHVCkhRS7fUQvi2egU3N858fiT",
    "DN6bkkOxYDVrY0Ad8L10Hs3zH81mtnPk5uvvolIC1CXGu43obcgFxeL3khZl8IKvO61GWB6jI9b5+gLPoBc1Q=",
    "EXAMPLEpH+DcEwjAPg8O9mY8dReBSwksfg2S7WKQcikcNKWLQjwu6A4VbeS0QHVCkhRS7fUQvi2egU3N858fiT",
    "DN6bkkOxYDVrY0Ad8L10Hs3zH81mtnPk5uvvolIC1CXGu43obcgFxeL3khZl8IKvO61GWB6jI==",
);
const MESSAGE_ID: &str = "95df01b4-ee98-5cb9-9903-4c221d41eb5e";
const TOPIC_ARN: &str = "arn:aws:sns:us-east-1:123456789012:object-events";
const CERTIFICATE_URL: &str = concat!(
    "https://sns.us-east-1.amazonaws.com/",
    "SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem",
);
const UNSUBSCRIBE_URL: &str = concat!(
    "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=",
    "arn:aws:sns:us-east-1:123456789012:object-events:c7fe3a54-ab0e-4ec2-88e0-db410a0f2bee",
);
pub(crate) const SUBSCRIPTION_ARN: &str =
    "arn:aws:sns:us-east-1:123456789012:object-events:c7fe3a54-ab0e-4ec2-88e0-db410a0f2bee";

/// A message as SNS sends it without raw delivery: an envelope around any text.
///
/// ```json
/// {"Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:us-east-1:123456789012:t",
///  "Subject": "Amazon S3 Notification", "Message": "{}", "Timestamp": "1970-01-01T00:00:00.000Z"}
/// ```
///
/// The signature is not valid.
///
/// # Examples
///
/// ```
/// use s3_dispatch_core::Notification;
/// use s3_dispatch_testing::{NotificationBuilder, SnsMessageBuilder};
///
/// let test = NotificationBuilder::test_event("holiday");
/// let envelope = SnsMessageBuilder::new(test.to_json()).with_message_id("1").to_json();
///
/// assert!(matches!(Notification::parse(envelope)?, Notification::Test(_)));
/// # Ok::<_, s3_dispatch_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SnsMessageBuilder {
    message_id: String,
    topic_arn: String,
    timestamp: String,
    message: String,
}

/// The JSON of a message. For queues, two fields end in `URL`; for functions, in `Url`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SnsMessageJson<'b> {
    #[serde(rename = "Type")]
    kind: &'static str,
    message_id: &'b str,
    topic_arn: &'b str,
    subject: &'static str,
    message: &'b str,
    timestamp: &'b str,
    signature_version: &'static str,
    signature: &'static str,
    #[serde(rename = "SigningCertURL", skip_serializing_if = "Option::is_none")]
    signing_certificate_url_to_queue: Option<&'static str>,
    #[serde(rename = "UnsubscribeURL", skip_serializing_if = "Option::is_none")]
    unsubscribe_url_to_queue: Option<&'static str>,
    #[serde(rename = "SigningCertUrl", skip_serializing_if = "Option::is_none")]
    signing_certificate_url: Option<&'static str>,
    #[serde(rename = "UnsubscribeUrl", skip_serializing_if = "Option::is_none")]
    unsubscribe_url: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_attributes: Option<EmptyObject>,
}

impl SnsMessageBuilder {
    /// An envelope around this text.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message_id: String::from(MESSAGE_ID),
            topic_arn: String::from(TOPIC_ARN),
            timestamp: String::from(defaults::TIME),
            message: message.into(),
        }
    }

    /// Sets the message id, `MessageId`. The default is a fixed UUID.
    #[must_use]
    pub fn with_message_id(mut self, id: impl Into<String>) -> Self {
        self.message_id = id.into();
        self
    }

    /// Sets the topic, `TopicArn`. The default is
    /// `arn:aws:sns:us-east-1:123456789012:object-events`.
    #[must_use]
    pub fn with_topic_arn(mut self, arn: impl Into<String>) -> Self {
        self.topic_arn = arn.into();
        self
    }

    /// Sets the time of publication in UTC, `Timestamp`, such as `2026-04-07T14:30:00.123Z`. The
    /// default is `1970-01-01T00:00:00.000Z`.
    #[must_use]
    pub fn with_timestamp(mut self, timestamp: impl Into<String>) -> Self {
        self.timestamp = timestamp.into();
        self
    }

    /// The envelope as SNS sends it to a queue: the body of an SQS message.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::spaced(&SnsMessageJson {
            signing_certificate_url_to_queue: Some(CERTIFICATE_URL),
            unsubscribe_url_to_queue: Some(UNSUBSCRIBE_URL),
            signing_certificate_url: None,
            unsubscribe_url: None,
            message_attributes: None,
            ..self.to_function()
        })
    }

    /// The message as SNS sends it to a function.
    pub(crate) fn to_function(&self) -> SnsMessageJson<'_> {
        SnsMessageJson {
            kind: "Notification",
            message_id: &self.message_id,
            topic_arn: &self.topic_arn,
            subject: "Amazon S3 Notification",
            message: &self.message,
            timestamp: &self.timestamp,
            signature_version: "1",
            signature: SIGNATURE,
            signing_certificate_url_to_queue: None,
            unsubscribe_url_to_queue: None,
            signing_certificate_url: Some(CERTIFICATE_URL),
            unsubscribe_url: Some(UNSUBSCRIBE_URL),
            message_attributes: Some(EmptyObject {}),
        }
    }
}
