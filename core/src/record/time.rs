//! The time at which S3 says an event happened.

use std::time::SystemTime;

use crate::text::text_newtypes;

text_newtypes! {
    /// The time at which S3 finished a request, as it was sent: `2026-04-07T14:30:00.123Z`, in UTC.
    ///
    /// AWS sends milliseconds. MinIO sends whole seconds, Ceph microseconds.
    ///
    /// Do not order events by time ("Event message structure", Amazon S3 User Guide, 2026): clocks
    /// differ, times repeat, and duplicates of one record may differ in it. Use the
    /// [`Sequencer`](crate::Sequencer).
    EventTime;
}

impl EventTime {
    /// The instant. `None` if the text is not an RFC 3339 time.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::record::EventTime;
    /// use std::time::{Duration, SystemTime};
    ///
    /// let time = EventTime::from("1970-01-01T00:00:01.500Z");
    /// let expected = SystemTime::UNIX_EPOCH + Duration::from_millis(1500);
    /// assert_eq!(time.to_system_time(), Some(expected));
    /// assert_eq!(EventTime::from("yesterday").to_system_time(), None);
    /// ```
    #[must_use]
    pub fn to_system_time(&self) -> Option<SystemTime> {
        self.as_str()
            .parse::<jiff::Timestamp>()
            .ok()
            .map(SystemTime::from)
    }
}
