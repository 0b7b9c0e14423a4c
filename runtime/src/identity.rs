//! What makes two records the same, or two objects.

use std::fmt;

use s3_dispatch_core::{ObjectKey, S3EventRecord};

/// The name under which a store knows a record or an object.
///
/// Any text; equal texts are the same thing. Those made here are readable: parts separated by `|`, with `|`, `%` and
/// control characters in a part written as `%XX`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Identity(String);

impl Identity {
    /// An identity of the caller's choice.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The same for all deliveries of one event: event name, bucket, key, version id and sequencer.
    ///
    /// Events without a sequencer (tagging, access control lists) are told apart by S3's request id and time instead.
    /// `None` when the record has neither: then nothing tells two such events apart.
    #[must_use]
    pub fn of_record(record: &S3EventRecord) -> Option<Self> {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let version = text(record.object.version_id.as_ref().map(AsRef::as_ref));
        let moment = match &record.object.sequencer {
            Some(sequencer) => vec![sequencer.as_str().to_owned()],
            None => {
                let request = text(record.request_id.as_ref().map(AsRef::as_ref));
                let time = text(record.event_time.as_ref().map(AsRef::as_ref));
                if request.is_empty() && time.is_empty() {
                    return None;
                }
                vec![request, time]
            }
        };
        let (bucket, key) = (record.bucket.name.as_str(), record.object.key.as_str());
        let parts = [record.event_name.as_str(), bucket, key, &version];
        Some(Self::join(parts.into_iter().chain(moment.iter().map(String::as_str))))
    }

    /// The same for all events of one object: bucket and key.
    #[must_use]
    pub fn of_object(record: &S3EventRecord) -> Self {
        Self::of_key(record.bucket.name.as_str(), &record.object.key)
    }

    /// The object of a key.
    #[must_use]
    pub fn of_key(bucket: &str, key: &ObjectKey) -> Self {
        Self::join([bucket, key.as_str()].into_iter())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn join<'p>(parts: impl Iterator<Item = &'p str>) -> Self {
        let mut joined = String::new();
        for (index, part) in parts.enumerate() {
            if index > 0 {
                joined.push('|');
            }
            for character in part.chars() {
                match character {
                    '|' | '%' | '\0'..='\x1f' | '\x7f' => joined.push_str(&format!("%{:02X}", u32::from(character))),
                    other => joined.push(other),
                }
            }
        }
        Self(joined)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
