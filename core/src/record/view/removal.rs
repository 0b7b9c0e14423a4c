//! Removals as arguments of handlers, and as what a view tells.

use super::declaration::check_event;
use super::object::{Expired, ObjectRemoved};
use crate::event_data::Removal;
use crate::{Context, Error, EventPattern, FromRecord, HandlerError, S3EventRecord};

const EVENTS: &[EventPattern] = &[
    EventPattern::from_static("ObjectRemoved:*"),
    EventPattern::from_static("LifecycleExpiration:*"),
];

impl ObjectRemoved {
    /// What the request did: deleted the object, hid it, or deleted one of its versions.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::ObjectRemoved;
    /// use s3_dispatch_core::event_data::Removal;
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let record = RecordBuilder::new("ObjectRemoved:Delete").build();
    /// assert_eq!(ObjectRemoved::try_from(&record)?.removal(), Removal::Object);
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    #[must_use]
    pub fn removal(&self) -> Removal {
        Removal::of(&self.event_name, self.version_id.as_ref())
    }
}

impl Expired {
    /// What the lifecycle rule did: deleted the object, hid it, or deleted one of its versions.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::Expired;
    /// use s3_dispatch_core::event_data::Removal;
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let record = RecordBuilder::new("LifecycleExpiration:DeleteMarkerCreated")
    ///     .with_version_id("86iGIOikTC_a1B1ofO9rfAlEEb1ShcVy")
    ///     .build();
    ///
    /// let Removal::Hidden { marker } = Expired::try_from(&record)?.removal() else { panic!() };
    /// assert_eq!(marker.unwrap(), "86iGIOikTC_a1B1ofO9rfAlEEb1ShcVy");
    /// # Ok::<_, s3_dispatch_core::Error>(())
    /// ```
    #[must_use]
    pub fn removal(&self) -> Removal {
        Removal::of(&self.event_name, self.version_id.as_ref())
    }
}

impl TryFrom<&S3EventRecord> for Removal {
    type Error = Error;

    fn try_from(record: &S3EventRecord) -> Result<Self, Error> {
        check_event(record, EVENTS, "Removal")?;

        Ok(Self::of(
            &record.event_name,
            record.object.version_id.as_ref(),
        ))
    }
}

impl<'r, S> FromRecord<'r, S> for Removal {
    const EVENTS: &'static [EventPattern] = EVENTS;
    const DISTINGUISHES_VERSIONS: bool = true;

    fn from_record(context: Context<'r, S>) -> Result<Self, HandlerError> {
        Self::try_from(context.record()).map_err(HandlerError::permanent)
    }
}
