//! What happened to an object.

use s3_dispatch::EventName;

/// An event of one object, as the S3 side of the pipeline sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectEvent {
    /// What happened.
    pub event_name: EventName,
    /// The bucket's name.
    pub bucket: String,
    /// The object's key, not encoded.
    pub key: String,
    /// In bytes; `None` where S3 says none, as for deletions.
    pub size: Option<u64>,
    /// The entity tag, without quotes.
    pub e_tag: Option<String>,
    /// In a bucket with versioning.
    pub version_id: Option<String>,
    /// Hexadecimal, growing with each event of the key; `None` where S3 sends none, as for
    /// tagging. The pipeline gives one to an event that should have it and has none.
    pub sequencer: Option<String>,
}

impl ObjectEvent {
    /// An event of the object with this key.
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
        }
    }

    /// With an object of so many bytes.
    #[must_use]
    pub fn with_size(mut self, bytes: u64) -> Self {
        self.size = Some(bytes);
        self
    }

    /// With this entity tag, without quotes.
    #[must_use]
    pub fn with_e_tag(mut self, e_tag: impl Into<String>) -> Self {
        self.e_tag = Some(e_tag.into());
        self
    }

    /// Of this version of the object.
    #[must_use]
    pub fn with_version_id(mut self, id: impl Into<String>) -> Self {
        self.version_id = Some(id.into());
        self
    }

    /// With this sequencer.
    #[must_use]
    pub fn with_sequencer(mut self, sequencer: impl Into<String>) -> Self {
        self.sequencer = Some(sequencer.into());
        self
    }
}
