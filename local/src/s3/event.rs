//! Events of objects.

use s3_dispatch::EventName;

/// The id of an event. It connects everything that happens because of one S3 event, including
/// duplicates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub u64);

/// Something that happened to an object in a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectEvent {
    /// The name of the event.
    pub event_name: EventName,
    /// The bucket's name.
    pub bucket: String,
    /// The object's key, not URL-encoded.
    pub key: String,
    /// The object's size in bytes; `None` where S3 sends none, as for deletions.
    pub size: Option<u64>,
    /// The object's entity tag, without quotes.
    pub e_tag: Option<String>,
    /// The object's version, in a bucket with versioning.
    pub version_id: Option<String>,
    /// The sequencer in hexadecimal digits, which grows with each event of the key; `None` where
    /// S3 sends none, as for tagging. The pipeline adds one where it is missing.
    pub sequencer: Option<String>,
    /// The id of the request that caused the event, as the answer to the request has it; `None` if
    /// there was none. The pipeline makes one where it is missing.
    pub request_id: Option<String>,
    /// The trace header of the invocation that caused the event; `None` if no function is known to
    /// have caused it. The message that a queue gets has it as `AWSTraceHeader`.
    pub trace_header: Option<String>,
}

impl ObjectEvent {
    /// An event of the object with this key, without any further data.
    pub fn new(
        event_name: impl Into<EventName>,
        bucket: impl Into<String>,
        key: impl Into<String>,
    ) -> Self {
        Self {
            event_name: event_name.into(),
            bucket: bucket.into(),
            key: key.into(),
            size: None,
            e_tag: None,
            version_id: None,
            sequencer: None,
            request_id: None,
            trace_header: None,
        }
    }

    /// Sets the size of the object.
    #[must_use]
    pub fn with_size(mut self, bytes: u64) -> Self {
        self.size = Some(bytes);
        self
    }

    /// Sets the entity tag, without quotes.
    #[must_use]
    pub fn with_e_tag(mut self, e_tag: impl Into<String>) -> Self {
        self.e_tag = Some(e_tag.into());
        self
    }

    /// Sets the version of the object.
    #[must_use]
    pub fn with_version_id(mut self, id: impl Into<String>) -> Self {
        self.version_id = Some(id.into());
        self
    }

    /// Sets the sequencer.
    #[must_use]
    pub fn with_sequencer(mut self, sequencer: impl Into<String>) -> Self {
        self.sequencer = Some(sequencer.into());
        self
    }
}
