//! The builder of one notification.

use serde::Serialize;

use super::{RecordBuilder, SnsMessageBuilder};
use crate::record::defaults;
use crate::write::{json, record_json};

/// A notification as S3 publishes it: records, or a test notification.
///
/// ```json
/// {"Records": [{"eventName": "ObjectCreated:Put", "s3": {}}]}
/// {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "holiday"}
/// ```
///
/// # Examples
///
/// ```
/// use s3_dispatch_core::{EventName, Notification};
/// use s3_dispatch_testing::{NotificationBuilder, RecordBuilder};
///
/// let record = RecordBuilder::new(EventName::OBJECT_CREATED_PUT);
/// let json = NotificationBuilder::new().with_record(record).to_json();
/// let notification = Notification::parse(json)?;
/// assert!(matches!(notification, Notification::Records(records) if records.len() == 1));
///
/// let json = NotificationBuilder::test_event("holiday").to_json();
/// assert!(matches!(Notification::parse(json)?, Notification::Test(_)));
/// # Ok::<_, s3_dispatch_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct NotificationBuilder {
    kind: NotificationKind,
}

#[derive(Debug, Clone)]
enum NotificationKind {
    Records(Vec<RecordBuilder>),
    Test(TestEvent),
}

#[derive(Debug, Clone)]
struct TestEvent {
    bucket: String,
    time: String,
    request_id: String,
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
    /// A notification without records: `{"Records":[]}`.
    #[must_use]
    pub fn new() -> Self {
        Self {
            kind: NotificationKind::Records(Vec::new()),
        }
    }

    /// The test notification that S3 sends when the notifications of this bucket are configured.
    #[must_use]
    pub fn test_event(bucket: impl Into<String>) -> Self {
        Self {
            kind: NotificationKind::Test(TestEvent {
                bucket: bucket.into(),
                time: String::from(defaults::TIME),
                request_id: String::from(defaults::REQUEST_ID),
            }),
        }
    }

    /// Adds a record. S3 itself sends one record per notification.
    ///
    /// The default sequencers of the records increase in the order in which they are added.
    ///
    /// A test notification becomes a notification with this record.
    #[must_use]
    pub fn with_record(self, mut record: RecordBuilder) -> Self {
        let mut records = match self.kind {
            NotificationKind::Records(records) => records,
            NotificationKind::Test(_) => Vec::new(),
        };

        record.fields.number(records.len());
        records.push(record);

        Self {
            kind: NotificationKind::Records(records),
        }
    }

    /// Numbers the records from `first` on. Returns the notification and how many records it has.
    pub(super) fn numbered_from(mut self, first: usize) -> (Self, usize) {
        let NotificationKind::Records(records) = &mut self.kind else {
            return (self, 0);
        };

        for (number, record) in (first..).zip(records.iter_mut()) {
            record.fields.number(number);
        }

        let count = records.len();
        (self, count)
    }

    /// Sets the time and the request id of a test notification.
    ///
    /// The time is in UTC, such as `2026-04-07T14:30:00.123Z`. The defaults are
    /// `1970-01-01T00:00:00.000Z` and `C3D13FE58DE4C810`. Does nothing to a notification with
    /// records, because each record has a time and a request id itself.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_testing::NotificationBuilder;
    ///
    /// let json = NotificationBuilder::test_event("holiday")
    ///     .with_test_request("2026-04-07T14:30:00.123Z", "C3D13FE58DE4C811")
    ///     .to_json();
    /// assert!(json.contains(r#""Time":"2026-04-07T14:30:00.123Z""#));
    /// ```
    #[must_use]
    pub fn with_test_request(mut self, at: impl Into<String>, id: impl Into<String>) -> Self {
        if let NotificationKind::Test(event) = &mut self.kind {
            (event.time, event.request_id) = (at.into(), id.into());
        }

        self
    }

    /// The notification as S3 sends it: the body of a message with raw delivery.
    #[must_use]
    pub fn to_json(&self) -> String {
        match &self.kind {
            NotificationKind::Records(records) => {
                record_json::notification(records.iter().map(|record| &record.fields))
            }
            NotificationKind::Test(event) => json::compact(&TestEventJson {
                service: "Amazon S3",
                event: "s3:TestEvent",
                time: &event.time,
                bucket: &event.bucket,
                request_id: &event.request_id,
                host_id: defaults::HOST_ID,
            }),
        }
    }

    /// The notification in the envelope of SNS: the body of a message without raw delivery.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::Notification;
    /// use s3_dispatch_testing::{NotificationBuilder, RecordBuilder};
    ///
    /// let record = RecordBuilder::new("ObjectCreated:Put");
    /// let body = NotificationBuilder::from(record).to_sns_json();
    /// assert!(matches!(Notification::parse(body)?, Notification::Records(_)));
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
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
