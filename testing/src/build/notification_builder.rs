//! The builder of one notification.

use serde::Serialize;

use crate::record::defaults;
use crate::write::json;
use crate::write::record_json::RecordJson;
use crate::{RecordBuilder, SnsMessageBuilder};

/// What S3 publishes as one message: records, or a test notification.
///
/// ```
/// use s3_dispatch_core::{EventName, Notification};
/// use s3_dispatch_testing::{NotificationBuilder, RecordBuilder};
///
/// let json = NotificationBuilder::new().with_record(RecordBuilder::new(EventName::OBJECT_CREATED_PUT)).to_json();
/// assert!(matches!(Notification::parse(json)?, Notification::Records(records) if records.len() == 1));
///
/// let json = NotificationBuilder::test_event("holiday").to_json();
/// assert!(matches!(Notification::parse(json)?, Notification::Test(_)));
/// # Ok::<_, s3_dispatch_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct NotificationBuilder(Content);

#[derive(Debug, Clone)]
enum Content {
    Records(Vec<RecordBuilder>),
    Test {
        bucket: String,
        time: String,
        request_id: String,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RecordsJson<'b> {
    records: Vec<RecordJson<'b>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TestEventJson<'b> {
    service: &'static str,
    event: &'static str,
    time: &'b str,
    bucket: &'b str,
    request_id: &'b str,
    host_id: &'static str,
}

impl NotificationBuilder {
    /// A notification without records yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Content::Records(Vec::new()))
    }

    /// The test notification that S3 sends when the notifications of this bucket are configured.
    #[must_use]
    pub fn test_event(bucket: impl Into<String>) -> Self {
        let (time, request_id) = (
            String::from(defaults::TIME),
            String::from(defaults::REQUEST_ID),
        );
        Self(Content::Test {
            bucket: bucket.into(),
            time,
            request_id,
        })
    }

    /// With one more record; S3 itself sends one per notification. Makes a test notification an
    /// ordinary one.
    #[must_use]
    pub fn with_record(self, record: RecordBuilder) -> Self {
        let mut records = match self.0 {
            Content::Records(records) => records,
            Content::Test { .. } => Vec::new(),
        };
        records.push(record);

        Self(Content::Records(records))
    }

    /// Sent at this time, such as `2026-04-07T14:30:00.123Z`, in answer to the request of this id,
    /// if it is a test notification: otherwise records say that, each for itself.
    #[must_use]
    pub fn with_test_request(mut self, at: impl Into<String>, id: impl Into<String>) -> Self {
        if let Content::Test {
            time, request_id, ..
        } = &mut self.0
        {
            (*time, *request_id) = (at.into(), id.into());
        }

        self
    }

    /// The notification as S3 sends it: the body of a message with raw delivery.
    #[must_use]
    pub fn to_json(&self) -> String {
        match &self.0 {
            Content::Records(records) => json::compact(&RecordsJson {
                records: records.iter().map(RecordJson::of).collect(),
            }),
            Content::Test {
                bucket,
                time,
                request_id,
            } => json::compact(&TestEventJson {
                service: "Amazon S3",
                event: "s3:TestEvent",
                time,
                bucket,
                request_id,
                host_id: defaults::HOST_ID,
            }),
        }
    }

    /// The notification in the envelope of SNS: the body of a message without raw delivery.
    #[must_use]
    pub fn to_sns_json(&self) -> String {
        SnsMessageBuilder::new(self.to_json()).to_json()
    }
}

impl Default for NotificationBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl From<RecordBuilder> for NotificationBuilder {
    fn from(record: RecordBuilder) -> Self {
        Self::new().with_record(record)
    }
}
