//! An event that was not sent, in the form in which S3 would have sent it.

use std::borrow::Cow;

use serde::Serialize;

use crate::record::key::form_encode;
use crate::record::{ConfigurationId, EventSource};
use crate::{EventName, Notification, S3EventRecord, Sequencer};

/// An event of an object that S3 did not announce, or not to this program, written as the
/// notification that it would have sent.
///
/// `backfill` makes one of each object of a listing. Tools of your own do the same with this type:
/// its JSON is the body of a message, and everything that reads notifications of S3 reads it.
///
/// The record has what is known of the object, and nothing is invented: it has no sequencer,
/// because only S3 gives those, and no request. Its mark is the configuration id
/// [`ConfigurationId::BACKFILL`], by which [`S3EventRecord::is_backfilled`] knows it.
///
/// ```json
/// {"Records":[{"eventVersion":"2.6","eventSource":"aws:s3","awsRegion":"eu-central-1",
///   "eventTime":"2026-04-07T14:30:00.000Z","eventName":"ObjectCreated:Put",
///   "s3":{"s3SchemaVersion":"1.0","configurationId":"s3-dispatch-backfill",
///     "bucket":{"name":"holiday","arn":"arn:aws:s3:::holiday"},
///     "object":{"key":"my+photo.jpg","size":1024,"eTag":"0f3ca2b1"}}}]}
/// ```
///
/// # Examples
///
/// ```
/// use s3_dispatch_core::EventName;
/// use s3_dispatch_core::delivery::BackfilledEvent;
///
/// let event = BackfilledEvent::new(&EventName::OBJECT_CREATED_PUT, "holiday", "my photo.jpg")
///     .with_size(1024)
///     .with_e_tag("\"0f3ca2b1\"");
///
/// let record = event.to_record();
/// assert!(record.is_backfilled());
/// assert_eq!(record.object.key, "my photo.jpg");
/// assert_eq!(record.object.key.as_sent(), "my+photo.jpg");
/// assert_eq!(record.object.e_tag.unwrap(), "0f3ca2b1");
/// assert_eq!(record.object.sequencer, None);
/// ```
#[derive(Debug, Clone)]
pub struct BackfilledEvent<'e> {
    version: Option<&'static str>,
    source: &'static str,
    event: &'e str,
    region: Option<&'e str>,
    time: Option<&'e str>,
    bucket: &'e str,
    arn: Option<Cow<'e, str>>,
    /// Encoded.
    key: Cow<'e, str>,
    size: Option<u64>,
    e_tag: Option<&'e str>,
    version_id: Option<&'e str>,
    position: Option<&'e str>,
}

impl<'e> BackfilledEvent<'e> {
    /// The version of the format in which S3 writes notifications: with retention, which is the
    /// newest part ("Event message structure", Amazon S3 User Guide, 2026).
    const EVENT_VERSION: &'static str = "2.6";

    /// An event of this object. The key is that of the object, and not encoded.
    ///
    /// The event and the key must not be empty, and neither must the bucket: no notification lacks
    /// one of them.
    #[must_use]
    pub fn new(event: &'e EventName, bucket: &'e str, key: &'e str) -> Self {
        Self {
            version: Some(Self::EVENT_VERSION),
            source: "aws:s3",
            event: event.as_str(),
            region: None,
            time: None,
            bucket,
            arn: None,
            key: form_encode(key),
            size: None,
            e_tag: None,
            version_id: None,
            position: None,
        }
    }

    /// The event of a task of S3 Batch Operations, with a key that is encoded.
    pub(crate) fn of_task(
        event: &'e str,
        (bucket, arn): (&'e str, Option<&'e str>),
        key_as_sent: &'e str,
        version_id: Option<&'e str>,
    ) -> Self {
        Self {
            version: None,
            source: EventSource::BATCH_OPERATIONS,
            event,
            region: None,
            time: None,
            bucket,
            arn: arn.map(Cow::Borrowed),
            key: Cow::Borrowed(key_as_sent),
            size: None,
            e_tag: None,
            version_id,
            position: None,
        }
    }

    /// Sets the size of the object in bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::EventName;
    /// use s3_dispatch_core::delivery::BackfilledEvent;
    ///
    /// let event = BackfilledEvent::new(&EventName::OBJECT_CREATED_PUT, "b", "k").with_size(7);
    /// assert_eq!(event.to_record().object.size, Some(7));
    /// ```
    #[must_use]
    pub fn with_size(self, bytes: u64) -> Self {
        Self {
            size: Some(bytes),
            ..self
        }
    }

    /// Sets the ETag of the object. Quotes around it, as listings have them, are left out.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::EventName;
    /// use s3_dispatch_core::delivery::BackfilledEvent;
    ///
    /// let event = BackfilledEvent::new(&EventName::OBJECT_CREATED_PUT, "b", "k");
    /// let record = event.with_e_tag("\"0f3ca2b1-2\"").to_record();
    /// assert_eq!(record.object.e_tag.unwrap(), "0f3ca2b1-2");
    /// ```
    #[must_use]
    pub fn with_e_tag(self, e_tag: &'e str) -> Self {
        Self {
            e_tag: Some(e_tag.trim_matches('"')),
            ..self
        }
    }

    /// Sets the version of the object.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::EventName;
    /// use s3_dispatch_core::delivery::BackfilledEvent;
    ///
    /// let event = BackfilledEvent::new(&EventName::OBJECT_CREATED_PUT, "b", "k");
    /// let record = event.with_version_id("3HL4kqtJ").to_record();
    /// assert_eq!(record.object.version_id.unwrap(), "3HL4kqtJ");
    /// ```
    #[must_use]
    pub fn with_version_id(self, version_id: &'e str) -> Self {
        Self {
            version_id: Some(version_id),
            ..self
        }
    }

    /// Sets the position of the newest event of the key that had been handled when the object was
    /// seen, as [`History::newest_position`](crate::History::newest_position) gives it.
    ///
    /// What was handled by then was not newer than the object. So `LatestOnly` lets the record win
    /// over those events, and lose only to one that was handled since. First ask for the position,
    /// and then make sure that the object is still the current one: not the other way round.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::delivery::BackfilledEvent;
    /// use s3_dispatch_core::{EventName, Sequencer};
    ///
    /// let position = Sequencer::from("0055AED6DCD90281E50");
    /// let event = BackfilledEvent::new(&EventName::OBJECT_CREATED_PUT, "b", "k");
    /// let record = event.with_position(&position).to_record();
    /// assert!(record.is_backfilled());
    /// assert_eq!(record.backfill_position(), Some("0055AED6DCD90281E50"));
    /// ```
    #[must_use]
    pub fn with_position(self, position: &'e Sequencer) -> Self {
        Self {
            position: Some(position.as_str()),
            ..self
        }
    }

    /// Sets when the event happened, in UTC and S3's form: `2026-04-07T14:30:00.123Z`.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::EventName;
    /// use s3_dispatch_core::delivery::BackfilledEvent;
    ///
    /// let event = BackfilledEvent::new(&EventName::OBJECT_CREATED_PUT, "b", "k");
    /// let record = event.with_time("2026-04-07T14:30:00.000Z").to_record();
    /// assert_eq!(record.event_time.unwrap(), "2026-04-07T14:30:00.000Z");
    /// ```
    #[must_use]
    pub fn with_time(self, time: &'e str) -> Self {
        Self {
            time: Some(time),
            ..self
        }
    }

    /// Sets the region of the bucket, and with it the bucket's ARN.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::EventName;
    /// use s3_dispatch_core::delivery::BackfilledEvent;
    ///
    /// let event = BackfilledEvent::new(&EventName::OBJECT_CREATED_PUT, "holiday", "k");
    /// let record = event.with_region("cn-north-1").to_record();
    /// assert_eq!(record.bucket.arn.unwrap(), "arn:aws-cn:s3:::holiday");
    /// ```
    #[must_use]
    pub fn with_region(self, region: &'e str) -> Self {
        Self {
            region: Some(region),
            arn: partition(region)
                .map(|partition| format!("arn:{partition}:s3:::{}", self.bucket).into()),
            ..self
        }
    }

    /// The notification: one JSON object on one line, which is the body of a message.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::delivery::BackfilledEvent;
    /// use s3_dispatch_core::{EventName, Notification};
    ///
    /// let json = BackfilledEvent::new(&EventName::OBJECT_CREATED_PUT, "b", "k").to_json();
    /// assert!(json.starts_with(r#"{"Records":[{"eventVersion":"2."#));
    /// assert!(matches!(Notification::parse(json), Ok(Notification::Records(_))));
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        let record = RecordJson {
            event_version: self.version,
            event_source: self.source,
            aws_region: self.region,
            event_time: self.time,
            event_name: self.event,
            s3: S3Json {
                schema_version: self.version.map(|_| "1.0"),
                configuration_id: &self.mark(),
                bucket: BucketJson {
                    name: self.bucket,
                    arn: self.arn.as_deref(),
                },
                object: ObjectJson {
                    key: &self.key,
                    size: self.size,
                    e_tag: self.e_tag,
                    version_id: self.version_id,
                },
            },
        };

        let notification = NotificationJson { records: [record] };
        serde_json::to_string(&notification).expect("texts and numbers can be written")
    }

    fn mark(&self) -> Cow<'static, str> {
        let mark = ConfigurationId::BACKFILL;
        let before = ConfigurationId::BEFORE_POSITION;

        match self.position {
            Some(position) => format!("{mark}{before}{position}").into(),
            None => mark.into(),
        }
    }

    /// The record of the notification, as it is when it is read.
    ///
    /// # Panics
    ///
    /// If the event, the bucket or the key is empty.
    #[must_use]
    pub fn to_record(&self) -> S3EventRecord {
        read(self.to_json())
    }
}

/// Reads the record of a notification that was written here.
pub(crate) fn read(notification: String) -> S3EventRecord {
    match Notification::parse(notification) {
        Ok(Notification::Records(mut records)) if records.len() == 1 => records.remove(0),
        other => panic!("an event needs a name, a bucket and a key: {other:?}"),
    }
}

/// The partition of a region of AWS ("AWS Regions", AWS General Reference, 2026). `None` for a text
/// that is no region of AWS, as S3-compatible stores have.
fn partition(region: &str) -> Option<&'static str> {
    const OTHERS: [(&str, &str); 6] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("eu-isoe-", "aws-iso-e"),
        ("eusc-", "aws-eusc"),
    ];

    let other = OTHERS.iter().find(|(start, _)| region.starts_with(start));
    let is_region =
        region.matches('-').count() >= 2 && region.ends_with(|last: char| last.is_ascii_digit());

    is_region.then(|| other.map_or("aws", |(_, partition)| partition))
}

/// Its fields stand in S3's order, which is read fastest.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NotificationJson<'r> {
    records: [RecordJson<'r>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RecordJson<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    event_version: Option<&'r str>,
    event_source: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    aws_region: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_time: Option<&'r str>,
    event_name: &'r str,
    s3: S3Json<'r>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct S3Json<'r> {
    #[serde(rename = "s3SchemaVersion", skip_serializing_if = "Option::is_none")]
    schema_version: Option<&'r str>,
    configuration_id: &'r str,
    bucket: BucketJson<'r>,
    object: ObjectJson<'r>,
}

#[derive(Serialize)]
struct BucketJson<'r> {
    name: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    arn: Option<&'r str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ObjectJson<'r> {
    key: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e_tag: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<&'r str>,
}
