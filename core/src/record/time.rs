//! When S3 says an event happened.

use std::time::SystemTime;

use crate::text::text_newtypes;

text_newtypes! {
    /// The time at which S3 finished the request, as it was sent: `2026-04-07T14:30:00.123Z`, in UTC.
    ///
    /// Never order events by it ("Event message structure", Amazon S3 User Guide, 2026): clocks differ and times repeat.
    /// [`Sequencer`](crate::Sequencer) is there for that.
    EventTime;
}

impl EventTime {
    /// The instant, or `None` when the text is no RFC 3339 time.
    #[must_use]
    pub fn to_system_time(&self) -> Option<SystemTime> {
        self.as_str()
            .parse::<jiff::Timestamp>()
            .ok()
            .map(SystemTime::from)
    }
}
