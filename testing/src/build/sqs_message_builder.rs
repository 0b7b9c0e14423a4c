//! The builder of one SQS message.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::{NotificationBuilder, RecordBuilder};
use crate::write::sqs_record::SqsRecord;

/// One message of an SQS batch, with every field that Lambda sends.
///
/// The receipt handle is as long as a real one. `md5OfBody` has 32 digits, but is not the digest of
/// the body.
///
/// # Examples
///
/// ```
/// use s3_dispatch_core::delivery::Delivery;
/// use s3_dispatch_core::EventName;
/// use s3_dispatch_testing::{RecordBuilder, SqsBatchBuilder, SqsMessageBuilder};
///
/// let message = SqsMessageBuilder::new("1")
///     .with_record(RecordBuilder::new(EventName::OBJECT_CREATED_PUT))
///     .with_receive_count(3)
///     .with_group_id("tenant-7");
///
/// let payload = SqsBatchBuilder::new().with_message(message).to_bytes();
/// let delivery = Delivery::parse(payload)?;
/// assert_eq!(delivery.messages()[0].context.receive_count(), Some(3));
/// # Ok::<_, s3_dispatch_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SqsMessageBuilder {
    id: Option<String>,
    body: String,
    /// What the body was written from, unless it is any text.
    notification: Option<NotificationBuilder>,
    receive_count: u32,
    group_id: Option<String>,
    trace_header: Option<String>,
    attributes: Option<Value>,
}

impl SqsMessageBuilder {
    /// A message with this id and an empty body, received for the first time.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: Some(id.into()),
            body: String::new(),
            notification: None,
            receive_count: 1,
            group_id: None,
            trace_header: None,
            attributes: None,
        }
    }

    /// A message without an id. SQS never sends one, and such a message fails the invocation.
    #[must_use]
    pub fn without_id() -> Self {
        Self {
            id: None,
            ..Self::new("")
        }
    }

    /// Sets the body to any text.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::delivery::Delivery;
    /// use s3_dispatch_testing::{SqsBatchBuilder, SqsMessageBuilder};
    ///
    /// let message = SqsMessageBuilder::new("1").with_body("not JSON");
    /// let delivery = Delivery::parse(SqsBatchBuilder::new().with_message(message).to_bytes())?;
    /// assert!(delivery.messages()[0].content.is_err());
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_body(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self.notification = None;
        self
    }

    /// Sets the body to a notification, as SNS sends it with raw delivery.
    #[must_use]
    pub fn with_notification(mut self, notification: NotificationBuilder) -> Self {
        self.body = notification.to_json();
        self.notification = Some(notification);
        self
    }

    /// Sets the body to a notification of one record.
    #[must_use]
    pub fn with_record(self, record: RecordBuilder) -> Self {
        self.with_notification(record.into())
    }

    /// Sets how often the message has been received, `ApproximateReceiveCount`, this time
    /// included. The default is 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_testing::{SqsBatchBuilder, SqsMessageBuilder};
    ///
    /// let message = SqsMessageBuilder::new("1").with_receive_count(3);
    /// let json = SqsBatchBuilder::new().with_message(message).to_json();
    /// assert!(json.contains(r#""ApproximateReceiveCount":"3""#));
    /// ```
    #[must_use]
    pub fn with_receive_count(mut self, count: u32) -> Self {
        self.receive_count = count;
        self
    }

    /// Sets the message group, `MessageGroupId`. Without it, a message of a FIFO queue is in the
    /// group `default`, and a message of a standard queue in none.
    #[must_use]
    pub fn with_group_id(mut self, id: impl Into<String>) -> Self {
        self.group_id = Some(id.into());
        self
    }

    /// Sets the X-Ray trace header, `AWSTraceHeader`. By default it is left out.
    #[must_use]
    pub fn with_trace_header(mut self, header: impl Into<String>) -> Self {
        self.trace_header = Some(header.into());
        self
    }

    /// Adds a message attribute whose value is a text, as producers set them. By default there are
    /// none.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_testing::{SqsBatchBuilder, SqsMessageBuilder};
    ///
    /// let message = SqsMessageBuilder::new("1").with_attribute("colour", "red");
    /// let json = SqsBatchBuilder::new().with_message(message).to_json();
    /// assert!(json.contains(r#""stringValue":"red""#));
    /// ```
    #[must_use]
    pub fn with_attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let value = json!({
            "stringValue": value.into(),
            "stringListValues": [],
            "binaryListValues": [],
            "dataType": "String",
        });
        let attributes = self.attributes.get_or_insert_with(|| json!({}));
        attributes[name.into()] = value;

        self
    }

    /// Numbers the records from `first` on. Returns the message and how many records it has.
    pub(super) fn numbered_from(mut self, first: usize) -> (Self, usize) {
        let Some(notification) = self.notification.take() else {
            return (self, 0);
        };

        let (notification, count) = notification.numbered_from(first);
        (self.with_notification(notification), count)
    }

    /// The message as it comes from the queue with this ARN.
    pub(super) fn of_queue<'b>(&'b self, arn: &'b str) -> SqsRecord<'b> {
        let id = self.id.as_deref();
        let is_fifo = arn.ends_with(".fifo");
        let handle = digits(id.unwrap_or_default(), ALPHABET, 404);

        SqsRecord {
            message_id: id,
            receipt_handle: format!("AQEB{handle}==").into(),
            body: &self.body,
            receive_count: self.receive_count,
            sent: 1_545_082_649_183,
            first_received: 1_545_082_649_185,
            trace_header: self.trace_header.as_deref(),
            group_id: self.group_id.as_deref().or(is_fifo.then_some("default")),
            sequence_number: is_fifo.then_some("18849496460467696128".into()),
            deduplication_id: id.filter(|_| is_fifo),
            message_attributes: self.attributes.as_ref().map(Cow::Borrowed),
            md5_of_body: digits(&self.body, &ALPHABET[..16], 32).into(),
            queue_arn: arn,
        }
    }
}

/// The digits of base64, with the hexadecimal digits first.
const ALPHABET: &[u8; 64] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/";

/// Random digits, the same for the same seed.
fn digits(seed: &str, alphabet: &[u8], count: usize) -> String {
    let offset_basis = 0xcbf2_9ce4_8422_2325_u64;
    let mut state = seed.bytes().fold(offset_basis, |state, byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });

    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        char::from(alphabet[(state >> 58) as usize % alphabet.len()])
    };

    std::iter::repeat_with(next).take(count).collect()
}
