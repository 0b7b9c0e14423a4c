//! A task, and the record that is made of it.

use super::members::{Members, Names};
use crate::delivery::backfilled_event::read;
use crate::delivery::{
    BackfilledEvent, BatchJob, Content, Delivery, Envelope, Envelopes, Message, MessageId, Opened,
};
use crate::reading::json::{Path, Read, Scanner};
use crate::text::{RawJson, Text};
use crate::{Error, EventName, MessageContext};

const TASK: Names<5> = [
    ("taskId", (0, Read::Text)),
    ("s3Key", (1, Read::Text)),
    ("s3VersionId", (2, Read::Text)),
    ("s3BucketArn", (3, Read::Text)),
    ("s3Bucket", (4, Read::Text)),
];

/// A task of a job. No text is empty.
pub(super) struct Task {
    pub(super) id: MessageId,
    /// As it was sent, which is encoded.
    key: Text,
    version_id: Option<Text>,
    bucket_arn: Option<Text>,
    bucket: Text,
}

impl Task {
    pub(super) fn read(scanner: &Scanner<'_, 0>, path: &Path<'_>) -> Result<Self, Error> {
        let members = Members::read(scanner, &TASK, path)?;
        let bucket_arn = members.text::<Text>(3)?;

        let bucket = match (members.text::<Text>(4)?, &bucket_arn) {
            (Some(name), _) => Some(name),
            // AWS's examples have ARNs with a region and an account, and others without.
            (None, Some(arn)) => {
                let name = arn.as_str().rsplit(':').next();
                name.filter(|name| !name.is_empty()).map(Text::from)
            }
            (None, None) => None,
        };

        Ok(Self {
            id: members.required::<MessageId>(0)?,
            key: members.required::<Text>(1)?,
            version_id: members.text::<Text>(2)?,
            bucket: bucket.ok_or_else(|| members.missing(3))?,
            bucket_arn,
        })
    }

    /// Adds the task as a message with one record of this event.
    pub(super) fn add_to(self, delivery: &mut Delivery, event: &str) {
        let arn = self.bucket_arn.as_ref().map(Text::as_str);
        let version_id = self.version_id.as_ref().map(Text::as_str);
        let bucket = (self.bucket.as_str(), arn);
        let event = BackfilledEvent::of_task(event, bucket, self.key.as_str(), version_id);
        let notification = event.to_json();

        let index = delivery.records().len();
        delivery.records_mut().push(read(notification.clone()));

        let opened = Opened {
            envelopes: Envelopes::default().and(Envelope::BatchOperations),
            content: Ok(Content::Records(index..index + 1)),
            body: Some(body(&notification)),
        };
        let mut context = MessageContext::new();
        context.message_id = Some(self.id);
        delivery.push(Message::new(context, opened));
    }
}

impl Delivery {
    /// Sets which event the tasks of an S3 Batch Operations job stand for, unless the job itself
    /// says so with the user argument
    /// [`eventName`](crate::delivery::BatchJob::EVENT_NAME_ARGUMENT).
    ///
    /// Without both, they stand for `ObjectCreated:Put`. Other deliveries do not change, and an
    /// empty name changes nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::EventName;
    /// use s3_dispatch_core::delivery::Delivery;
    /// use s3_dispatch_testing::BatchJobBuilder;
    ///
    /// let payload = BatchJobBuilder::new().with_task("task-1", "amzn-s3-demo-bucket", "a.jpg");
    /// let mut delivery = Delivery::parse(payload.to_bytes())?;
    /// delivery.set_batch_event(&EventName::OBJECT_TAGGING_PUT);
    ///
    /// assert_eq!(delivery.records()[0].event_name, EventName::OBJECT_TAGGING_PUT);
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    pub fn set_batch_event(&mut self, event: &EventName) {
        let says_itself = |job: &BatchJob| job.event_name().is_some();
        if self.batch_job().is_none_or(says_itself) || event.as_str().is_empty() {
            return;
        }

        // Each message has one record.
        for index in 0..self.records().len() {
            let record = &mut self.records_mut()[index];
            let notification = BackfilledEvent::of_task(
                event.as_str(),
                (
                    record.bucket.name.as_str(),
                    record.bucket.arn.as_ref().map(AsRef::as_ref),
                ),
                record.object.key.as_sent(),
                record.object.version_id.as_ref().map(AsRef::as_ref),
            )
            .to_json();

            *record = read(notification.clone());
            self.messages_mut()[index].set_body(body(&notification));
        }
    }
}

fn body(notification: &str) -> RawJson {
    RawJson::from(Text::from(notification))
}
